using System.Globalization;
using System.Text.Json.Serialization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Slots;

/// <summary>A generation on trial: it serves, and goes when it fails or the model before it does.</summary>
internal sealed record SlotTrial
{
    /// <summary>Which.</summary>
    public required Generation Generation { get; init; }

    /// <summary>Starts that have not ended well so far, the one under way included.</summary>
    public int Attempts { get; init; }

    /// <summary>When it began, UTC.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>Results so far, over all starts.</summary>
    public long Results { get; init; }

    /// <summary>Seconds of serving so far, over all starts.</summary>
    public double ServedSeconds { get; init; }

    /// <summary>Whether its rule forbids an automatic return below the floor.</summary>
    public bool Hard { get; init; }

    /// <summary>Milliseconds that 95 of 100 inferences of the model before it kept within; null where that is not known.</summary>
    public double? P95BeforeMs { get; init; }

    /// <summary>Resident memory of the agent with the model before it; null where that is not known.</summary>
    public long? RssBeforeBytes { get; init; }
}

/// <summary>
/// What a managed model's commit point says. Transitions are pure: each gives the next state or a fault that says why not, and nothing has
/// happened before that state is written.
/// </summary>
internal sealed record ModelSlots
{
    /// <summary>Names form and version of the file.</summary>
    public const string SchemaName = "edgeinfer/slots/1";

    /// <summary>Starts of a trial that may end badly.</summary>
    public const int AttemptLimit = 3;

    /// <summary>Names form and version of the file.</summary>
    public string Schema { get; init; } = SchemaName;

    /// <summary>The model's name on this device.</summary>
    public required string Model { get; init; }

    /// <summary>What serves, and what a trial's failure goes back to.</summary>
    public Generation? Active { get; init; }

    /// <summary>What was active before.</summary>
    public Generation? Previous { get; init; }

    /// <summary>What is on trial.</summary>
    public SlotTrial? Trial { get; init; }

    /// <summary>The lowest number that a release may have: the highest that was committed, or what a release was revoked below.</summary>
    public long Floor { get; init; }

    /// <summary>Releases below this number were taken back by their publisher: nobody returns to one, whatever the rules of a return say; 0 for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long RevokedBelow { get; init; }

    /// <summary>The number that an operator holds the model at; null where it follows its releases.</summary>
    public long? Pin { get; init; }

    /// <summary>Whether the active generation's rule forbids an automatic return below the floor.</summary>
    public bool Hard { get; init; }

    /// <summary>What serves when the agent starts: the trial, else what is active; null where there is neither.</summary>
    [JsonIgnore]
    public Generation? Serving => Trial?.Generation ?? Active;

    /// <summary>The generations that must stay.</summary>
    [JsonIgnore]
    public IEnumerable<Generation> Named => new[] { Active, Previous, Trial?.Generation }.OfType<Generation>();

    /// <summary>The model that was there before any release becomes the first active generation.</summary>
    /// <exception cref="FaultException">There is one already.</exception>
    public ModelSlots AdoptInitial(Generation initial)
    {
        if (Active is not null || Trial is not null) throw Refused("a model of this device cannot become the first generation: there is one", "'edgeinfer model activate' changes what is active");
        return this with { Active = initial };
    }

    /// <summary>A generation goes on trial.</summary>
    /// <param name="generation">It is placed.</param>
    /// <param name="hard">Whether its rule forbids an automatic return below the floor.</param>
    /// <param name="now">UTC.</param>
    /// <exception cref="UpdateException">Rollback: its number is below the floor.</exception>
    /// <exception cref="FaultException">It is active, another one is on trial, or the model is pinned.</exception>
    public ModelSlots BeginTrial(Generation generation, bool hard, DateTimeOffset now) => BeginTrial(generation, hard, null, null, now);

    /// <inheritdoc cref="BeginTrial(Generation, bool, DateTimeOffset)"/>
    /// <param name="generation">It is placed.</param>
    /// <param name="hard">Whether its rule forbids an automatic return below the floor.</param>
    /// <param name="p95BeforeMs">What the model before it took.</param>
    /// <param name="rssBeforeBytes">What the agent took with it.</param>
    /// <param name="now">UTC.</param>
    public ModelSlots BeginTrial(Generation generation, bool hard, double? p95BeforeMs, long? rssBeforeBytes, DateTimeOffset now)
    {
        if (Trial is { } trial) throw Refused($"no trial of {generation} can begin: {trial.Generation} is on trial", "let that trial end, or roll back");
        if (Pin is { } pin) throw Refused(string.Create(CultureInfo.InvariantCulture, $"no trial of {generation} can begin: the model is pinned to {pin}"), "'edgeinfer update resume MODEL' lets it follow its releases again");
        if (generation.IsSame(Active)) throw Refused($"no trial of {generation} can begin: it is active", "nothing is to be done");
        CheckFloor(generation, "no trial of it can begin");
        return this with { Trial = new() { Generation = generation, Began = now, Hard = hard, P95BeforeMs = p95BeforeMs, RssBeforeBytes = rssBeforeBytes } };
    }

    /// <summary>The generation on trial is about to be loaded. Written before it is, so that a load that kills the agent counts.</summary>
    /// <exception cref="FaultException">Nothing is on trial, or it has used up its starts.</exception>
    public ModelSlots NoteAttempt()
    {
        SlotTrial trial = OnTrial("no start can be counted");
        if (trial.Attempts >= AttemptLimit) throw UpdateException.Of(UpdateCode.Crash, Model, $"{trial.Generation} was started {AttemptLimit} times on trial, and none of them ended well", "it is rolled back");
        return this with { Trial = trial with { Attempts = trial.Attempts + 1 } };
    }

    /// <summary>The start that was counted last has ended well, or has given so many results that what ends it later is not held against the model.</summary>
    /// <exception cref="FaultException">Nothing is on trial, or no start was counted.</exception>
    public ModelSlots SettleAttempt()
    {
        SlotTrial trial = OnTrial("no start can be settled");
        if (trial.Attempts == 0) throw Refused("no start of the trial was counted", "this is a defect of EdgeInfer: report it");
        return this with { Trial = trial with { Attempts = trial.Attempts - 1 } };
    }

    /// <summary>How far the trial has come, so that a power cut every night does not keep it from its end.</summary>
    /// <param name="results">Over all starts.</param>
    /// <param name="served">Over all starts.</param>
    /// <exception cref="FaultException">Nothing is on trial, or it was further already.</exception>
    public ModelSlots NoteProgress(long results, TimeSpan served)
    {
        SlotTrial trial = OnTrial("no results can be counted");
        if (results < trial.Results || served.TotalSeconds < trial.ServedSeconds) throw Refused("the trial was further already", "this is a defect of EdgeInfer: report it");
        return this with { Trial = trial with { Results = results, ServedSeconds = served.TotalSeconds } };
    }

    /// <summary>The trial has ended well: its generation is active, what was active is what one may go back to, and the floor rises.</summary>
    /// <exception cref="FaultException">Nothing is on trial.</exception>
    public ModelSlots Commit()
    {
        SlotTrial trial = OnTrial("nothing can be committed");
        return this with { Active = trial.Generation, Previous = Active, Trial = null, Floor = Math.Max(Floor, trial.Generation.Seq), Hard = trial.Hard };
    }

    /// <summary>
    /// Back to the model before: from a trial to what is active, else to what was active before. Below the floor only where no rule forbids it. What is
    /// active was never left, so that a trial's end goes back to it though it is revoked.
    /// </summary>
    /// <exception cref="UpdateException">Rollback: it is below the floor, and the rule forbids that. Revoked.</exception>
    /// <exception cref="FaultException">There is none.</exception>
    public ModelSlots RollBack()
    {
        if (Trial is { } trial)
        {
            if (trial.Hard && Active is { } active) CheckFloor(active, $"{trial.Generation} cannot be rolled back to it, by its rule");
            return this with { Trial = null };
        }

        if (Previous is not { } previous) throw Refused("there is no generation to go back to", "'edgeinfer update status' shows what is there");
        if (Pin is { } pin) throw Refused(string.Create(CultureInfo.InvariantCulture, $"the model is pinned to {pin}"), "let it follow its releases again first: edgeinfer update resume MODEL");
        if (Hard) CheckFloor(previous, $"{Active} cannot be rolled back to it, by its rule");
        CheckRevoked(previous);
        // What was just left is not what anything may go back to by itself.
        return this with { Active = previous, Previous = null, Hard = false };
    }

    /// <summary>An operator chooses a generation; what was active is what one may go back to.</summary>
    /// <exception cref="UpdateException">Rollback: it is below the floor, and not the previous one or that is forbidden. Revoked.</exception>
    /// <exception cref="FaultException">It is active, a trial is under way, or the model is pinned.</exception>
    public ModelSlots Activate(Generation generation)
    {
        if (Trial is { } trial) throw Refused($"{generation} cannot be activated: {trial.Generation} is on trial", "let that trial end, or roll back");
        if (generation.IsSame(Active)) throw Refused($"{generation} is active already", "nothing is to be done");
        if (Pin is { } pin) throw Refused(string.Create(CultureInfo.InvariantCulture, $"{generation} cannot be activated: the model is pinned to {pin}"), "let it follow its releases again first: edgeinfer update resume MODEL");
        if (Hard || !generation.IsSame(Previous)) CheckFloor(generation, "it cannot be activated");
        CheckRevoked(generation);
        return this with { Active = generation, Previous = Active, Floor = Math.Max(Floor, generation.Seq), Hard = false };
    }

    /// <summary>An operator holds the model at what is active.</summary>
    /// <exception cref="FaultException">Nothing is active, a trial is under way, or it is pinned.</exception>
    public ModelSlots PinActive()
    {
        if (Trial is { } trial) throw Refused($"the model cannot be pinned: {trial.Generation} is on trial", "let that trial end, or roll back");
        if (Active is not { } active) throw Refused("the model cannot be pinned: nothing is active", "pin it once a release is committed");
        if (Pin is { } pin) throw Refused(string.Create(CultureInfo.InvariantCulture, $"the model is pinned to {pin} already"), "nothing is to be done");
        return this with { Pin = active.Seq };
    }

    /// <summary>The model follows its releases again.</summary>
    /// <exception cref="FaultException">It is not pinned.</exception>
    public ModelSlots Unpin() => Pin is null ? throw Refused("the model is not pinned", "nothing is to be done") : this with { Pin = null };

    /// <summary>Releases below a number were taken back: they are no longer taken, and nobody returns to one. A number below an earlier one changes nothing.</summary>
    public ModelSlots RaiseFloor(long floor)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(floor, Generation.SeqLimit);
        return this with { Floor = Math.Max(Floor, floor), RevokedBelow = Math.Max(RevokedBelow, floor) };
    }

    /// <summary>What is wrong with what was read; null where nothing is.</summary>
    /// <param name="model">The model whose file it is.</param>
    public string? WhyNot(string model)
    {
        if (Schema != SchemaName) return $"it has the schema '{OneLine.Of(Schema)}' instead of '{SchemaName}'";
        if (Model != model) return $"it is of the model '{OneLine.Of(Model)}'";
        if (Named.Any(static g => !g.IsSound)) return "a generation has no sound number, digest or version";
        if (Floor is < 0 or > Generation.SeqLimit || RevokedBelow < 0 || RevokedBelow > Floor || Pin is < 0 or > Generation.SeqLimit) return "floor or pin is no number of a release";
        if (Trial is { } trial && (trial.Attempts is < 0 or > AttemptLimit || trial.Results < 0 || !(trial.ServedSeconds >= 0) || trial.Generation.IsSame(Active))) return "the trial is none";
        if (Pin is { } pin && (Trial is not null || Active?.Seq != pin)) return "it is pinned to what is not active";
        return Previous is not null && Previous.IsSame(Active) ? "two slots are the same" : null;
    }

    private SlotTrial OnTrial(string what) => Trial ?? throw Refused($"{what}: nothing is on trial", "'edgeinfer update status' shows what is under way");

    private void CheckFloor(Generation generation, string what)
    {
        if (generation.Seq >= Floor) return;
        throw UpdateException.Of(
            UpdateCode.Rollback, Model, string.Create(CultureInfo.InvariantCulture, $"{generation} is older than {Floor}, the oldest that this device takes: {what}"), "publish what is wanted under a higher number");
    }

    // What this device began with is no release, and nobody can take it back.
    private void CheckRevoked(Generation generation)
    {
        if (generation.Seq == 0 || generation.Seq >= RevokedBelow) return;
        throw UpdateException.Of(
            UpdateCode.Revoked, Model, string.Create(CultureInfo.InvariantCulture, $"{generation} was taken back by its publisher, as all below {RevokedBelow}"), "stay with what serves, or publish what is wanted under a higher number");
    }

    private FaultException Refused(string what, string cure) => FaultException.Of(FaultKind.Usage, Model, what, cure);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ModelSlots))]
internal sealed partial class SlotJson : JsonSerializerContext;
