namespace EdgeInfer.Diagnosis;

/// <summary>
/// What kind of thing was found, for programs: the name in snake case is the <c>id</c> of <c>doctor --json</c>, stays, and never means
/// anything else. docs/doctor.md says what each means; a test holds it, the schema and this list together.
/// </summary>
#pragma warning disable CS1591 // docs/doctor.md describes them, one line each.
internal enum FindingId
{
    // Any section.
    ExaminationLate, ExaminationDefect,

    // configuration
    ConfigurationAbsent, ConfigurationFault, ConfigurationWarning, ConfigurationSound,

    // broker
    BrokerLetsIn, BrokerRefuses, BrokerCloses, BrokerPortFree, BrokerPortTaken, BrokerPortUnusable,

    // pipelines
    SourceReady, SourceNotTried, SourceFault, SourceNotAllowed, SourceRaw, SourceHeld, SourceModeDiffers, SourceNoPicture, SourceSilent, SourceProgramAbsent, SourceAbsent,

    // models
    ModelRuns, ModelNotTried, ModelTooLarge, ModelFault, ModelFallsBack,

    // cameras
    CameraFound, CameraListFailed, CameraListAbsent, CameraNone, CameraNotAllowed, CameraFault, CameraShutterClosed, CameraRaw, CameraUnreadable,

    // runtime
    RuntimeLoaded, RuntimeFault, JpegFast, JpegSlow, ProviderAbsent, ProviderLibrariesMissing, ProviderNotLoaded, ProviderLoads,

    // Wherever native code is tried in a child.
    ProbeDied, ProbeHung, ProbeNotStarted,

    // gpu
    GpuNone, GpuUnitClosed, NvidiaReady, NvidiaDriverAbsent, NvidiaDriverNotLoaded, NvidiaNouveau, NvidiaDriverOld, NvidiaNodesAbsent, NvidiaNotAllowed,
    NvidiaLibraryAbsent, NvidiaLibraryMismatch, NvidiaContainer, CudaDriverReady, CudaDriverFault, CudaLibraries,
    JetsonRelease, JetsonRuntime, JetsonNodesAbsent, JetsonNotAllowed, IntelGpu, IntelNpu, AmdGpu, QualcommProcessor, AcceleratorUnused, AcceleratorNotAllowed,

    // programs
    CsiProgramFound, CsiProgramAbsent, FfmpegAbsent, FfmpegFound, FfmpegLacksDecoder,

    // service
    UserIsRoot, UserKnown, UserRightsComputed, UserMayNotReadConfiguration,

    // storage
    StorageRootReadOnly, StorageFull, StorageWritable, StorageNotWritable, OutboxLargerThanRoom, RunFolderAbsent, RunFolderNotWritable, RunFolderOnDisk, RunFolderReady,

    // memory
    MemoryUnknown, MemoryEnough, MemoryShort, MemoryTooLittle,

    // clock
    ClockSynced, ClockUnsynced, ClockWithoutBattery,

    // heat
    TemperatureUnknown, TemperatureHigh, TemperatureFine, ThrottlingUnknown, ThrottledNever, ThrottledNow, ThrottledBefore, PowerMode, FrequencyCapped, PowerProfileLow,
    PowerSupplyWeak, UsbOverCurrent,

    // processor
    ProcessorUnknown, ProcessorKnown, ProcessorInt8, ProcessorWithoutInt8, ProcessorAffinity, ProcessorThreads, ProcessorQuotaLow, ProcessorQuota, GovernorLow, GovernorFine,

    // machine
    MachineKnown, MachineContainer,

    // devices
    DeviceUsable, DeviceNotAllowed, DeviceNone,
}
#pragma warning restore CS1591

/// <summary>The names of <see cref="FindingId"/> as programs see them.</summary>
internal static class FindingIds
{
    /// <summary>All, in the order of the sections.</summary>
    public static IReadOnlyList<string> Names => [.. Enum.GetValues<FindingId>().Select(NameOf)];

    /// <summary>In snake case: <c>gpu_none</c>.</summary>
    public static string NameOf(FindingId id)
        => string.Concat(id.ToString().Select(static (letter, at) => char.IsAsciiLetterUpper(letter) ? $"{(at > 0 ? "_" : "")}{char.ToLowerInvariant(letter)}" : letter.ToString()));
}
