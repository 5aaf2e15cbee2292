namespace EdgeInfer.Heat;

/// <summary>What each reason is called, and what to do about it: the same in the log, in the status and in doctor's report.</summary>
internal static class ThrottleWords
{
    /// <summary>What to do about heat.</summary>
    public const string CoolIt = "cool the device (a heat sink, a fan, more air), or lower fps";

    /// <summary>Each reason: its word in messages, what it means, and the cure.</summary>
    public static readonly IReadOnlyList<(ThrottleReasons Reason, string Word, string What, string Cure)> All =
    [
        (ThrottleReasons.UnderVoltage, "under_voltage", "the supply voltage is too low", "use the maker's power supply and a short cable; power cameras from a hub of their own"),
        (ThrottleReasons.FrequencyCapped, "frequency_capped", "the frequency is capped", "cool the device (a heat sink, a fan, more air), and check its power supply"),
        (ThrottleReasons.Throttled, "throttled", "the processor is throttled", "cool the device (a heat sink, a fan, more air), and check its power supply"),
        (ThrottleReasons.SoftLimit, "soft_temperature_limit", "the soft temperature limit is at work", "cool the device: a heat sink, a fan, more air"),
        (ThrottleReasons.OverCurrent, "over_current", "more current is drawn than the module may take", "choose a lower power mode (sudo nvpmodel -m N), or a stronger power supply"),
    ];

    /// <summary>The words of some reasons.</summary>
    public static IReadOnlyList<string> Of(ThrottleReasons reasons) => [.. All.Where(r => reasons.HasFlag(r.Reason)).Select(static r => r.Word)];
}
