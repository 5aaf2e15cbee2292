using System.Globalization;
using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Models;
using EdgeInfer.Slots;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Updates;

/// <summary>
/// What serves one managed model on this device: its slots, opened once for as long as the agent runs, and what stands in where the generation that
/// they name is damaged. Needs no network. Readings on any thread; all else one caller at a time.
/// </summary>
/// <param name="name">The model's name in the store.</param>
/// <param name="initial">What the configuration gives a model without any release: a folder or an .onnx file; empty for nothing.</param>
/// <param name="gate">What the device demands beyond a release's own gate.</param>
/// <param name="store">The store.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">What was decided, and what stands in the way.</param>
internal sealed partial class ManagedServing(string name, string initial, GateLimits gate, ManagedStore store, TimeProvider time, ILogger logger)
{
    private volatile SlotFile? _slots;
    private volatile StandIn? _standIn;
    private volatile bool _isStartOpen;

    /// <summary>The model's name in the store.</summary>
    public string Name => name;

    /// <summary>What serves where no release does: a folder or an .onnx file; empty for nothing.</summary>
    public string Initial => initial;

    /// <summary>What the device demands beyond a release's own gate.</summary>
    public GateLimits Gate => gate;

    /// <summary>Its state; null where nobody could read it.</summary>
    public SlotFile? Slots => _slots;

    /// <summary>What serves in place of what should; null where that serves.</summary>
    public StandIn? StandIn => _standIn;

    /// <summary>
    /// Opens the state and decides what serves. A start of a trial is written down before its model is loaded; one that was started too often is
    /// rolled back here. A model without any release begins with what the configuration gives it.
    /// </summary>
    /// <returns>A folder or an .onnx file; empty where nothing serves.</returns>
    /// <exception cref="FaultException">The state cannot be read, or is damaged and has no whole copy.</exception>
    public string Begin()
    {
        SlotFile slots = _slots ??= store.Manage(name);
        if (slots.Slots.Serving is null && initial.Length > 0) Adopt(slots);
        string path = Choose(readsAll: false);
        if (slots.Slots.Trial is { } trial && _standIn is null) path = ResumeTrial(slots, trial) ?? path;
        return path;
    }

    /// <summary>
    /// Looks whether what should serve is whole. What can be mended of this device alone is; otherwise what was before it serves, or what the
    /// configuration gives.
    /// </summary>
    /// <param name="readsAll">Whether all its bytes are read, and not only sizes and listing: the digest is known once a model is loaded.</param>
    /// <returns>A folder or an .onnx file; empty where nothing serves.</returns>
    public string Choose(bool readsAll)
    {
        _standIn = null;
        ModelSlots slots = _slots!.Slots;
        if (slots.Serving is not { } serving) return initial;
        return WhyNot(serving, readsAll) is { } why ? StandInFor(serving, why) : store.Generations.PathOf(name, serving);
    }

    /// <summary>Mends a generation with nothing but what this device has: files that were fetched, and for what the device began with the place it came from.</summary>
    /// <returns>Whether it is whole now.</returns>
    /// <exception cref="FaultException">The disk refused.</exception>
    public bool TryMend(Generation generation)
    {
        byte[]? manifest = store.Generations.ManifestOf(name, generation);
        if (store.Generations.Repair(name, generation, manifest, manifest is null ? null : PlanOf(generation, manifest)) is { Count: 0 }) return true;
        if (generation.Seq != 0 || initial.Length == 0 || DigestOf(initial) != generation.Digest) return false;
        return store.Generations.AdoptInitial(name, initial, generation.Version).IsSame(generation);
    }

    /// <summary>The files of a generation: by its listing, or by its manifest, where that is damaged.</summary>
    /// <exception cref="UpdateException">The manifest is none.</exception>
    public ReleasePlan? PlanOf(Generation generation, byte[] manifest)
    {
        if (store.Generations.PlanOf(name, generation) is { } plan) return plan;
        if (generation.Seq == 0) return ReleasePlan.Read(manifest);
        string where = generation.ToString();
        return ReleasePlan.Of(where, [.. ReleaseManifest.Read(manifest, new(), where).Files.Select(static f => new StoredFile(f.Name, f.Sha256, f.Bytes))], store.Limits);
    }

    /// <summary>Writes a state down with a start of its trial counted, which nobody watches yet.</summary>
    /// <exception cref="UpdateException">The trial was started too often.</exception>
    /// <exception cref="FaultException">The disk refused.</exception>
    public void CountStart(ModelSlots slots)
    {
        _slots!.Write(slots.NoteAttempt());
        _isStartOpen = true;
    }

    /// <summary>Whoever watches the trial settles its start.</summary>
    public void StartIsWatched() => _isStartOpen = false;

    /// <summary>A start that was counted and that nobody came to watch is not held against the model: the agent stops in order, or the model never began.</summary>
    public void SettleStart()
    {
        if (!_isStartOpen || _slots is not { Slots.Trial.Attempts: > 0 } slots) return;
        try
        {
            slots.Write(slots.Slots.SettleAttempt());
            _isStartOpen = false;
        }
        catch (FaultException)
        {
            // The disk: it stays counted, which costs one of three.
        }
    }

    /// <summary>What should serve does.</summary>
    public void EndStandIn() => _standIn = null;

    /// <summary>A generation in words.</summary>
    public static string Words(Generation generation)
    {
        string what = generation.Seq == 0 ? "what the device began with" : string.Create(CultureInfo.InvariantCulture, $"release {generation.Seq}");
        return generation.Version is { } version ? $"{what} ({version})" : what;
    }

    private void Adopt(SlotFile slots)
    {
        try
        {
            Generation generation = store.Generations.AdoptInitial(name, initial, ModelLoader.Load(initial).Version);
            slots.Write(slots.Slots.AdoptInitial(generation));
            LogInitial(logger, name, generation.ToString(), initial);
        }
        catch (FaultException e)
        {
            // It serves from where it lies; the next start tries again.
            LogNotAdopted(logger, name, initial, e.Fault);
        }
    }

    /// <summary>Another path where the trial is over, or cannot be gone on with now.</summary>
    private string? ResumeTrial(SlotFile slots, SlotTrial trial)
    {
        try
        {
            CountStart(slots.Slots);
            LogResumed(logger, name, trial.Generation.ToString(), trial.Attempts + 1);
            return null;
        }
        catch (UpdateException e) when (e.Code == UpdateCode.Crash)
        {
            return RollBack(slots, trial, e);
        }
        catch (FaultException e)
        {
            // A start that nobody could count must not be made.
            return StandInFor(trial.Generation, e.Fault.ToString());
        }
    }

    private string RollBack(SlotFile slots, SlotTrial trial, UpdateException why)
    {
        try
        {
            TrialEnd.RollBack(name, slots, store, why.Code, why.Fault.What, time);
            LogRolledBack(logger, name, trial.Generation.ToString(), why.Fault.What);
            return Choose(readsAll: false);
        }
        catch (FaultException e)
        {
            return StandInFor(trial.Generation, $"{why.Fault.What}, and that cannot be written down: {e.Fault}");
        }
    }

    private string? WhyNot(Generation generation, bool readsAll)
    {
        try
        {
            GenerationCheck check = readsAll ? store.Generations.Verify(name, generation) : store.Generations.Glance(name, generation);
            if (check.IsWhole) return null;
            if (!TryMend(generation)) return check.Problems[0];
            LogMended(logger, name, generation.ToString(), check.Problems[0]);
            return null;
        }
        catch (FaultException e)
        {
            return e.Fault.ToString();
        }
    }

    // From a trial to what is active, else to what was before; below the floor only where no rule forbids it, and to nothing that its publisher took
    // back, unless that is what should serve. All bytes are read: damage comes in company.
    private string StandInFor(Generation wanted, string why)
    {
        ModelSlots slots = _slots!.Slots;
        bool isHard = slots.Trial?.Hard ?? slots.Hard;
        foreach (Generation other in slots.Named.Where(g => !g.IsSame(wanted) && !g.IsSame(slots.Trial?.Generation) && (!isHard || g.Seq >= slots.Floor)
            && (g.Seq == 0 || g.Seq >= slots.RevokedBelow || g.IsSame(slots.Active))))
        {
            if (WhyNot(other, readsAll: true) is null) return Note(new(wanted, why, Words(other)), store.Generations.PathOf(name, other));
        }

        bool mayBegin = initial.Length > 0 && (!isHard || slots.Floor == 0);
        return mayBegin && IsLoadable(initial) ? Note(new(wanted, why, $"what this device begins with, {initial}"), initial) : Note(new(wanted, why, null), "");
    }

    private string Note(StandIn standIn, string path)
    {
        _standIn = standIn;
        LogStandIn(logger, name, standIn.For.ToString(), standIn.Why, standIn.Serves ?? "nothing");
        return path;
    }

    // Null where it cannot be read.
    private static string? DigestOf(string path)
    {
        try
        {
            return ModelLoader.Digest(path);
        }
        catch (FaultException)
        {
            return null;
        }
    }

    private static bool IsLoadable(string path)
    {
        try
        {
            ModelLoader.Load(path);
            return true;
        }
        catch (FaultException)
        {
            return false;
        }
    }

    [LoggerMessage(EventId = 10001, Level = LogLevel.Information, Message = "model {Model}: {Generation} is what this device begins with, from {Path}")]
    private static partial void LogInitial(ILogger logger, string model, string generation, string path);

    [LoggerMessage(EventId = 10002, Level = LogLevel.Information, Message = "model {Model}: the trial of {Generation} goes on, start {Attempt} that has not ended well yet")]
    private static partial void LogResumed(ILogger logger, string model, string generation, int attempt);

    [LoggerMessage(EventId = 10003, Level = LogLevel.Error, Message = "model {Model}: {Generation} is rolled back: {Why}")]
    private static partial void LogRolledBack(ILogger logger, string model, string generation, string why);

    [LoggerMessage(EventId = 10005, Level = LogLevel.Error, Message = "model {Model}: {Generation} cannot serve: {Why}; meanwhile {Serves} does")]
    private static partial void LogStandIn(ILogger logger, string model, string generation, string why, string serves);

    [LoggerMessage(EventId = 10006, Level = LogLevel.Warning, Message = "model {Model}: {Generation} was damaged and is built again of what is here: {Why}")]
    private static partial void LogMended(ILogger logger, string model, string generation, string why);

    [LoggerMessage(EventId = 10007, Level = LogLevel.Error, Message = "model {Model}: {Path} serves from where it lies, the store cannot take it: {Fault}")]
    private static partial void LogNotAdopted(ILogger logger, string model, string path, Fault fault);
}
