using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeInfer.Admission;
using EdgeInfer.Results;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing.Fleet;

/// <summary>A device that has not (or not yet) what its rollout wants, in <see cref="FleetReport"/>.</summary>
/// <param name="Id">The device's id.</param>
/// <param name="Standing">How far it is.</param>
/// <param name="Serves">Number of what serves; null where nothing does.</param>
internal sealed record OpenDevice(string Id, DeviceStanding Standing, long? Serves);

/// <summary>The devices for which a rollout names one release, in <see cref="FleetReport"/>.</summary>
/// <param name="Release">The release; null for devices that no rule is for.</param>
/// <param name="Devices">How many.</param>
/// <param name="States">How many of them are how far; states that nobody is in are absent.</param>
/// <param name="Open">Those that have not committed, in the order of their ids.</param>
internal sealed record ReleaseCount(ReleasePath? Release, int Devices, IReadOnlyDictionary<DeviceState, int> States, IReadOnlyList<OpenDevice> Open)
{
    /// <summary>How many are so far.</summary>
    public int this[DeviceState state] => States.GetValueOrDefault(state);
}

/// <summary>A model in <see cref="FleetReport"/>.</summary>
/// <param name="Model">What devices call it.</param>
/// <param name="IsHeld">Whether its rollout is held: no device begins anything.</param>
/// <param name="Releases">What the rollout wants where (as if it were not held), the newest first.</param>
internal sealed record ModelCount(string Model, bool IsHeld, IReadOnlyList<ReleaseCount> Releases);

/// <summary>How far a fleet is with what is published: <c>edgeinfer/fleet/1</c>.</summary>
/// <param name="At">When it was counted, UTC.</param>
/// <param name="Models">Models that have a rollout, or of which devices speak, in the order of their names.</param>
internal sealed record FleetReport(DateTimeOffset At, IReadOnlyList<ModelCount> Models)
{
    private static readonly DeviceState[] s_states = Enum.GetValues<DeviceState>();

    /// <summary>Counts.</summary>
    /// <param name="desk">What is published.</param>
    /// <param name="book">What the fleet says.</param>
    public static FleetReport Of(ReleaseDesk desk, FleetBook book)
    {
        IEnumerable<string> models = PublishedRollout.Models(desk).Concat(book.Models).Distinct().Order(StringComparer.Ordinal);
        return new(desk.Time.GetUtcNow(), [.. models.Select(m => Of(m, PublishedRollout.Read(desk, m), desk.Published.Models.Document, book.Devices(m)))]);
    }

    /// <summary>Counts one model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rollout">Its rollout; null where there is none.</param>
    /// <param name="releases">What is published of all models.</param>
    /// <param name="devices">Devices that have it.</param>
    public static ModelCount Of(string model, RolloutDocument? rollout, TargetsDocument releases, IReadOnlyList<FleetDevice> devices)
    {
        bool isHeld = rollout is not null && ReleaseRollout.IsHeld(rollout.Rules);
        RolloutDocument? wanted = isHeld ? RolloutDocument.Of(model, [.. rollout!.Rules.Skip(1)]) : rollout;
        ReleaseCount[] counts = [.. devices.GroupBy(d => wanted?.Decide(d.Id, d.Labels).Target)
            .OrderByDescending(static g => g.Key?.Sequence ?? 0).ThenBy(static g => g.Key?.Variant, StringComparer.Ordinal)
            .Select(g => Count(g.Key, PublishedRollout.ManifestOf(releases, g.Key), [.. g]))];
        return new(model, isHeld, counts);
    }

    /// <summary>The report as JSON.</summary>
    /// <param name="isIndented">For people.</param>
    public byte[] Encode(bool isIndented = false)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new() { Indented = isIndented, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("schema", "edgeinfer/fleet/1");
            Span<byte> at = stackalloc byte[Rfc3339.Length];
            Rfc3339.Write(At, at);
            json.WriteString("at", at);
            json.WriteStartArray("models");
            foreach (ModelCount model in Models)
            {
                json.WriteStartObject();
                json.WriteString("model", model.Model);
                json.WriteBoolean("held", model.IsHeld);
                json.WriteStartArray("releases");
                foreach (ReleaseCount count in model.Releases) Write(json, count);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter json, ReleaseCount count)
    {
        json.WriteStartObject();
        if (count.Release is { } release)
        {
            json.WriteString("release", release.ToString());
            json.WriteNumber("seq", release.Sequence);
        }

        json.WriteNumber("devices", count.Devices);
        foreach (DeviceState state in s_states) json.WriteNumber(DeviceStanding.WordOf(state), count[state]);
        json.WriteStartArray("open");
        foreach (OpenDevice device in count.Open)
        {
            json.WriteStartObject();
            json.WriteString("device", device.Id);
            json.WriteString("state", DeviceStanding.WordOf(device.Standing.State));
            if (device.Standing.Code is { } code) json.WriteString("code", code);
            if (device.Standing.Reason is { } reason) json.WriteString("reason", reason);
            if (device.Serves is { } serves) json.WriteNumber("serves", serves);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static ReleaseCount Count(ReleasePath? release, string? manifest, IReadOnlyList<FleetDevice> devices)
    {
        Dictionary<DeviceState, int> states = [];
        List<OpenDevice> open = [];
        foreach (FleetDevice device in devices)
        {
            DeviceStanding standing = DeviceStanding.Of(device, manifest);
            states[standing.State] = states.GetValueOrDefault(standing.State) + 1;
            if (standing.State != DeviceState.Committed) open.Add(new(device.Id, standing, device.Update.ActiveSeq));
        }

        return new(release, devices.Count, states, open);
    }
}
