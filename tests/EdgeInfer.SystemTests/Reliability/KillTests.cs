using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>SIGKILL at random moments and at random calls, under load, with a broker that comes and goes.</summary>
[Collection(StorageTests.Name)]
public sealed class KillTests : IDisposable
{
    /// <summary>Messages on their way (<c>mqtt.in_flight</c>) that come again when a connection ends without their PUBACK.</summary>
    public const int InFlight = 16;

    /// <summary>Acknowledged messages whose deletion waits for the next group.</summary>
    public const int Batch = 100;

    private readonly TestFolder _folder = new();
    private readonly JudgeBroker _judge = new();

    [Fact]
    public async Task Whatever_was_accepted_before_each_SIGKILL_is_delivered_or_declared_lost()
    {
        Campaign campaign = Campaign.Of("kill", 12, 500);
        Random random = campaign.Random;
        await using Device device = new(_folder, _judge, new DeviceLoad());
        int kills = 0, byCall = 0, brokerUps = 0, stops = 0;
        while (kills < campaign.Count)
        {
            // The first lives pass without a broker, so that their results are late ones by the time it comes.
            bool mayBeUp = kills >= campaign.Count / 3 || kills > 40;
            bool isAtCall = kills % 2 == 0;
            if (isAtCall) device.Faults.Set(AnyCall(random));
            device.Start();
            // Some die while they start.
            if (random.Next(4) != 0) await device.Runs();
            brokerUps += await Live(device, TimeSpan.FromMilliseconds(random.Next(100, mayBeUp ? 1200 : 2500)), mayBeUp, random);
            if (random.Next(10) == 0 && !device.Agent.HasExited)
            {
                device.Faults.Clear();
                OnlyDisk(await device.Stop());
                stops++;
                continue;
            }

            if (isAtCall && device.Faults.Done > 0) byCall++;
            await device.Kill();
            device.Faults.Clear();
            kills++;
        }

        _judge.Acknowledges = true;
        _judge.Down();
        _judge.Up();
        await device.Settle();
        Balance balance = device.Ledger.Close(new Allowance { Duplicates = (long)kills * (InFlight + Batch) + (long)_judge.Connections * InFlight });
        campaign.Report($"{kills} kills ({byCall} of them at a call), {stops} stops, broker came {brokerUps} times, {balance}");
        campaign.Holds(balance);
        Assert.InRange(balance.Accepted, kills, long.MaxValue);
    }

    [Fact]
    public async Task The_same_holds_with_mosquitto_and_a_subscriber()
    {
        Campaign campaign = Campaign.Of("kill-mosquitto", 4, 100);
        Random random = campaign.Random;
        await using MosquittoJudge mosquitto = await MosquittoJudge.Start();
        await using Device device = new(_folder, mosquitto, new DeviceLoad());
        device.Start();
        await mosquitto.Listens();
        for (int i = 0; i < campaign.Count; i++)
        {
            if (i > 0) device.Start();
            await device.Runs();
            await device.Agent.ExitWithin(TimeSpan.FromMilliseconds(random.Next(300, 1500)));
            if (random.Next(3) == 0) await mosquitto.Down();
            await device.Agent.ExitWithin(TimeSpan.FromMilliseconds(random.Next(100, 1000)));
            await device.Kill();
            if (random.Next(2) == 0) await mosquitto.Up();
        }

        await mosquitto.Up();
        await device.Settle();

        // The subscriber may get one twice from mosquitto as well: what is counted here is that none is missing.
        Balance balance = device.Ledger.Close(new Allowance { LateOrders = 2, Duplicates = long.MaxValue });
        campaign.Report($"{balance}");
        campaign.Holds(balance);
    }

    public void Dispose()
    {
        _judge.Dispose();
        _folder.Dispose();
    }

    // After a clean stop nothing is left to the ring's memory.
    private static void OnlyDisk(OutboxReading reading) => Assert.True(!reading.Ring.Any(), $"in the ring after a stop: {Ledger.Ranges(reading.Ring)}");

    private async Task<int> Live(Device device, TimeSpan life, bool mayBeUp, Random random)
    {
        int ups = 0;
        System.Diagnostics.Stopwatch lived = System.Diagnostics.Stopwatch.StartNew();
        while (lived.Elapsed < life && !device.Agent.HasExited)
        {
            if (mayBeUp && Change(random)) ups++;
            TimeSpan rest = life - lived.Elapsed;
            TimeSpan pause = TimeSpan.FromMilliseconds(random.Next(20, 400));
            await device.Agent.ExitWithin(pause < rest ? pause : rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
        }

        return ups;
    }

    private bool Change(Random random)
    {
        if (!_judge.IsUp)
        {
            _judge.Acknowledges = random.Next(5) != 0;
            _judge.Up();
            // Half of the time it dies by itself at some message, with or without its answer.
            if (random.Next(2) == 0) _judge.DownAt(random.Next(1, 60), beforeAnswer: random.Next(2) == 0);
            return true;
        }

        if (random.Next(3) == 0) _judge.Down();
        return false;
    }

    private static StorageFault AnyCall(Random random)
    {
        StorageAction action = random.Next(3) switch { 0 => StorageAction.KillBefore, 1 => StorageAction.KillAfter, _ => StorageAction.Tear };
        StorageCalls calls = action == StorageAction.Tear ? StorageCalls.Write : StorageCalls.Changes;
        int number = 1 + (int)(random.NextDouble() * random.NextDouble() * 200);
        return new(action, calls, number, number);
    }
}
