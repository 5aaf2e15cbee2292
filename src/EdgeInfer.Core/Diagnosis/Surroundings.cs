namespace EdgeInfer.Diagnosis;

/// <summary>What a device has around it, as the surveys found it: what <c>init</c> writes a configuration from.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Cameras">Nodes that capture.</param>
/// <param name="Brokers">Every place that was asked for a broker, in the order of preference.</param>
/// <param name="Models">Models, in the order of preference.</param>
/// <param name="Programs">Paths of the helpers that are installed, by name.</param>
internal sealed record Surroundings(
    string Device, IReadOnlyList<SurveyedCamera> Cameras, IReadOnlyList<BrokerFinding> Brokers, IReadOnlyList<ModelFinding> Models, IReadOnlyDictionary<string, string> Programs)
{
    /// <summary>Where this user may keep the count of starts, where that is not the usual folder; null where it is.</summary>
    public string? StateFolder { get; init; }

    /// <summary>Where this user may keep optimised graphs, where that is not the usual folder; null where it is.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>Opens rtsp streams and videos.</summary>
    public const string Ffmpeg = "ffmpeg";

    /// <summary>Programs that read a ribbon-cable camera, in the order of preference.</summary>
    public static readonly IReadOnlyList<string> CsiPrograms = ["rpicam-vid", "libcamera-vid", "gst-launch-1.0"];

    /// <summary>The broker to publish to: one that lets anyone in, else one that wants a password; null for none.</summary>
    public BrokerFinding? Broker
        => Brokers.FirstOrDefault(static b => b.Answer == BrokerAnswer.Open) ?? Brokers.FirstOrDefault(static b => b.Answer == BrokerAnswer.WantsPassword);

    /// <summary>The model to serve; null where none is ready.</summary>
    public ModelFinding? Model => Models.FirstOrDefault(static m => m.IsReady);

    /// <summary>Cameras that EdgeInfer reads, each with its mode.</summary>
    public IReadOnlyList<(SurveyedCamera Camera, CameraChoice Mode)> Usable
        => [.. Cameras.Where(static c => c.Role == CameraRole.Camera).Select(static c => (c, CameraChoice.Of(c.Offer)!)).Where(static c => c.Item2 is not null)];

    /// <summary>Whether a ribbon-cable camera's receiver is there and a program that reads it.</summary>
    public bool HasCsi => Cameras.Any(static c => c.Role == CameraRole.CsiReceiver) && CsiPrograms.Any(Programs.ContainsKey);

    /// <summary>The helpers that are installed.</summary>
    /// <param name="path">The folders to look in, as in <c>PATH</c>.</param>
    public static Dictionary<string, string> FindPrograms(string path)
    {
        Dictionary<string, string> found = new(StringComparer.Ordinal);
        foreach (string name in (string[])[Ffmpeg, .. CsiPrograms])
        {
            string? file = path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
            if (file is not null) found.Add(name, file);
        }

        return found;
    }
}
