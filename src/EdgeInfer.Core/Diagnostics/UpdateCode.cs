namespace EdgeInfer.Diagnostics;

/// <summary>Why a device does not take a model update, or does not keep it.</summary>
public enum UpdateCode
{
    /// <summary>Signed metadata is past its date, or nothing newer than what has expired could be had.</summary>
    Expired,

    /// <summary>Metadata or a model is older than what this device has accepted already.</summary>
    Rollback,

    /// <summary>A signature does not fit, or metadata are not in the form that the specification demands.</summary>
    Signature,

    /// <summary>Fewer valid signatures of different keys than the role's threshold.</summary>
    Threshold,

    /// <summary>The release needs a newer EdgeInfer.</summary>
    AgentTooOld,

    /// <summary>The release is for other devices: architecture, execution provider, memory.</summary>
    Unsuited,

    /// <summary>No room on the disk. Tried again.</summary>
    Space,

    /// <summary>The repository or the registry cannot be reached, or breaks off. Tried again.</summary>
    Network,

    /// <summary>Bytes have another digest than the signed one.</summary>
    Digest,

    /// <summary>More or fewer bytes than signed, or more than is taken at all.</summary>
    Size,

    /// <summary>The release's manifest or graph is damaged, hostile, or uses what is not allowed.</summary>
    Inspect,

    /// <summary>The model's contract is incomplete, or lacks a label that the configuration or the golden inputs use.</summary>
    Contract,

    /// <summary>Results for the golden inputs differ from those expected.</summary>
    Golden,

    /// <summary>The measured accuracy is below the gate.</summary>
    Metric,

    /// <summary>The probe was too slow.</summary>
    Latency,

    /// <summary>The model needs more memory than it may have.</summary>
    Memory,

    /// <summary>The probe, or the agent on trial, ended by a signal or uncleanly.</summary>
    Crash,

    /// <summary>The probe did not end in time.</summary>
    Hang,

    /// <summary>Errors or results that are no numbers while on trial.</summary>
    TrialErrors,

    /// <summary>Slower on trial than the model before it.</summary>
    TrialLatency,

    /// <summary>The release was revoked.</summary>
    Revoked,
}

/// <summary>The words and kinds of <see cref="UpdateCode"/>.</summary>
public static class UpdateCodes
{
    /// <summary>As messages and <c>update status</c> write it, for example <c>agent-too-old</c>.</summary>
    public static string Word(this UpdateCode code) => code switch
    {
        UpdateCode.Expired => "expired",
        UpdateCode.Rollback => "rollback",
        UpdateCode.Signature => "signature",
        UpdateCode.Threshold => "threshold",
        UpdateCode.AgentTooOld => "agent-too-old",
        UpdateCode.Unsuited => "unsuited",
        UpdateCode.Space => "space",
        UpdateCode.Network => "network",
        UpdateCode.Digest => "digest",
        UpdateCode.Size => "size",
        UpdateCode.Inspect => "inspect",
        UpdateCode.Contract => "contract",
        UpdateCode.Golden => "golden",
        UpdateCode.Metric => "metric",
        UpdateCode.Latency => "latency",
        UpdateCode.Memory => "memory",
        UpdateCode.Crash => "crash",
        UpdateCode.Hang => "hang",
        UpdateCode.TrialErrors => "trial-errors",
        UpdateCode.TrialLatency => "trial-latency",
        UpdateCode.Revoked => "revoked",
        _ => throw new ArgumentOutOfRangeException(nameof(code)),
    };

    /// <summary>The code of a word; null where there is none.</summary>
    public static UpdateCode? OfWord(string word)
    {
        foreach (UpdateCode code in Enum.GetValues<UpdateCode>())
            if (code.Word() == word) return code;
        return null;
    }

    /// <summary>Whether it says nothing about the release, which is then tried again by itself.</summary>
    public static bool IsPassing(this UpdateCode code) => code is UpdateCode.Network or UpdateCode.Space;
}

/// <summary>An update is not taken: a fault with the code that a fleet is told.</summary>
/// <param name="code">The code.</param>
/// <param name="fault">What, where and what to do.</param>
/// <param name="inner">Its cause.</param>
public sealed class UpdateException(UpdateCode code, Fault fault, Exception? inner = null) : FaultException(fault, inner)
{
    /// <summary>The code.</summary>
    public UpdateCode Code { get; } = code;

    /// <summary>Builds the exception; the exit code follows from the code.</summary>
    public static UpdateException Of(UpdateCode code, string where, string what, string cure = "", Exception? inner = null)
        => new(code, new Fault(KindOf(code), where, what, cure), inner);

    private static FaultKind KindOf(UpdateCode code) => code switch
    {
        UpdateCode.Network => FaultKind.Unavailable,
        UpdateCode.Space => FaultKind.InputOutput,
        _ => FaultKind.Data,
    };
}
