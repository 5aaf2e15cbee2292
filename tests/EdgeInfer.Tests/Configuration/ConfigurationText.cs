using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

/// <summary>Reads configuration texts as if they stood in <c>edge.yaml</c> of a folder, with an environment and a machine of the test's own.</summary>
internal static class ConfigurationText
{
    /// <summary>The smallest configuration there is; tests add to it.</summary>
    public const string Smallest = """
        mqtt: { url: mqtt://broker.plant }
        models: { parts: { path: /models/parts } }
        pipelines:
          belt:
            source: { camera: /dev/video0 }
            model: parts

        """;

    public static HostIdentity Machine { get; } = new("press-3", "c0ffee");

    public static (AgentConfiguration? Configuration, FaultList Faults) Read(
        string text, string path = "edge.yaml", HostIdentity? host = null, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        FaultList faults = new();
        return (Reader(host, environment).ReadText(text, path, faults), faults);
    }

    public static AgentConfigurationReader Reader(HostIdentity? host = null, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        Dictionary<string, string> variables = [];
        foreach ((string name, string value) in environment) variables[name] = value;
        return new(variables, host ?? Machine);
    }

    /// <summary>The configuration of a text that must have no fault.</summary>
    public static AgentConfiguration Good(string text, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        (AgentConfiguration? configuration, FaultList faults) = Read(text, environment: environment);
        Assert.Equal([], faults.Faults.Select(f => f.ToString()));
        return configuration!;
    }

    /// <summary>The faults of a text, one line each.</summary>
    public static string[] Faults(string text, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        (AgentConfiguration? configuration, FaultList faults) = Read(text, environment: environment);
        Assert.True(faults.IsEmpty == configuration is not null, "a configuration comes exactly where there is no fault");
        Assert.All(faults.Faults, f => Assert.Equal(FaultKind.Configuration, f.Kind));
        return [.. faults.Faults.Select(f => f.ToString())];
    }
}
