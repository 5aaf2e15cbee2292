using EdgeInfer.Commands.Release;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Releasing;

/// <summary>Where passphrases come from.</summary>
public sealed class PassphraseSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-passphrase-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_of_the_key_comes_before_one_of_its_purpose_then_a_file_for_all_then_the_environment()
    {
        string all = Write("all", "of all"), root = Write("root", "of root"), second = Write("second", "of root-2");
        Dictionary<string, string> environment = new() { ["EDGEINFER_PASSPHRASE_CI"] = "of ci", ["EDGEINFER_PASSPHRASE_ROOT_2"] = "not this" };
        PassphraseSource source = new([all, $"root={root}", $"root-2={second}"], environment, null);
        Assert.Equal("of root-2", source.Find("root-2"));
        Assert.Equal("of root", source.Find("root-1"));
        Assert.Equal("of all", source.Find("ci-3"));
        Assert.Equal("of all", source.Find("online"));
        Assert.Equal("of ci", new PassphraseSource([$"root={root}"], environment, null).Find("ci-3"));
    }

    [Theory]
    [InlineData("bogus=FILE", FaultKind.Usage, "there is no key 'bogus'; write KEY=FILE, where KEY is one of root, ci, models, online, with its number where there are several; or ./bogus=FILE for a file of that name")]
    [InlineData("/nothing", FaultKind.NoInput, "there is no file /nothing; write the passphrase into that file, readable by you alone")]
    [InlineData("root=/nothing", FaultKind.NoInput, "there is no file /nothing; write the passphrase into that file, readable by you alone")]
    [InlineData("EMPTY", FaultKind.NoInput, "EMPTY is empty; write the passphrase into that file, readable by you alone")]
    public void An_option_that_says_nothing_is_refused_though_the_environment_knows_the_passphrase(string option, FaultKind kind, string text)
    {
        string empty = Write("empty", "");
        PassphraseSource source = new([option.Replace("EMPTY", empty, StringComparison.Ordinal)], new Dictionary<string, string> { ["EDGEINFER_PASSPHRASE_CI"] = "of ci" }, null);
        FaultException refused = Assert.Throws<FaultException>(() => source.Find("ci"));
        Assert.EndsWith(text.Replace("EMPTY", empty, StringComparison.Ordinal), refused.Fault.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("--passphrase-file: ", refused.Fault.ToString(), StringComparison.Ordinal);
        Assert.Equal(kind, refused.Fault.Kind);
    }

    [Fact]
    public void A_file_with_an_equals_sign_in_its_name_can_be_named_by_its_path()
        => Assert.Equal("of all", new PassphraseSource([Write("my=words", "of all")], new Dictionary<string, string>(), null).Find("ci"));

    [Fact]
    public void Without_any_the_variable_and_the_option_are_named()
    {
        FaultException refused = Assert.Throws<FaultException>(() => new PassphraseSource([], new Dictionary<string, string>(), null).Require("root-2", isNew: false));
        Assert.Equal("nobody says the passphrase of the key 'root-2', and there is no terminal to ask at; set EDGEINFER_PASSPHRASE_ROOT_2, or give --passphrase-file root-2=FILE", refused.Fault.ToString());
        Assert.Equal(FaultKind.Usage, refused.Fault.Kind);
    }

    [Fact]
    public void A_new_one_is_asked_for_twice_and_then_remembered()
    {
        Queue<string> answers = new(["long enough", "long enough"]);
        PassphraseSource source = new([], new Dictionary<string, string>(), _ => answers.Dequeue());
        Assert.Equal("long enough", source.Require("ci", isNew: true));
        Assert.Equal("long enough", source.Require("ci", isNew: false));
        Assert.Empty(answers);
    }

    [Fact]
    public void Two_different_ones_and_a_short_one_are_refused()
    {
        Queue<string> answers = new(["long enough", "long enouhg", "short"]);
        PassphraseSource source = new([], new Dictionary<string, string>(), _ => answers.Dequeue());
        Assert.StartsWith("these are two different passphrases for the key 'ci'", Assert.Throws<FaultException>(() => source.Require("ci", isNew: true)).Fault.What, StringComparison.Ordinal);
        answers.Enqueue("short");
        Assert.StartsWith("the passphrase of the key 'ci' has fewer than 8 characters", Assert.Throws<FaultException>(() => source.Require("ci", isNew: true)).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void No_fault_shows_what_was_in_a_file()
    {
        string file = Write("pw", "secret");
        FaultException refused = Assert.Throws<FaultException>(() => new PassphraseSource([file], new Dictionary<string, string>(), null).Require("root", isNew: true));
        Assert.DoesNotContain("secret", refused.Fault.ToString(), StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text + "\n");
        return path;
    }
}
