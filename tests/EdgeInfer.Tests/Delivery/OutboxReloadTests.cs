using EdgeInfer.Configuration;
using EdgeInfer.Delivery;

namespace EdgeInfer.Tests.Delivery;

/// <summary>Another configuration while the outbox works.</summary>
public sealed class OutboxReloadTests
{
    [Fact]
    public void Another_rate_holds_from_then_on()
    {
        using OutboxRig rig = new(options: new() { RatePerSecond = 20 });
        for (int i = 0; i < 5; i++)
        {
            rig.Accept(100);
            rig.Pass(0.1);
        }

        rig.Change(new() { RatePerSecond = 200 });
        rig.Up();
        int sent = 0;
        rig.Run(1000, _ =>
        {
            sent += rig.Take().Count;
            rig.SettleEach(static _ => 0);
        });
        Assert.InRange(sent, 180, 215);
    }

    [Fact]
    public void Another_size_sends_nothing_twice_and_closes_nothing()
    {
        using OutboxRig rig = new(inFlight: 8);
        rig.Accept(100);
        rig.Pass(0.1);
        rig.Up();
        rig.Run(5);
        List<string> sent = rig.Take();
        rig.Change(new() { SizeBytes = 1 << 20 });
        rig.Run(5);
        rig.SettleEach(static _ => 0);
        rig.Run(3000, _ =>
        {
            sent.AddRange(rig.Take());
            rig.SettleEach(static _ => 0);
        });
        Assert.Equal(100, sent.Count);
        Assert.Equal(100, sent.Distinct().Count());
        Assert.Equal(1, rig.Openings);
        Assert.Equal(1 << 20, rig.Store.SizeBytes);
    }

    [Fact]
    public void A_pipeline_added_again_takes_up_what_waits_of_it_under_its_new_topics()
    {
        FakeStore store = new();
        OutboxRig first = new(1, store);
        OutboxStream press = first.Open("press");
        first.Accept(3, press);
        first.Dispose();
        using OutboxRig rig = new(2, store, new FakeRing(), kernel: Guid.NewGuid());
        OutboxStream again = rig.Outbox.Open(new("press", "edgeinfer/press-3/new", "edgeinfer/press-3/new/history", DeliveryClass.Prediction), false);
        rig.Up();
        rig.Run(10);
        Assert.All(rig.Take(), m => Assert.StartsWith("new", m, StringComparison.Ordinal));
        Assert.Equal(3, rig.OnTheWay);
        rig.Settle(0x87);
        Assert.Equal("press", Assert.Single(rig.Outbox.Status().Held).Stream);
        Assert.Equal(1, again.NextSequence);
    }

    [Fact]
    public void A_stream_of_a_pipeline_that_is_no_more_is_shown_as_held_and_tried_again_on_demand()
    {
        FakeStore store = new();
        OutboxRig first = new(1, store);
        OutboxStream press = first.Open("press");
        first.Accept(1, press);
        first.Dispose();
        using OutboxRig rig = new(2, store, new FakeRing(), kernel: Guid.NewGuid());
        rig.Up();
        rig.Run(10);
        Assert.Single(rig.Take());
        rig.Settle(0x87);
        rig.Run(10);
        Assert.Equal("press", Assert.Single(rig.Outbox.Status().Held).Stream);
        rig.Outbox.Retry();
        rig.Run(10);
        Assert.Single(rig.Take());
    }

    [Fact]
    public void A_pipeline_that_goes_from_qos_0_to_1_and_back_goes_on_with_its_numbers()
    {
        using OutboxRig rig = new();
        Assert.Same(rig.Outbox.NumbersOf("belt"), rig.Belt.Numbers);
        rig.Outbox.NumbersOf("press").Last = 7;
        Assert.Equal(8, rig.Open("press").NextSequence);
    }
}
