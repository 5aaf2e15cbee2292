using System.Text.RegularExpressions;

namespace EdgeInfer.Configuration;

/// <summary>Reads <c>device</c>.</summary>
internal sealed partial class DeviceReader(ReadingContext context)
{
    private const int MostLabels = 64;

    /// <summary>The device, with its default id where none is written.</summary>
    public DeviceOptions Read(MappingReader root)
    {
        Dictionary<string, string> labels = new(StringComparer.Ordinal);
        if (root.Mapping("device") is not { } device) return new(context.Host.DeviceId(context.File, context.Faults), labels);

        string? id = device.Text("id");
        if (id is not null && !Id().IsMatch(id)) device.Fault("id", $"found {Quoted.Text(id)}", "expected 1 to 64 of A-Z, a-z, 0-9, _ and -");
        if (device.Mapping("labels") is { } written)
        {
            if (written.Entries.Count > MostLabels) device.Fault("labels", $"{written.Entries.Count} labels", $"at most {MostLabels}");
            foreach ((YamlScalar key, _) in written.Entries)
                if (written.Text(key.Value) is { } text) labels.TryAdd(key.Value, text);
        }

        device.Close();
        return new(id ?? context.Host.DeviceId(context.File, context.Faults), labels);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Id();
}
