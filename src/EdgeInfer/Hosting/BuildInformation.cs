using System.Reflection;

namespace EdgeInfer.Hosting;

/// <summary>What this executable is.</summary>
internal static class BuildInformation
{
    /// <summary>EdgeInfer's version.</summary>
    public static string Version { get; } = typeof(BuildInformation).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}
