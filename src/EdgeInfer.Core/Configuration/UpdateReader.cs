using System.Globalization;

namespace EdgeInfer.Configuration;

/// <summary>Reads <c>updates</c>.</summary>
internal sealed class UpdateReader(ReadingContext context)
{
    private const string ExpectedRepository = "https://HOST/PATH";
    private const string ExpectedWindow = "two times of the day such as \"02:00-05:00\"";
    private const long LeastRate = 1024;
    private const long MostRate = 1L << 40;
    private static readonly string[] s_registrySchemes = ["oci://", "https://", "http://"];
    private static readonly TimeSpan s_shortestPoll = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_longestPoll = TimeSpan.FromDays(7);
    private static readonly TimeSpan s_longestSpread = TimeSpan.FromDays(1);

    /// <summary>Its options; null where nothing is written.</summary>
    public UpdateOptions? Read(MappingReader root)
    {
        if (root.Mapping("updates") is not { } updates) return null;
        const string Pem = "name a PEM file";
        UpdateOptions options = new();
        options = options with
        {
            Repository = Repository(updates),
            Registry = Registry(updates),
            Root = context.ExistingFile(updates, "root", "copy the fleet's root.json here, or run 'edgeinfer enroll'"),
            Ca = context.ExistingFile(updates, "ca", Pem),
            Certificate = context.ExistingFile(updates, "certificate", Pem),
            Key = context.ExistingFile(updates, "key", Pem),
            Username = updates.Text("username"),
            Password = new SecretReader(context).Read(updates, "password"),
            RegistryUsername = updates.Text("registry_username"),
            RegistryPassword = new SecretReader(context).Read(updates, "registry_password"),
            Poll = updates.Duration("poll", s_shortestPoll, s_longestPoll) ?? options.Poll,
            Spread = updates.Duration("spread", TimeSpan.Zero, s_longestSpread) ?? options.Spread,
            NeedsApproval = updates.Word("install", ["auto", "approve"]) == "approve",
            Window = Window(updates),
            RateBytesPerSecond = Rate(updates),
        };
        if (options.Username is null && updates.Has("password")) updates.Fault("password", "there is no user name", "add updates.username");
        if (options.RegistryUsername is null && updates.Has("registry_password")) updates.Fault("registry_password", "there is no user name", "add updates.registry_username");
        if (options.Repository is null && options.Registry is not null && !updates.Has("repository"))
            updates.Fault("registry", "the signed metadata have no place", "add updates.repository");
        CheckIdentity(updates, options);
        updates.Close();
        return options;
    }

    private static void CheckIdentity(MappingReader updates, UpdateOptions options)
    {
        if (updates.Has("certificate") && !updates.Has("key")) updates.Fault("certificate", "a certificate without its key", "add updates.key");
        if (updates.Has("key") && !updates.Has("certificate")) updates.Fault("key", "a key without its certificate", "add updates.certificate");
        if (options.Certificate is null || options.Key is null) return;
        if (options.Repository is not { Scheme: "https" } && options.Registry?.StartsWith("http:", StringComparison.Ordinal) != false)
            updates.Fault("certificate", "nothing here is reached over TLS, so this would have no effect", "write https:// in updates.repository");
        Look(updates, "certificate", options.Certificate, PemContent.Certificate);
        Look(updates, "key", options.Key, PemContent.PrivateKey);
    }

    private static void Look(MappingReader updates, string key, string path, string label)
    {
        if (PemContent.Wrong(path, label) is { } wrong) updates.Fault(key, wrong.What, wrong.Cure);
    }

    private Uri? Repository(MappingReader updates)
    {
        if (new ServerAddress(context).Read(updates, "repository", ["https", "http"], ExpectedRepository) is not { } written) return null;
        if (written.Query.Length > 0 || written.Fragment.Length > 0)
        {
            updates.Fault("repository", "a repository is a folder: its address has neither ? nor #", $"expected {ExpectedRepository}");
            return null;
        }

        return written.AbsolutePath.EndsWith('/') ? written : new UriBuilder(written) { Path = written.AbsolutePath + "/" }.Uri;
    }

    // What the registry's own rules say of names is checked by whoever asks it.
    private static string? Registry(MappingReader updates)
    {
        if (updates.Text("registry") is not { } written) return null;
        string scheme = s_registrySchemes.FirstOrDefault(s => written.StartsWith(s, StringComparison.Ordinal)) ?? "";
        string rest = scheme.Length > 0 ? written[scheme.Length..] : "";
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        bool isSound = slash > 0 && slash < rest.Length - 1 && rest[(slash + 1)..].All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-' or '/');
        if (isSound) return written;
        updates.Fault("registry", $"found {Quoted.Text(written)}", "expected oci://HOST/REPOSITORY without tag and digest, such as oci://registry.example/fleet/models");
        return null;
    }

    private static UpdateWindow? Window(MappingReader updates)
    {
        if (updates.Node("window") is not { } node) return null;
        if (node is YamlScalar scalar && scalar.Value.Split('-') is [string opens, string closes]
            && TryTime(opens, out TimeOnly from) && TryTime(closes, out TimeOnly to) && from != to) return new(from, to);
        updates.Wrong(node, "window", ExpectedWindow);
        return null;
    }

    private static bool TryTime(string text, out TimeOnly time) => TimeOnly.TryParseExact(text.Trim(), "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private static long? Rate(MappingReader updates)
    {
        if (updates.Node("rate") is not { } node) return null;
        string? text = node is YamlScalar scalar && scalar.Value.EndsWith("/s", StringComparison.Ordinal) ? scalar.Value[..^2] : null;
        if (text is not null && ScalarText.TryBytes(text, out long bytes) && bytes is >= LeastRate and <= MostRate) return bytes;
        updates.Wrong(node, "rate", "a size a second such as 2MiB/s, at least 1KiB/s");
        return null;
    }
}
