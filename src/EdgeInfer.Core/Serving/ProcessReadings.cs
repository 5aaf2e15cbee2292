using EdgeInfer.Posix;

namespace EdgeInfer.Serving;

/// <summary>This process as the kernel sees it, at one moment.</summary>
/// <param name="Version">EdgeInfer's version.</param>
/// <param name="ResidentBytes">Memory it holds.</param>
/// <param name="ManagedBytes">Of that, what .NET's heap holds.</param>
/// <param name="Processor">Processor time since its start, user and system.</param>
/// <param name="Group">Memory of the control group that limits it the most; null where none does.</param>
internal sealed record ProcessReadings(string Version, long ResidentBytes, long ManagedBytes, TimeSpan Processor, GroupMemory? Group)
{
    /// <summary>Reads them.</summary>
    /// <param name="version">EdgeInfer's version.</param>
    /// <param name="systemText">Text of a file by which the system describes itself.</param>
    public static ProcessReadings Read(string version, Func<string, string?> systemText)
        => new(version, Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: false), Environment.CpuUsage.TotalTime, GroupMemory.Read(systemText));
}
