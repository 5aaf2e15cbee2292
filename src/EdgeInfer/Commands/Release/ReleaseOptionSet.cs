using System.CommandLine;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary>Options that the <c>release</c> verbs share.</summary>
internal sealed class ReleaseOptionSet
{
    /// <summary>The release folder.</summary>
    public Option<string> Dir { get; } = new("--dir") { Description = "The release folder", HelpName = "DIR", DefaultValueFactory = static _ => "release" };

    /// <summary>Where private halves lie.</summary>
    public Option<string[]> Keys { get; } = new("--keys")
    {
        Description = "Where private keys lie, beside 'keys' in the release folder or what init was told",
        HelpName = "DIR",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = static _ => [],
    };

    /// <summary>What opens them.</summary>
    public Option<string[]> PassphraseFile { get; } = new("--passphrase-file")
    {
        Description = "File with the passphrase of every key, or as in ci=FILE of one",
        HelpName = "FILE",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = static _ => [],
    };

    /// <summary>A verb with these options.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="help">What it does, with an example.</param>
    /// <param name="signs">Whether it needs keys.</param>
    public Command Verb(string name, string help, bool signs)
    {
        Command command = new(name, help) { Dir };
        if (!signs) return command;
        command.Add(Keys);
        command.Add(PassphraseFile);
        return command;
    }

    /// <summary>The release folder.</summary>
    public ReleaseFolder Folder(ParseResult parsed) => new(parsed.GetValue(Dir)!);

    /// <summary>What knows passphrases.</summary>
    public PassphraseSource Passphrases(ParseResult parsed)
        => new(parsed.GetValue(PassphraseFile) ?? [], RunCommand.ProcessEnvironment(), TerminalPrompt.Asker(parsed.InvocationConfiguration.Error));

    /// <summary>Locks and reads the folder for a verb that signs.</summary>
    public ReleaseDesk Open(ParseResult parsed) => Open(parsed, Passphrases(parsed));

    /// <summary>Locks and reads the folder for a verb that signs more than once.</summary>
    public ReleaseDesk Open(ParseResult parsed, IPassphrases passphrases) => ReleaseDesk.Open(Folder(parsed), parsed.GetValue(Keys) ?? [], passphrases, TimeProvider.System);
}
