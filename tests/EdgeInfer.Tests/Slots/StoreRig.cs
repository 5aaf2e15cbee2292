using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;
using EdgeInfer.Tests.Models;

namespace EdgeInfer.Tests.Slots;

/// <summary>The world ends before a step.</summary>
internal sealed class PowerCutException(string step) : Exception(step);

/// <summary>A time that stands where it is put.</summary>
internal sealed class StandingTime(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}

/// <summary>A release as a publisher would make it, small.</summary>
internal sealed record TestRelease(long Seq, byte[] Manifest, IReadOnlyDictionary<string, byte[]> Contents)
{
    public string Digest => BlobName.Of(Manifest);

    public string Version => $"1.{Seq}.0";

    public ReleasePlan Plan => ReleasePlan.Of($"models/parts/{Seq}", [.. Contents.Select(static c => new StoredFile(c.Key, BlobName.Of(c.Value), c.Value.Length))], new());

    public Generation Generation => new() { Seq = Seq, Manifest = Digest, Digest = Plan.Digest, Version = Version };

    public byte[] Bytes(string sha256) => Contents.Values.First(c => BlobName.Of(c) == sha256);

    /// <summary>Its graph and contract differ from release to release; the labels are those of every other one.</summary>
    public static TestRelease Of(long seq, string? graph = null) => new(seq, Encoding.UTF8.GetBytes($"{{\"release\":{seq},\"graph\":\"{graph}\"}}"), new Dictionary<string, byte[]>
    {
        ["model.onnx"] = Encoding.UTF8.GetBytes(graph ?? $"graph {seq}"),
        ["model.yaml"] = Encoding.UTF8.GetBytes($"name: parts\nversion: 1.{seq}.0\n"),
        ["labels.txt"] = "bolt\nnut\n"u8.ToArray(),
        ["golden/belt.jpg"] = "a picture"u8.ToArray(),
    });
}

/// <summary>A state folder of its own, and a store in it that may end at any step.</summary>
internal sealed class StoreRig : IDisposable
{
    public const string Model = "parts";

    private readonly string _outer;
    private ManagedStore? _store;

    /// <param name="isInMemory">Where a process can be killed, but no power can fail: hundreds of runs then take seconds.</param>
    public StoreRig(bool isInMemory = false)
    {
        _outer = isInMemory && Directory.Exists("/dev/shm") ? Directory.CreateDirectory($"/dev/shm/edgeinfer-slots-{Guid.NewGuid():N}").FullName : Directory.CreateTempSubdirectory("edgeinfer-slots-").FullName;
        State = Path.Combine(_outer, "state");
    }

    public string State { get; }

    public string Outside => _outer;

    public StandingTime Time { get; } = new(new DateTimeOffset(2026, 11, 26, 12, 0, 0, TimeSpan.Zero));

    public StoreLimits Limits { get; set; } = new();

    public List<Fault> Warnings { get; } = [];

    /// <summary>Every step since the store was opened.</summary>
    public List<string> Steps { get; } = [];

    /// <summary>The step before which the world ends, from 0; nothing is done from then on.</summary>
    public int? EndsAt { get; set; }

    /// <summary>The errno of a disk that refuses every change; null for one that does not.</summary>
    public int? Refuses { get; set; }

    public Func<string, string, bool>? Link { get; set; }

    /// <summary>Files whose medium fails.</summary>
    public Func<string, bool> Unreadable { get; set; } = static _ => false;

    public ManagedStore Store => _store ??= ManagedStore.Open(State, Limits, Time, Warnings.Add, new StoreDisk(Step, Link, Read));

    public StoreFolders Folders => new(State);

    public SlotFile Slots => Store.Manage(Model);

    /// <summary>Ends the process, and begins the next at its first use.</summary>
    public void Restart(int? endsAt = null)
    {
        _store?.Dispose();
        _store = null;
        Steps.Clear();
        EndsAt = endsAt;
    }

    /// <summary>Brings what is lacking of a release.</summary>
    public void Fetch(TestRelease release)
    {
        foreach (StoredFile file in Store.Blobs.Lacking(release.Plan.Files))
        {
            using PartialBlob part = Store.Blobs.OpenPartial(file.Sha256, file.Bytes);
            part.Append(release.Bytes(file.Sha256).AsSpan((int)part.Length));
            part.Complete();
        }
    }

    /// <summary>Fetches, builds and places a release.</summary>
    public Generation Install(TestRelease release)
    {
        Fetch(release);
        PreparedGeneration prepared = Store.Generations.Prepare(Model, release.Seq, release.Version, release.Manifest, release.Plan);
        Store.Generations.Place(prepared);
        return prepared.Generation;
    }

    /// <summary>Installs a release and commits it.</summary>
    public void Commit(TestRelease release)
    {
        SlotFile slots = Slots;
        slots.Write(slots.Slots.BeginTrial(Install(release), false, Time.Now));
        slots.Write(slots.Slots.Commit());
    }

    /// <summary>Everything in the state folder but the lock: path, and what a file holds.</summary>
    public IReadOnlyList<string> Tree()
    {
        List<string> tree = [];
        foreach (string path in Directory.EnumerateFileSystemEntries(State, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            string name = Path.GetRelativePath(State, path);
            if (name == StoreLock.FileName) continue;
            tree.Add(Directory.Exists(path) ? name + "/" : $"{name} {BlobName.Of(File.ReadAllBytes(path))}");
        }

        return tree;
    }

    /// <summary>Puts other bytes into a file, whatever its rights, and keeps its size.</summary>
    public static void Damage(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>A real model's folder outside the store.</summary>
    public string Shipped()
    {
        string folder = Path.Combine(_outer, "shipped");
        Directory.CreateDirectory(Path.Combine(folder, "names"));
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), TestModels.Yolov8().UltralyticsMetadata().ToArray());
        File.WriteAllText(Path.Combine(folder, "model.yaml"), "version: 1.0.0\nlabels: names/all.txt\n");
        File.WriteAllText(Path.Combine(folder, "names", "all.txt"), "bolt\nnut\n");
        return folder;
    }

    public void Dispose()
    {
        _store?.Dispose();
        Directory.Delete(_outer, recursive: true);
    }

    private void Read(string path)
    {
        // As .NET has it of EIO.
        if (Unreadable(path)) throw new IOException("Input/output error", 5);
    }

    private void Step(string what)
    {
        if (Steps.Count >= EndsAt) throw new PowerCutException(what);
        if (Refuses is { } errno) throw new IOException($"{what}: refused", errno);
        Steps.Add(what.Replace(State + "/", "", StringComparison.Ordinal));
    }
}
