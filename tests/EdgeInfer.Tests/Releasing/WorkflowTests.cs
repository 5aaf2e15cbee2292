using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using EdgeInfer.Commands;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Tests.Architecture;

namespace EdgeInfer.Tests.Releasing;

/// <summary>The workflows of docs/updates-ci.md: they are YAML, and every line of theirs that calls the program is one that it understands.</summary>
public sealed partial class WorkflowTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(RepositoryFolder.Root, "docs", "updates-ci.md"));

    [Fact]
    public void Every_call_is_one_that_the_program_understands()
    {
        List<string> verbs = [];
        foreach (string[] words in Scripts().SelectMany(Calls))
        {
            ParseResult parsed = Root().Parse(words);
            Assert.True(parsed.Errors.Count == 0, $"edgeinfer {string.Join(' ', words)}: {string.Join("; ", parsed.Errors.Select(e => e.Message))}");
            if (parsed.CommandResult is { Parent: CommandResult { Command.Name: "release" } } verb) verbs.Add(verb.Command.Name);
        }

        // GitHub's release, its refresh, GitLab's release, its refresh; what is done by hand, and with a KMS.
        Assert.Equal(["golden", "pack", "publish", "rollout", "refresh", "status", "golden", "pack", "publish", "rollout", "refresh", "init", "init"], verbs);
    }

    [Theory]
    [InlineData("release pack x --name parts --sequence 7")]
    [InlineData("release refresh --key x")]
    [InlineData("release unknown")]
    public void One_that_it_does_not_understand_would_be_found(string call)
        => Assert.NotEmpty(Root().Parse(Assert.Single(Calls($"cd build\nedgeinfer {call}\n"))).Errors);

    [Fact]
    public void Words_are_as_a_shell_has_them()
    {
        Assert.Equal([["a", "b c", "7/d", "e"], ["f"]], Calls("edgeinfer a 'b c' \"$RUNNER_TEMP/d\" \\\n  e\nls && edgeinfer f | cat"));
    }

    // Words as a program would get them; a variable stands for a number, the least that any of them may be.
    private static List<string[]> Calls(string script)
    {
        List<string[]> calls = [];
        foreach (string line in script.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n').SelectMany(static l => Separator().Split(l)))
        {
            string[] words = [.. Word().Matches(line.Trim()).Select(static m => Variable().Replace(Quote().Replace(m.Value, ""), "7"))];
            if (words is ["edgeinfer", .. var rest]) calls.Add(rest);
        }

        return calls;
    }

    // In YAML under run, script and before_script; and the blocks of shell.
    private static IEnumerable<string> Scripts()
    {
        List<string> scripts = [];
        foreach (string block in Blocks("yaml"))
        {
            FaultList faults = new();
            YamlNode? workflow = YamlTree.Parse(block, "workflow.yml", faults);
            Assert.Empty(faults.Faults);
            Walk(Assert.IsType<YamlMapping>(workflow), scripts);
        }

        Assert.Equal(3, Blocks("yaml").Count());
        return [.. scripts, .. Blocks("sh")];
    }

    private static void Walk(YamlNode node, List<string> scripts)
    {
        if (node is YamlSequence sequence)
            foreach (YamlNode item in sequence.Items) Walk(item, scripts);
        if (node is not YamlMapping mapping) return;
        foreach ((YamlScalar key, YamlNode value) in mapping.Entries)
        {
            if (key.Value is not ("run" or "script" or "before_script")) Walk(value, scripts);
            else scripts.Add(value is YamlSequence lines ? string.Join('\n', lines.Items.Cast<YamlScalar>().Select(static l => l.Value)) : ((YamlScalar)value).Value);
        }
    }

    private static IEnumerable<string> Blocks(string language) => Block().Matches(s_page).Where(m => m.Groups[1].Value == language).Select(static m => m.Groups[2].Value);

    private static RootCommand Root()
    {
        RootCommand root = new();
        foreach ((_, Func<Command> create) in CommandLine.Verbs()) root.Add(create());
        return root;
    }

    [GeneratedRegex("(?ms)^```([a-z]+)\n(.*?)^```$")]
    private static partial Regex Block();

    [GeneratedRegex(@"\s&&\s|\s\|\s|;\s|\s#\s.*$")]
    private static partial Regex Separator();

    [GeneratedRegex("""(?:[^\s"']|"[^"]*"|'[^']*')+""")]
    private static partial Regex Word();

    [GeneratedRegex("""["']""")]
    private static partial Regex Quote();

    [GeneratedRegex(@"\$\{?[A-Z_]+\}?")]
    private static partial Regex Variable();
}
