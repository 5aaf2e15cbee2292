using EdgeInfer.Diagnostics;

namespace EdgeInfer.Configuration;

/// <summary>
/// Reads a secret: <c>{ file: PATH }</c>, <c>{ env: NAME }</c>, <c>{ credential: NAME }</c> or the text itself.
/// None of its faults shows anything that was found, for anything may be the secret.
/// </summary>
internal sealed class SecretReader(ReadingContext context)
{
    private const string Forms = "write { file: PATH }, { env: NAME } or { credential: NAME }";

    private static readonly string[] s_keys = ["file", "env", "credential"];

    /// <summary>Whether a key holds a secret wherever it stands.</summary>
    public static bool IsSecretKey(string key) => key is "password" or "registry_password";

    /// <summary>The secret under a key; null where it is absent or at fault.</summary>
    public Secret? Read(MappingReader from, string key)
    {
        switch (from.Node(key))
        {
            case null:
                return null;
            case YamlScalar { Value.Length: 0 }:
                from.Fault(key, "is empty", Forms);
                return null;
            case YamlScalar plain:
                WarnIfReadableByAll(from, key, plain);
                return new(plain.Value);
            case YamlMapping mapping:
                return ReadMapping(mapping, from, key);
            default:
                from.Fault(key, "found a list", Forms);
                return null;
        }
    }

    private Secret? ReadMapping(YamlMapping mapping, MappingReader from, string key)
    {
        string path = from.PathOf(key);
        bool isSound = true;
        foreach ((YamlScalar written, _) in mapping.Entries)
        {
            if (s_keys.Contains(written.Value)) continue;
            string cure = NearestKey.Find(written.Value, s_keys) is { } near ? $"did you mean '{near}'?" : Forms;
            context.Add(written.Mark, $"{path}: unknown key", cure);
            isSound = false;
        }

        if (!isSound) return null;
        if (mapping.Entries.Count != 1)
        {
            context.Add(mapping.Mark, $"{path}: {mapping.Entries.Count} sources of one secret", Forms);
            return null;
        }

        (YamlScalar kind, YamlNode value) = mapping.Entries[0];
        if (value is not YamlScalar { IsNull: false } name)
        {
            context.Add(value.Mark, $"{path}.{kind.Value}: found {value.Kind}", Forms);
            return null;
        }

        path = $"{path}.{kind.Value}";
        return kind.Value switch
        {
            "env" => FromVariable(name, path),
            "credential" => FromCredential(name, path),
            _ => context.AbsolutePath(name, path) is { } file ? FromFile(name.Mark, path, file) : null,
        };
    }

    private Secret? FromVariable(YamlScalar name, string path)
    {
        if (context.Environment.TryGetValue(name.Value, out string? value) && value.Length > 0) return new(value);
        context.Add(name.Mark, $"{path}: the environment variable {Quoted.Text(name.Value)} is not set", "set it for the service");
        return null;
    }

    private Secret? FromCredential(YamlScalar name, string path)
    {
        if (name.Value.Contains('/', StringComparison.Ordinal) || name.Value is "." or "..")
        {
            context.Add(name.Mark, $"{path}: {Quoted.Text(name.Value)} is a path",
                "give the name that LoadCredential= has; use file for a path");
            return null;
        }

        if (context.Environment.TryGetValue("CREDENTIALS_DIRECTORY", out string? folder) && folder.Length > 0)
            return FromFile(name.Mark, path, Path.Combine(folder, name.Value));
        context.Add(name.Mark, $"{path}: there are no credentials, CREDENTIALS_DIRECTORY is not set",
            $"start the service by systemd with LoadCredential={name.Value}:PATH");
        return null;
    }

    private Secret? FromFile(Mark mark, string path, string file)
    {
        if (SecretFile.Read(file, out (string What, string Cure) wrong) is { } secret) return secret;
        context.Add(mark, $"{path}: {wrong.What}", wrong.Cure);
        return null;
    }

    private void WarnIfReadableByAll(MappingReader from, string key, YamlScalar plain)
    {
        if (plain.Mark.File != context.File || !BoundedFile.IsReadableByAll(context.File)) return;
        context.Warn(plain.Mark, $"{from.PathOf(key)}: the password stands in a file that everybody on this machine can read",
            $"chmod o-r {context.File}, or {Forms}");
    }
}
