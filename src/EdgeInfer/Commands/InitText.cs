using EdgeInfer.Diagnosis;

namespace EdgeInfer.Commands;

/// <summary>What <c>init</c> says: what it found, what it asked, and what to type next.</summary>
internal sealed class InitText(TextWriter output, Surroundings found)
{
    /// <summary>What was found.</summary>
    public void Findings()
    {
        Row("cameras", [.. found.Cameras.Select(Camera)], "none (no /dev/video* node captures)");
        Row("brokers", [.. found.Brokers.Where(static b => b.Answer != BrokerAnswer.Silent).Select(Broker), .. Silent()], "none");
        Row("models", [.. found.Models.Select(Model)], "none");
        Row("ffmpeg", found.Programs.TryGetValue(Surroundings.Ffmpeg, out string? path) ? [path] : [], "not installed; rtsp:// streams and videos need it: apt-get install ffmpeg");
    }

    /// <summary>What was written, and the next commands.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="isDefault">Whether every verb finds it without being told.</param>
    /// <param name="hasUnit">Whether the service manager has a unit that serves it.</param>
    public void Written(string file, bool isDefault, bool hasUnit)
    {
        string named = isDefault ? "" : $" -c {DraftText.Value(file)}";
        output.WriteLine();
        output.WriteLine($"wrote {file}; next:");
        output.WriteLine($"  edgeinfer check{named}");
        // By the service, whose user could not write what root has left in its folders; it may run already.
        output.WriteLine(isDefault && hasUnit ? "  systemctl restart edgeinfer" : $"  edgeinfer run{named}");
        if (found.Cameras.Any(static c => c.Role == CameraRole.Unknown)) output.WriteLine("once the camera above may be opened, have it found: edgeinfer init --force");
    }

    private void Row(string name, IReadOnlyList<string> lines, string none)
    {
        string head = name;
        foreach (string line in lines.Count > 0 ? lines : [none])
        {
            output.WriteLine($"{head,-8}  {ReceivedText.Printable(line)}");
            head = "";
        }
    }

    private static string Camera(SurveyedCamera camera) => camera.Role switch
    {
        CameraRole.Unknown => $"{Name(camera)}: {camera.Trouble?.What}; {camera.Access?.Cure ?? camera.Trouble?.Cure}",
        CameraRole.Camera => $"{Name(camera)}: {CameraChoice.Of(camera.Offer)}" + (camera.Holder is null ? "" : ", in use now") + (camera.Access is { MayOpen: false, Cure: { } cure } ? $"; the service may not open it: {cure}" : ""),
        CameraRole.CsiReceiver => $"{Name(camera)}: a ribbon-cable camera's receiver, read as csi:0",
        CameraRole.Unreadable => $"{Name(camera)}: no format that EdgeInfer reads, only {camera.Offer.Names()}",
        _ => Name(camera),
    };

    private static string Name(SurveyedCamera camera) => camera.Name.Length == 0 ? camera.Path : $"{camera.Path} ({camera.Name})";

    private static string Broker(BrokerFinding broker)
    {
        string address = broker.Url.GetLeftPart(UriPartial.Authority);
        return broker.Answer switch
        {
            BrokerAnswer.Open => $"{address}: lets anyone in",
            BrokerAnswer.WantsPassword => $"{address}: wants a user name and a password",
            _ => $"{address}: {broker.Fault?.What}",
        };
    }

    private IEnumerable<string> Silent()
    {
        string[] silent = [.. found.Brokers.Where(static b => b.Answer == BrokerAnswer.Silent).Select(static b => b.Url.Authority)];
        bool isNone = silent.Length == found.Brokers.Count;
        if (silent.Length > 0) yield return (isNone ? "none; asked " : "no answer: ") + string.Join(", ", silent);
    }

    private static string Model(ModelFinding model)
    {
        string place = model.Place switch { ModelPlace.Here => "in this folder", ModelPlace.Installed => "added", _ => "bundled" };
        if (model.IsReady) return $"{model.Name} ({place})";
        string missing = string.Join(", ", model.Missing.Select(static m => m.Key));
        return missing.Length > 0
            ? $"{model.Name} ({place}): not ready, choose {missing}: edgeinfer model inspect {DraftText.Value(Path.GetFileName(model.Path))} --write {DraftText.Value(model.Name)}"
            : $"{model.Name} ({place}): {model.Faults[0].What}";
    }
}
