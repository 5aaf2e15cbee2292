using EdgeInfer.Posix;

namespace EdgeInfer.Serving;

/// <summary>This process as the kernel sees it, at one moment.</summary>
/// <param name="Version">EdgeInfer's version.</param>
/// <param name="ResidentBytes">Memory it holds.</param>
/// <param name="ManagedBytes">Of that, what .NET's heap holds.</param>
/// <param name="LimitBytes">The most that its control groups allow; null for no limit.</param>
/// <param name="Processor">Processor time since its start, user and system.</param>
internal sealed record ProcessReadings(string Version, long ResidentBytes, long ManagedBytes, long? LimitBytes, TimeSpan Processor)
{
    /// <summary>Reads them.</summary>
    /// <param name="version">EdgeInfer's version.</param>
    public static ProcessReadings Read(string version)
        => new(version, Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: false), MemoryLimit.Read("/"), Environment.CpuUsage.TotalTime);
}
