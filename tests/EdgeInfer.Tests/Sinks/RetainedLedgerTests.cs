using EdgeInfer.Diagnostics;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Sources;

namespace EdgeInfer.Tests.Sinks;

public sealed class RetainedLedgerTests : IDisposable
{
    private const string Broker = "broker.plant:1883";
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.At("retained.json");

    [Fact]
    public void What_the_next_start_does_not_use_is_stale_until_the_broker_has_cleared_it()
    {
        Assert.Empty(Open().Begin(Broker, ["p/status", "p/old/status", "p/old/state/enabled"]));
        RetainedLedger second = Open();
        Assert.Equal(["p/old/state/enabled", "p/old/status"], second.Begin(Broker, ["p/status"]));

        // Killed before the broker has answered: the same again.
        RetainedLedger third = Open();
        Assert.Equal(["p/old/state/enabled", "p/old/status"], third.Begin(Broker, ["p/status"]));
        third.Cleared(Broker, "p/old/status");
        third.Cleared(Broker, "p/old/state/enabled");
        Assert.Empty(Open().Begin(Broker, ["p/status"]));
    }

    [Fact]
    public void Nothing_is_written_while_nothing_changes_and_once_when_all_is_cleared()
    {
        Open().Begin(Broker, ["a", "b", "c"]);
        int writes = 0;
        RetainedLedger ledger = Open();
        Count(() => ledger.Begin(Broker, ["a"]));
        Count(() => ledger.Extend(Broker, ["a", "b"]));
        Count(() => ledger.Cleared(Broker, "b"));
        Assert.Equal(0, writes);
        Count(() => ledger.Cleared(Broker, "c"));
        Assert.Equal(1, writes);
        Count(() => ledger.Cleared(Broker, "c"));
        Count(() => Open().Begin(Broker, ["a"]));
        Assert.Equal(1, writes);

        void Count(Action act)
        {
            System.IO.File.SetLastWriteTimeUtc(File, DateTime.UnixEpoch);
            act();
            if (System.IO.File.GetLastWriteTimeUtc(File) != DateTime.UnixEpoch) writes++;
        }
    }

    [Fact]
    public void A_damaged_ledger_on_a_disk_that_takes_no_other_name_for_it_is_said_and_stops_nothing()
    {
        System.IO.File.WriteAllText(File, "{");
        Directory.CreateDirectory(File + ".broken/full");
        RetainedLedger ledger = RetainedLedger.Open(_folder.Path, out Fault? fault);
        Assert.StartsWith("the list of retained topics cannot be understood: ", fault!.What, StringComparison.Ordinal);
        Assert.Empty(ledger.Begin(Broker, ["a"]));
    }

    [Fact]
    public void A_broker_that_is_used_again_is_not_the_next_to_be_forgotten()
    {
        RetainedLedger ledger = Open();
        foreach (string broker in new[] { "b0", "b1", "b2", "b3" }) ledger.Begin(broker, ["x"]);
        ledger.Begin("b0", ["x", "y"]);
        ledger.Begin("b4", ["x"]);
        Assert.Equal(["x", "y"], Open().Begin("b0", []));
        Assert.Empty(Open().Begin("b1", []));
    }

    [Fact]
    public void Another_broker_has_topics_of_its_own_and_the_fifth_displaces_the_oldest()
    {
        RetainedLedger ledger = Open();
        ledger.Begin("b0", ["x"]);
        Assert.Empty(ledger.Begin("b1", ["y"]));
        Assert.Equal(["x"], Open().Begin("b0", ["z"]));
        foreach (string broker in new[] { "b2", "b3", "b4" }) ledger.Begin(broker, ["y"]);
        Assert.Empty(Open().Begin("b0", []));
        Assert.Equal(["y"], Open().Begin("b1", []));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"schema":"edgeinfer/retained/7","brokers":[]}""")]
    public void A_file_that_cannot_be_understood_is_set_aside_and_said(string content)
    {
        System.IO.File.WriteAllText(File, content);
        RetainedLedger ledger = RetainedLedger.Open(_folder.Path, out Fault? fault);
        Assert.StartsWith("the list of retained topics cannot be understood: ", fault!.What, StringComparison.Ordinal);
        Assert.True(System.IO.File.Exists(File + ".broken"));
        Assert.Empty(ledger.Begin(Broker, ["a"]));
    }

    [Fact]
    public void Texts_that_are_no_topics_are_left_out()
    {
        System.IO.File.WriteAllText(File, """{"schema":"edgeinfer/retained/1","brokers":[null,{"broker":"broker.plant:1883","topics":["a","b/#","","c/+/d",null]}]}""");
        Assert.Equal(["a"], Open().Begin(Broker, []));
    }

    public void Dispose() => _folder.Dispose();

    private RetainedLedger Open()
    {
        RetainedLedger ledger = RetainedLedger.Open(_folder.Path, out Fault? fault);
        Assert.Null(fault);
        return ledger;
    }
}
