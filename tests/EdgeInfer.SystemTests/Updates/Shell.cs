using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>
/// A shell at which somebody types what a document says. Only what differs from reader to reader is replaced in a line. <c>sudo</c> does without another
/// user, and <c>edgeinfer</c> knows where this device's state and socket are; passphrases are in the environment, as there is no terminal to be asked at.
/// </summary>
internal sealed class Shell
{
    private readonly Fleet _fleet;
    private readonly Dictionary<string, string> _environment = new(Publisher.Passphrases);
    private readonly List<(string From, string To)> _replaced = [];

    /// <summary>A shell in the fleet's folder.</summary>
    public Shell(Fleet fleet)
    {
        _fleet = fleet;
        _environment["PATH"] = $"{fleet.Folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}";
        Program("sudo", "if [ \"$1\" = -u ]; then shift 2; fi\nexec \"$@\"");
        Program("edgeinfer", $"""
            case "$1" in
                enroll) set -- "$@" --state-folder '{fleet.State}' ;;
                update) set -- "$@" --socket '{fleet.Socket}' ;;
            esac
            exec '{PublishedBinary.Path}' "$@"
            """);
    }

    /// <summary>From now on something else stands in every line for what is the reader's own.</summary>
    public void Replace(string from, string to) => _replaced.Add((from, to));

    /// <summary>What the reader would write instead.</summary>
    public string Own(string line) => _replaced.Aggregate(line, static (text, r) => text.Replace(r.From, r.To, StringComparison.Ordinal));

    /// <summary>Runs a line, which has to succeed.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> Run(string line)
    {
        await using ChildProcess shell = Start(line);
        int code = await shell.Exit(ChildProcess.Patience);
        Assert.True(code == 0, $"{Own(line)}\nended with {code}: {shell.Output}");
        return shell.Output;
    }

    /// <summary>Runs a line that goes on.</summary>
    public ChildProcess Start(string line) => ChildProcess.Start("/bin/bash", ["-ec", Own(line)], _environment, _fleet.Folder.Path);

    private void Program(string name, string script)
    {
        string path = _fleet.Folder.Write(Path.Combine("bin", name), $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
