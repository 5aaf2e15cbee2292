using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;
using EdgeInfer.Trust;

namespace EdgeInfer.Commands.Release;

/// <summary>Options of the verbs that make keys.</summary>
internal sealed class KeyOptionSet
{
    private static readonly string[] s_kinds = ["ed25519", "ecdsa"];

    /// <summary>Ed25519 or ECDSA.</summary>
    public Option<string> Type { get; } = new("--key-type") { Description = "ed25519, or ecdsa for P-256", HelpName = "TYPE", DefaultValueFactory = static _ => s_kinds[0] };

    /// <summary>Commands that sign.</summary>
    public Option<string[]> Signer { get; } = new("--signer")
    {
        Description = "Command that signs for a key in a KMS or token, as in root=CMD: it reads the bytes to sign from its standard input, gets the key's id as argument, and writes the signature",
        HelpName = "KEY=CMD",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = static _ => [],
    };

    /// <summary>Public halves of those keys.</summary>
    public Option<string[]> PublicKey { get; } = new("--public-key")
    {
        Description = "PEM of the public half of such a key, as in root=FILE",
        HelpName = "KEY=FILE",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = static _ => [],
    };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(Type);
        command.Add(Signer);
        command.Add(PublicKey);
    }

    /// <summary>What is made.</summary>
    public PrivateKeyKind Kind(ParseResult parsed) => Array.IndexOf(s_kinds, parsed.GetValue(Type)) switch
    {
        0 => PrivateKeyKind.Ed25519,
        1 => PrivateKeyKind.EcdsaP256,
        _ => throw FaultException.Of(FaultKind.Usage, Type.Name, $"unknown type {Quoted.Text(parsed.GetValue(Type)!)}", $"give {string.Join(" or ", s_kinds)}"),
    };

    /// <summary>Keys that lie elsewhere, by what stands before the equals sign.</summary>
    /// <exception cref="FaultException">A command without its public half, or the other way round.</exception>
    public Dictionary<string, OuterKey> Outer(ParseResult parsed)
    {
        Dictionary<string, string> commands = Pairs(parsed, Signer), publics = Pairs(parsed, PublicKey);
        foreach (string key in commands.Keys.Concat(publics.Keys))
        {
            if (commands.ContainsKey(key) && publics.ContainsKey(key)) continue;
            (string given, string other) = commands.ContainsKey(key) ? (Signer.Name, PublicKey.Name) : (PublicKey.Name, Signer.Name);
            throw FaultException.Of(FaultKind.Usage, given, $"the key '{key}' has no {other}", $"give both, as in {Signer.Name} {key}=CMD {PublicKey.Name} {key}=FILE");
        }

        return commands.ToDictionary(static c => c.Key, c => new OuterKey(c.Value, publics[c.Key]));
    }

    private static Dictionary<string, string> Pairs(ParseResult parsed, Option<string[]> option)
    {
        Dictionary<string, string> pairs = new(StringComparer.Ordinal);
        foreach (string text in parsed.GetValue(option) ?? [])
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || equals == text.Length - 1 || KeyName.PurposeOf(text[..equals]) is null)
                throw FaultException.Of(FaultKind.Usage, option.Name, $"found {Quoted.Text(text)}", $"write {option.HelpName}, where KEY is one of {string.Join(", ", KeyName.Words)}, with its number where there are several");
            if (!pairs.TryAdd(text[..equals], text[(equals + 1)..])) throw FaultException.Of(FaultKind.Usage, option.Name, $"the key '{text[..equals]}' is there twice", "give it once");
        }

        return pairs;
    }
}
