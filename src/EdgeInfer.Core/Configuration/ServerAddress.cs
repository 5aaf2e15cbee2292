namespace EdgeInfer.Configuration;

/// <summary>Reads addresses of servers. No fault shows user information or a query: both may hold a password.</summary>
internal sealed class ServerAddress(ReadingContext context)
{
    /// <summary>The address under a key; null where it is absent or at fault.</summary>
    /// <param name="from">The mapping.</param>
    /// <param name="key">The key.</param>
    /// <param name="schemes">The schemes it may have.</param>
    /// <param name="expected">An address of the right form, for the cure.</param>
    public Uri? Read(MappingReader from, string key, IReadOnlyList<string> schemes, string expected)
    {
        if (from.Node(key) is not { } node) return null;
        if (node is not YamlScalar scalar)
        {
            from.Wrong(node, key, expected);
            return null;
        }

        string path = from.PathOf(key);
        string text = scalar.Value;
        string shown = Quoted.Address(text);
        if (!text.Contains("://", StringComparison.Ordinal) || !Uri.TryCreate(text, UriKind.Absolute, out Uri? address))
        {
            context.Add(scalar.Mark, $"{path}: found {shown}", $"expected {expected}");
            return null;
        }

        if (!schemes.Contains(address.Scheme))
        {
            context.Add(scalar.Mark, $"{path}: unknown scheme '{address.Scheme}' in {shown}", $"expected {expected}");
            return null;
        }

        if (address.UserInfo.Length > 0 || address.Authority.Contains('@', StringComparison.Ordinal))
        {
            context.Add(scalar.Mark, $"{path}: {shown} holds a user or a password",
                context.CredentialsCure ?? $"take them out and write {from.PathOf("username")} and {from.PathOf("password")}: {{ file: PATH }}");
            return null;
        }

        if (address.Port == 0 && address.Scheme != "embedded")
        {
            context.Add(scalar.Mark, $"{path}: {shown} names port 0", "expected a port from 1 to 65535, or none for the scheme's own");
            return null;
        }

        if (address.Host.Length > 0) return address;
        context.Add(scalar.Mark, $"{path}: {shown} names no host", $"expected {expected}");
        return null;
    }
}
