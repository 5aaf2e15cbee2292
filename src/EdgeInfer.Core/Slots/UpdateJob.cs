using System.Text.Json.Serialization;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Slots;

/// <summary>How far an update has come. The order is the order of the arrows.</summary>
internal enum JobState
{
    /// <summary>A hint or a poll says that there may be something.</summary>
    Offered,

    /// <summary>Signed metadata are being brought up to date.</summary>
    Metadata,

    /// <summary>The release is signed, for this device, and not one that was refused.</summary>
    Admitted,

    /// <summary>Its files are being fetched.</summary>
    Fetching,

    /// <summary>They are here, with the right digests.</summary>
    Verified,

    /// <summary>The graph is allowed.</summary>
    Inspected,

    /// <summary>A child has run it, and it passed the gate.</summary>
    Probed,

    /// <summary>Its generation is placed.</summary>
    Staged,

    /// <summary>It waits for the window, or for an operator.</summary>
    Window,

    /// <summary>It serves on trial.</summary>
    Trial,

    /// <summary>It serves. An end.</summary>
    Committed,

    /// <summary>The model before it serves again. An end.</summary>
    RolledBack,

    /// <summary>It was not taken. An end.</summary>
    Failed,
}

/// <summary>The words of <see cref="JobState"/>.</summary>
internal static class JobStates
{
    /// <summary>As messages and files write it.</summary>
    public static string Word(this JobState state) => state == JobState.RolledBack ? "rolled_back" : state.ToString().ToLowerInvariant();

    /// <summary>The state of a word; null where there is none.</summary>
    public static JobState? OfWord(string word)
    {
        foreach (JobState state in Enum.GetValues<JobState>())
            if (state.Word() == word) return state;
        return null;
    }

    /// <summary>Whether nothing follows.</summary>
    public static bool IsEnd(this JobState state) => state is JobState.Committed or JobState.RolledBack or JobState.Failed;

    /// <summary>
    /// Whether one state may follow another: the next arrow; before the trial any earlier one, since what was fetched may turn out damaged
    /// and metadata grow old; a failure from anywhere before the trial's end; committed and rolled back only from the trial.
    /// </summary>
    public static bool MayFollow(this JobState next, JobState state)
    {
        if (state.IsEnd()) return false;
        return next switch
        {
            JobState.Failed => true,
            JobState.Committed or JobState.RolledBack => state == JobState.Trial,
            _ => next == state + 1 || (next < state && state < JobState.Trial),
        };
    }
}

/// <summary>What a job is about.</summary>
/// <param name="Path">Of the signed target, such as <c>models/parts/12</c>.</param>
/// <param name="Manifest">sha256 of its manifest.</param>
/// <param name="Seq">Its number.</param>
/// <param name="Version">What its publisher calls it; null where that is not said.</param>
internal sealed record JobTarget(string Path, string Manifest, long Seq, string? Version = null);

/// <summary>The running or last update of a model, as it is kept over restarts.</summary>
internal sealed record UpdateJob
{
    /// <summary>Longest reason; what is longer is cut.</summary>
    public const int ReasonLimit = 500;

    /// <summary>The model.</summary>
    public required string Model { get; init; }

    /// <summary>What it is about; null as long as that is not known.</summary>
    public JobTarget? Target { get; init; }

    /// <summary>How far it is.</summary>
    [JsonConverter(typeof(JobStateConverter))]
    public required JobState State { get; init; }

    /// <summary>Why it ended, or waits.</summary>
    [JsonConverter(typeof(UpdateCodeConverter))]
    public UpdateCode? Code { get; init; }

    /// <summary>The same in one line.</summary>
    public string? Reason { get; init; }

    /// <summary>When the job began, UTC.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>When it came to this state, UTC.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>How often this state was tried again.</summary>
    public int Retries { get; init; }

    /// <summary>Not to be tried again before this, UTC; null where nothing is waited for.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Whether an operator has released it to go live.</summary>
    public bool Approved { get; init; }

    /// <summary>Digests of what it has fetched, or is about to: they stay as long as it runs.</summary>
    public IReadOnlyList<string> Blobs { get; init; } = [];

    /// <summary>Whether it goes on.</summary>
    [JsonIgnore]
    public bool IsRunning => !State.IsEnd();

    /// <summary>A job begins.</summary>
    public static UpdateJob Offer(string model, DateTimeOffset now) => new() { Model = model, State = JobState.Offered, Began = now, Since = now };

    /// <summary>The next state.</summary>
    /// <exception cref="InvalidOperationException">It may not follow this one, or is an end that needs its reason.</exception>
    public UpdateJob MoveTo(JobState next, DateTimeOffset now)
    {
        if (next is JobState.Failed or JobState.RolledBack) throw new InvalidOperationException($"{next.Word()} needs its code and reason");
        return Moved(next, now) with { Code = null, Reason = null };
    }

    /// <summary>It was not taken.</summary>
    /// <exception cref="InvalidOperationException">It has ended already.</exception>
    public UpdateJob Fail(UpdateCode code, string reason, DateTimeOffset now) => Moved(JobState.Failed, now) with { Code = code, Reason = Line(reason) };

    /// <summary>The trial has failed.</summary>
    /// <param name="code">Why; null where an operator wanted it.</param>
    /// <param name="reason">The same in one line.</param>
    /// <param name="now">UTC.</param>
    /// <exception cref="InvalidOperationException">Nothing is on trial.</exception>
    public UpdateJob RollBack(UpdateCode? code, string reason, DateTimeOffset now) => Moved(JobState.RolledBack, now) with { Code = code, Reason = Line(reason) };

    /// <summary>It is tried again later.</summary>
    /// <param name="code">What stands in the way; null where it is no fault (a window).</param>
    /// <param name="reason">The same in one line.</param>
    /// <param name="notBefore">UTC.</param>
    /// <exception cref="InvalidOperationException">It has ended.</exception>
    public UpdateJob Wait(UpdateCode? code, string reason, DateTimeOffset notBefore)
    {
        if (!IsRunning) throw new InvalidOperationException($"a job that is {State.Word()} waits for nothing");
        return this with { Code = code, Reason = Line(reason), Retries = Retries + 1, NotBefore = notBefore };
    }

    /// <summary>Whether what was read is one.</summary>
    public bool IsSound(string model) => Model == model && Retries >= 0 && Blobs.All(BlobName.IsValid)
        && (Target is not { } target || (BlobName.IsValid(target.Manifest) && target.Seq is >= 0 and <= Generation.SeqLimit));

    private UpdateJob Moved(JobState next, DateTimeOffset now)
    {
        if (!next.MayFollow(State)) throw new InvalidOperationException($"{next.Word()} does not follow {State.Word()}");
        return this with { State = next, Since = now, Retries = next < State ? Retries : 0, NotBefore = null };
    }

    /// <summary>A reason in one line of bounded length.</summary>
    internal static string Line(string reason)
    {
        string line = OneLine.Of(reason);
        return line.Length > ReasonLimit ? line[..ReasonLimit] + "…" : line;
    }
}
