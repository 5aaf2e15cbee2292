using System.Text;
using EdgeInfer.Releasing.Fleet;

namespace EdgeInfer.Tests.Releasing.Fleet;

/// <summary>What retained messages say of a fleet, whoever sent them.</summary>
public sealed class FleetBookTests
{
    private static readonly string s_new = new('a', 64);
    private static readonly string s_old = new('b', 64);

    [Theory]
    [InlineData("Committed", "", true, """{"active":NEW,"job":{"state":"committed","manifest":"aa"}}""")]
    [InlineData("Committed", "", false, """{"active":NEW}""")] // It said so before it went.
    [InlineData("Committed", "", true, """{"active":NEW,"job":{"state":"fetching","manifest":"bb"}}""")]
    [InlineData("Trial", "", true, """{"active":OLD,"job":{"state":"trial","manifest":"aa"}}""")]
    [InlineData("Waiting", "", true, """{"active":OLD,"job":{"state":"window","manifest":"aa"}}""")]
    [InlineData("Waiting", "network", true, """{"active":OLD,"job":{"state":"fetching","manifest":"aa","code":"network"}}""")]
    [InlineData("Waiting", "expired", true, """{"active":OLD,"repository_code":"expired"}""")] // It cannot learn of it.
    [InlineData("Failed", "golden", true, """{"active":OLD,"job":{"state":"failed","manifest":"aa","code":"golden"}}""")]
    [InlineData("Failed", "golden", false, """{"active":OLD,"job":{"state":"failed","manifest":"aa","code":"golden"}}""")]
    [InlineData("Failed", "metric", true, """{"active":OLD,"job":{"state":"fetching","manifest":"bb"},"refused":{"manifest":"aa","code":"metric"}}""")]
    [InlineData("RolledBack", "trial-latency", true, """{"active":OLD,"job":{"state":"rolled_back","manifest":"aa","code":"trial-latency"}}""")]
    [InlineData("RolledBack", "operator", true, """{"active":OLD,"job":{"state":"rolled_back","manifest":"aa"}}""")]
    [InlineData("RolledBack", "operator", true, """{"active":OLD,"job":{"state":"committed","manifest":"aa"},"refused":{"manifest":"aa"}}""")]
    [InlineData("Other", "", true, """{"active":OLD}""")]
    [InlineData("Other", "", true, """{"active":OLD,"job":{"state":"trial","manifest":"bb"}}""")]
    [InlineData("Other", "", true, """{"active":OLD,"job":{"state":"committed","manifest":"aa"}}""")] // Another was activated by hand.
    [InlineData("Other", "", true, "{}")]
    [InlineData("Silent", "", false, """{"active":OLD,"job":{"state":"trial","manifest":"aa"}}""")]
    [InlineData("Silent", "", false, "{}")]
    public void How_far_a_device_is_follows_from_its_own_words(string state, string code, bool isOnline, string report)
    {
        FleetBook book = new("edgeinfer");
        Status(book, "press-3", isOnline ? "online" : "offline");
        Update(book, "press-3", "parts", report);
        DeviceStanding standing = DeviceStanding.Of(Assert.Single(book.Devices("parts")), s_new);
        Assert.Equal((state, code), (standing.State.ToString(), standing.Code ?? ""));
    }

    [Theory]
    [InlineData("edgeinfer", "edgeinfer/press-3")]
    [InlineData("plant/oslo", "plant/oslo/press-3")]
    [InlineData("+/edgeinfer", "oslo/edgeinfer/press-3")]
    public void Devices_are_found_below_their_prefix(string prefix, string device)
    {
        FleetBook book = new(prefix);
        Assert.Equal([$"{prefix}/+/update/status/+", $"{prefix}/+/status"], book.Filters);
        book.Take($"{device}/update/status/parts", Report("{}"));
        book.Take($"{device}/status", """{"state":"online","labels":{"site":"oslo"}}"""u8);
        FleetDevice found = Assert.Single(book.Devices("parts"));
        Assert.Equal(("press-3", true, "oslo"), (found.Id, found.IsOnline, found.Labels["site"]));
        Assert.Equal(["parts"], book.Models);
    }

    [Fact]
    public void A_last_will_takes_the_labels_not_away_and_a_cleared_topic_the_device()
    {
        FleetBook book = new("edgeinfer");
        Update(book, "press-3", "parts", "{}");
        Assert.False(Assert.Single(book.Devices("parts")).IsOnline);
        book.Take("edgeinfer/press-3/status", """{"state":"online","labels":{"site":"oslo"}}"""u8);
        long changes = book.Changes;
        book.Take("edgeinfer/press-3/status", """{"state":"online","labels":{"site":"oslo"},"at":"later"}"""u8);
        Assert.Equal(changes, book.Changes);
        book.Take("edgeinfer/press-3/status", """{"state":"offline"}"""u8);
        FleetDevice gone = Assert.Single(book.Devices("parts"));
        Assert.Equal((false, "oslo"), (gone.IsOnline, gone.Labels["site"]));
        book.Take("edgeinfer/press-3/update/status/parts", []);
        Assert.Empty(book.Devices("parts"));
    }

    [Theory]
    [InlineData("edgeinfer/press-3/update/status/parts", "")]
    [InlineData("edgeinfer/press-3/update/status/parts", "no JSON")]
    [InlineData("edgeinfer/press-3/update/status/parts", """["edgeinfer/update/1"]""")]
    [InlineData("edgeinfer/press-3/update/status/parts", """{"schema":"edgeinfer/update/2"}""")]
    [InlineData("edgeinfer/press-3/update/status/parts", """{"schema":7}""")]
    [InlineData("edgeinfer/press-3/update/status/parts", """{"sch\ud800":"edgeinfer/update/1"}""")]
    [InlineData("edgeinfer/press-3/update/status/parts", """{"schema":"edgeinfer/\ud800"}""")]
    [InlineData("edgeinfer/press-3/status", """{"state":"online","labels":{"\ud800":"x"}}""")]
    [InlineData("edgeinfer/press 3/update/status/parts", """{"schema":"edgeinfer/update/1"}""")]
    [InlineData("edgeinfer/press-3/update/status/..", """{"schema":"edgeinfer/update/1"}""")]
    [InlineData("edgeinfer/press-3/belt/status/parts", """{"schema":"edgeinfer/update/1"}""")]
    [InlineData("edgeinfer/press-3/x/update/status/parts", """{"schema":"edgeinfer/update/1"}""")]
    [InlineData("edgeinfer/update/status/parts", """{"schema":"edgeinfer/update/1"}""")]
    public void What_is_none_of_a_devices_messages_counts_for_nothing(string topic, string payload)
    {
        FleetBook book = new("edgeinfer");
        book.Take(topic, Encoding.UTF8.GetBytes(payload));
        Assert.Empty(book.Models);
    }

    [Fact]
    public void What_reaches_a_terminal_is_words_of_ours()
    {
        FleetBook book = new("edgeinfer");
        Status(book, "press-3", "online");
        Update(book, "press-3", "parts", """{"active":{"seq":-1,"manifest":"zz"},"job":{"state":"failed","manifest":"aa","code":"\u001b[31mred","reason":"a\nb\u001b[2J"},"refused":"none"}""");
        DeviceStanding standing = DeviceStanding.Of(Assert.Single(book.Devices("parts")), s_new);
        Assert.Equal((DeviceState.Failed, (string?)null), (standing.State, standing.Code));
        Assert.DoesNotContain(standing.Reason!, char.IsControl);
        Update(book, "press-3", "parts", """{"job":{"state":"failed","manifest":"aa","reason":"\ud800"}}""");
        Assert.Null(DeviceStanding.Of(Assert.Single(book.Devices("parts")), s_new).Reason);
        Update(book, "press-3", "parts", "{\"job\":{\"state\":\"failed\",\"manifest\":\"aa\",\"reason\":\"" + new string('x', 5000) + "\"}}");
        Assert.Equal(201, DeviceStanding.Of(Assert.Single(book.Devices("parts")), s_new).Reason!.Length);
    }

    private static void Status(FleetBook book, string device, string state) => book.Take($"edgeinfer/{device}/status", Encoding.UTF8.GetBytes($$"""{"schema":"edgeinfer/status/1","state":"{{state}}"}"""));

    private static void Update(FleetBook book, string device, string model, string report) => book.Take($"edgeinfer/{device}/update/status/{model}", Report(report));

    // NEW, OLD, aa and bb stand for the manifests.
    private static byte[] Report(string report)
    {
        string members = report[1..].Replace("NEW", "{\"seq\":2,\"manifest\":\"aa\"}", StringComparison.Ordinal).Replace("OLD", "{\"seq\":1,\"manifest\":\"bb\"}", StringComparison.Ordinal)
            .Replace("\"aa\"", $"\"{s_new}\"", StringComparison.Ordinal).Replace("\"bb\"", $"\"{s_old}\"", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes($"{{\"schema\":\"edgeinfer/update/1\"{(members == "}" ? "" : ",")}{members}");
    }
}
