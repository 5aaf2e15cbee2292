using System.Text.Json;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>The account at the end of a fault: each number that was given has arrived or stands in a declared gap.</summary>
internal static class Nothing
{
    /// <summary>Where the line is not read, a delivered message whose PUBACK was cut off cannot be told: it may be declared lost all the same.</summary>
    private const int InFlight = 16;

    /// <summary>Waits until everything has gone out, stops the agent, and holds what has arrived against what was accepted.</summary>
    /// <param name="rig">The agent.</param>
    /// <param name="arrivals">What the consumer has.</param>
    /// <param name="link">The line between, where there is one.</param>
    /// <param name="fault">Named where the account does not balance.</param>
    /// <param name="duplicates">Messages that may come twice: what is in flight, for each time that the line has broken.</param>
    /// <param name="liveOrders">Orders that may be interleaved among live messages: one more where the broker refuses some of those that it has in flight.</param>
    public static async Task<Balance> IsLost(NetworkRig rig, Arrivals arrivals, Link? link, string fault, int duplicates = 32, int liveOrders = 2)
    {
        JsonElement status = await rig.Status.Until(
            s => NetworkRig.Outbox(s, "stored") == 0 && NetworkRig.Outbox(s, "gaps") == 0, $"{fault}: nothing is left to be sent late", TimeSpan.FromSeconds(120));
        long accepted = NetworkRig.Outbox(status, "accepted"), boot = status.GetProperty("boot").GetInt64();
        await arrivals.Until(() => arrivals.Reached(boot) >= accepted, $"{fault}: what was accepted by now arrives");
        await rig.Stop();
        Balance balance = await Balanced(arrivals, link, duplicates, liveOrders);
        Assert.True(balance.Faults.Count == 0, $"{fault}: {balance}\n{string.Join('\n', balance.Faults)}\nas they came: {Order(arrivals)}");
        TestContext.Current.TestOutputHelper?.WriteLine($"         {fault}: {balance}");
        return balance;
    }

    /// <summary>The ledger of what has arrived.</summary>
    public static Ledger LedgerOf(Arrivals arrivals, Link? link)
    {
        Ledger ledger = new();
        foreach (Received arrival in arrivals.Predictions)
            ledger.Deliver(new(arrival.Stream, arrival.Boot, arrival.Sequence), arrival.Id, arrival.IsHistorical, link is null || link.Acknowledged.ContainsKey((arrival.Boot, arrival.Sequence)));
        foreach (DeclaredGap gap in arrivals.Declared()) ledger.Declare(gap);
        return ledger;
    }

    // Ranges of numbers in the order of their arrival, those from the topic of late ones in brackets.
    private static string Order(Arrivals arrivals)
    {
        System.Text.StringBuilder text = new();
        Received[] all = arrivals.Predictions;
        for (int i = 0, from = 0; i < all.Length && text.Length < 4000; i++)
        {
            if (i + 1 < all.Length && all[i + 1].Sequence == all[i].Sequence + 1 && all[i + 1].IsHistoryTopic == all[i].IsHistoryTopic) continue;
            string range = i == from ? $"{all[i].Sequence}" : $"{all[from].Sequence}-{all[i].Sequence}";
            text.Append(all[i].IsHistoryTopic ? $"[{range}] " : $"{range} ");
            from = i + 1;
        }

        return text.ToString();
    }

    // The last messages may still be between the broker and the consumer.
    private static async Task<Balance> Balanced(Arrivals arrivals, Link? link, int duplicates, int liveOrders)
    {
        for (long began = Environment.TickCount64; ;)
        {
            Balance balance = LedgerOf(arrivals, link).Close(new() { Duplicates = duplicates, LiveOrders = liveOrders, CrossedGaps = link is null ? InFlight : 0 });
            if (balance.Faults.Count == 0 || Environment.TickCount64 - began > 5000) return balance;
            await Task.Delay(100);
        }
    }
}
