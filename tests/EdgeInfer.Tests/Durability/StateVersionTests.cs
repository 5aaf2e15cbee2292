using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Tests.Durability;

public sealed class StateVersionTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-version-");

    private string Noted => Path.Combine(_folder.FullName, "version");

    [Fact]
    public void A_new_state_folder_is_made_and_gets_this_programs_version()
    {
        string state = Path.Combine(_folder.FullName, "state");
        Assert.Null(StateVersion.Claim(state));
        Assert.Equal("3\n", File.ReadAllText(Path.Combine(state, "version")));
        Assert.Equal(["version"], Directory.GetFiles(state).Select(Path.GetFileName));
    }

    [Fact]
    public void State_of_this_version_is_not_written_again()
    {
        File.WriteAllText(Noted, "3\n");
        File.SetLastWriteTimeUtc(Noted, DateTime.UnixEpoch);
        Assert.Null(StateVersion.Claim(_folder.FullName));
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(Noted));
    }

    [Fact]
    public void State_of_an_older_program_is_this_ones_from_then_on()
    {
        File.WriteAllText(Noted, "1\n");
        Assert.Null(StateVersion.Claim(_folder.FullName));
        Assert.Equal("3\n", File.ReadAllText(Noted));
    }

    [Theory]
    [InlineData("")]
    [InlineData("what")]
    [InlineData("0\n")]
    [InlineData("-4\n")]
    public void What_is_no_version_is_replaced_by_one(string damaged)
    {
        File.WriteAllText(Noted, damaged);
        Assert.Null(StateVersion.Claim(_folder.FullName));
        Assert.Equal("3\n", File.ReadAllText(Noted));
    }

    [Theory]
    [InlineData("4\n", "version 4,")]
    [InlineData("99", "version 99,")]
    [InlineData("9000000000\n", "version 9000000000,")]
    public void State_of_a_newer_program_is_refused_in_one_line_and_left_as_it_is(string noted, string said)
    {
        File.WriteAllText(Noted, noted);
        Fault fault = Assert.Throws<FaultException>(() => StateVersion.Claim(_folder.FullName)).Fault;
        Assert.Equal(FaultKind.Configuration, fault.Kind);
        Assert.StartsWith(Noted + ": a newer EdgeInfer wrote this state", fault.ToString(), StringComparison.Ordinal);
        Assert.Contains(said, fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.ToString());
        Assert.Equal(noted, File.ReadAllText(Noted));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_told_and_no_reason_not_to_serve()
    {
        File.WriteAllText(Noted, "x");
        Fault? fault = StateVersion.Claim(Path.Combine(Noted, "state"));
        Assert.NotNull(fault);
        Assert.Equal(FaultKind.InputOutput, fault.Kind);
    }

    public void Dispose() => _folder.Delete(true);
}
