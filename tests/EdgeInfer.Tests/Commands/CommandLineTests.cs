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

    [Fact]
    public void Each_verb_is_made_under_the_name_that_it_has()
        => Assert.All(CommandLine.Verbs(), static verb => Assert.Equal(verb.Name, verb.Create().Name));
}
