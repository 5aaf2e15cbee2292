using EdgeInfer.Commands;

namespace EdgeInfer.Tests.Commands;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("see: edgeinfer --help\n", "predikt")]
    [InlineData("see: edgeinfer capture --help\n", "capture")]
    [InlineData("see: edgeinfer model add --help\n", "model", "add", "x", "--folder", "y")]
    public void A_mistake_names_the_help_that_there_is(string last, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter errors = new();

        Assert.Equal(64, CommandLine.Invoke(arguments, output, errors));

        Assert.EndsWith(last, errors.ToString(), StringComparison.Ordinal);
    }

    // As of a script whose variable is not set.
    [Theory]
    [InlineData("edgeinfer: --config: the value is empty; give one, or leave it out\n", "run", "-c", "")]
    [InlineData("edgeinfer: --dir: the value is empty; give one, or leave it out\n", "release", "status", "--dir", "")]
    [InlineData("edgeinfer: --socket: the value is empty; give one, or leave it out\n", "update", "status", "--socket", "")]
    [InlineData("edgeinfer: PATH: the value is empty; give one, or leave it out\n", "model", "add", "")]
    public void An_empty_value_is_refused_before_anything_is_made_of_it(string said, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter errors = new();
        Assert.Equal(64, CommandLine.Invoke(arguments, output, errors));
        Assert.Equal(said, errors.ToString());
    }

    [Theory]
    [InlineData("edgeinfer: --seq: found 'abc'; give a whole number up to 9223372036854775807\n", "release", "pack", "x", "--name", "parts", "--seq", "abc")]
    [InlineData("edgeinfer: --below: found 'x'; give a whole number up to 9223372036854775807\n", "release", "revoke", "parts", "--below", "x")]
    [InlineData("edgeinfer: SEQ: found 'x'; give a whole number up to 9223372036854775807\n", "update", "approve", "parts", "x")]
    [InlineData("edgeinfer: --root-keys: found '99999999999'; give a whole number up to 2147483647\n", "release", "init", "--root-keys", "99999999999")]
    [InlineData("edgeinfer: --seconds: found 'long'; give a number such as 5 or 0.5\n", "bench", "model", "--seconds", "long")]
    public void What_is_no_number_is_named_with_its_option_and_with_what_is_allowed(string first, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter errors = new();
        Assert.Equal(64, CommandLine.Invoke(arguments, output, errors));
        Assert.StartsWith(first, errors.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("System.", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_verb_is_made_under_the_name_that_it_has()
        => Assert.All(CommandLine.Verbs(), static verb => Assert.Equal(verb.Name, verb.Create().Name));
}
