using System.Diagnostics;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Delivery.Store;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Delivery.Store;

/// <summary>A state folder of its own, with the clock and the quota that its stores are opened with.</summary>
internal sealed class StoreFolder : IDisposable
{
    public static readonly Guid Kernel = new("11111111-2222-3333-4444-555555555555");

    public static readonly StreamFacts Camera = new("camera", "edgeinfer/d/camera/result", "edgeinfer/d/camera/history", DeliveryClass.Prediction);

    public static readonly StreamFacts Objects = new("objects", "edgeinfer/d/objects/event", "edgeinfer/d/objects/history", DeliveryClass.Event);

    public StoreFolder() => Clock = new OutboxClock(Time, () => IsSynced, Kernel);

    public string Path { get; } = Directory.CreateTempSubdirectory("edgeinfer-store-").FullName;

    public string Database => System.IO.Path.Combine(Path, "outbox.db");

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));

    public OutboxClock Clock { get; set; }

    public bool IsSynced { get; set; } = true;

    public long SizeBytes { get; set; } = 64L * 1024 * 1024;

    public StoreIncident? Incident { get; private set; }

    public OutboxStore Open(long boot = 1, bool isKnownBroken = false)
    {
        OutboxStore store = OutboxStore.Open(Path, new OutboxOptions { SizeBytes = SizeBytes }, Clock, boot, out StoreIncident? incident, isKnownBroken);
        Incident = incident;
        return store;
    }

    /// <summary>Adds messages with the numbers from <paramref name="first"/> on, in one group.</summary>
    public long[] Fill(OutboxStore store, StreamFacts stream, long first, int count, int payloadBytes = 200, long boot = 1)
    {
        long[] ids = new long[count];
        store.Begin();
        int number = store.Open(stream, boot);
        for (int i = 0; i < count; i++) ids[i] = Append(store, number, first + i, payloadBytes, boot);
        store.Commit();
        return ids;
    }

    public long Append(OutboxStore store, int stream, long sequence, int payloadBytes = 200, long boot = 1)
        => store.Append(new StoredMessage(stream, boot, sequence, Clock.Now(), Payload(sequence, payloadBytes)));

    public static byte[] Payload(long sequence, int bytes)
    {
        byte[] payload = new byte[bytes];
        Encoding.ASCII.GetBytes($"{{\"seq\":{sequence}}}".PadRight(bytes).AsSpan(0, bytes), payload);
        return payload;
    }

    public static BacklogMessage[] Room(int count)
    {
        BacklogMessage[] room = new BacklogMessage[count];
        for (int i = 0; i < count; i++) room[i] = new BacklogMessage();
        return room;
    }

    /// <summary>The names in the folder, in order.</summary>
    public string[] Names() => [.. Directory.GetFileSystemEntries(Path).Select(p => System.IO.Path.GetFileName(p)!).Order(StringComparer.Ordinal)];

    /// <summary>Asks Debian's own SQLite module; the store has to be closed, or the file a copy.</summary>
    /// <returns>The rows, a line each, columns with a bar between.</returns>
    public static string[] Query(string database, string sql)
    {
        const string Program = "import sqlite3,sys\nfor r in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]): print('|'.join('' if c is None else str(c) for c in r))";
        ProcessStartInfo start = new("/usr/bin/python3") { RedirectStandardOutput = true };
        foreach (string argument in (string[])["-c", Program, database, sql]) start.ArgumentList.Add(argument);
        using Process python = Process.Start(start)!;
        string output = python.StandardOutput.ReadToEnd();
        python.WaitForExit();
        Assert.Equal(0, python.ExitCode);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public static void NeedsPython() => Assert.SkipUnless(File.Exists("/usr/bin/python3"), "/usr/bin/python3 is not there to look into the database with");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
