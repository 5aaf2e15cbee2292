using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary>Passphrases of keys: from files that the command line names, then from the environment, then from whoever sits at the terminal. Never from an argument.</summary>
/// <param name="files">As in <c>ci=FILE</c>, for a key or for all of a purpose; or <c>FILE</c>, for every key.</param>
/// <param name="environment">The process's environment.</param>
/// <param name="ask">Asks at the terminal, with a question; null where there is none.</param>
internal sealed class PassphraseSource(IReadOnlyList<string> files, IReadOnlyDictionary<string, string> environment, Func<string, string>? ask) : IPassphrases
{
    private const string Variable = "EDGEINFER_PASSPHRASE_";

    /// <summary>Characters of a new passphrase, at least: a stolen file is tried offline, some thousand times a second.</summary>
    private const int LeastCharacters = 8;

    private readonly Dictionary<string, string> _asked = new(StringComparer.Ordinal);
    private (string? Name, string Secret)[]? _files;

    /// <inheritdoc/>
    public string? Find(string keyName)
    {
        if (_asked.TryGetValue(keyName, out string? asked)) return asked;
        string purpose = KeyName.PurposeOf(keyName)?.Word() ?? keyName;

        // All at once: a file that is named and cannot be read is a mistake, whoever is asked for first; and a pipe can be read only once.
        _files ??= [.. files.Select(Parse).Select(static f => (f.Name, Read(f.File)))];
        foreach (string? name in (string?[])[keyName, purpose, null])
            if (_files.FirstOrDefault(f => f.Name == name).Secret is { } told) return told;
        foreach (string name in (string[])[keyName, purpose])
            if (environment.TryGetValue(VariableOf(name), out string? value) && value.Length > 0) return value;
        return null;
    }

    /// <inheritdoc/>
    public string Require(string keyName, bool isNew)
    {
        if (Find(keyName) is { } found) return isNew ? LongEnough(keyName, found) : found;
        if (ask is null)
        {
            throw FaultException.Of(
                FaultKind.Usage, "", $"nobody says the passphrase of the key '{keyName}', and there is no terminal to ask at",
                $"set {VariableOf(keyName)}, or give --passphrase-file {keyName}=FILE");
        }

        string answer = ask($"passphrase of the {(isNew ? "new " : "")}key '{keyName}': ");
        if (isNew && ask("the same again: ") != LongEnough(keyName, answer))
            throw FaultException.Of(FaultKind.Usage, "", $"these are two different passphrases for the key '{keyName}'", "try again");
        return _asked[keyName] = answer;
    }

    private static string VariableOf(string name) => Variable + name.ToUpperInvariant().Replace('-', '_');

    private static (string? Name, string File) Parse(string option)
    {
        int equals = option.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && KeyName.PurposeOf(option[..equals]) is not null) return (option[..equals], option[(equals + 1)..]);

        // A file may have an equals sign in its name; what is none was meant to name a key.
        if (equals <= 0 || option[..equals].Contains('/', StringComparison.Ordinal) || File.Exists(option)) return (null, option);
        throw FaultException.Of(
            FaultKind.Usage, "--passphrase-file", $"there is no key {Quoted.Text(option[..equals])}",
            $"write KEY=FILE, where KEY is one of {string.Join(", ", KeyName.Words)}, with its number where there are several; or ./{option} for a file of that name");
    }

    private static string Read(string file) => SecretFile.Read(Path.GetFullPath(file), out (string What, string Cure) wrong) is { } secret
        ? secret.Reveal()
        : throw FaultException.Of(FaultKind.NoInput, "--passphrase-file", wrong.What, "write the passphrase into that file, readable by you alone");

    private static string LongEnough(string keyName, string passphrase) => passphrase.Length >= LeastCharacters
        ? passphrase
        : throw FaultException.Of(FaultKind.Usage, "", $"the passphrase of the key '{keyName}' has fewer than {LeastCharacters} characters", "take a longer one: four random words, or 'openssl rand -base64 24'");
}
