using System.Text.Json;
using EdgeInfer.Models;

namespace EdgeInfer.Releasing.Fleet;

/// <summary>A device that has a managed model.</summary>
/// <param name="Id">Its id.</param>
/// <param name="IsOnline">Whether its retained state says so.</param>
/// <param name="Labels">Its labels, as far as it has told them: a last will has none.</param>
/// <param name="Update">What it says of the model.</param>
internal sealed record FleetDevice(string Id, bool IsOnline, IReadOnlyDictionary<string, string> Labels, DeviceUpdate Update);

/// <summary>What the retained messages of a fleet say. Any thread.</summary>
/// <param name="prefix">The first levels of the topics; <c>+</c> may stand for one.</param>
internal sealed class FleetBook(string prefix)
{
    /// <summary>The most devices, and the most models of all of them together; what comes beyond is left out.</summary>
    private const int Most = 100_000;

    private const int LongestStatusBytes = 256 << 10;
    private const int LongestId = 64;
    private const int MostLabels = 64;
    private const int LongestLabel = 256;

    private readonly Lock _lock = new();
    private readonly int _levels = prefix.Split('/').Length;
    private readonly Dictionary<string, (bool IsOnline, IReadOnlyDictionary<string, string> Labels)> _devices = new(StringComparer.Ordinal);
    private readonly SortedDictionary<(string Model, string Device), DeviceUpdate> _updates = new(new ByModel());
    private long _changes;

    /// <summary>The topics to listen to.</summary>
    public IReadOnlyList<string> Filters { get; } = [$"{prefix}/+/update/status/+", $"{prefix}/+/status"];

    /// <summary>Counts changes.</summary>
    public long Changes
    {
        get { lock (_lock) return _changes; }
    }

    /// <summary>Models that devices speak of, in the order of their names.</summary>
    public IReadOnlyList<string> Models
    {
        get { lock (_lock) return [.. _updates.Keys.Select(static k => k.Model).Distinct()]; }
    }

    /// <summary>Takes a message; what is none of a device's is passed over.</summary>
    public void Take(string topic, ReadOnlySpan<byte> payload)
    {
        try
        {
            TakeTopic(topic.Split('/'), payload);
        }
        catch (InvalidOperationException)
        {
            // Text in it that is no Unicode: one device's message must not keep those of all others from being heard.
        }
    }

    private void TakeTopic(string[] levels, ReadOnlySpan<byte> payload)
    {
        if (levels.Length == _levels + 2 && levels[^1] == "status" && IsDevice(levels[_levels])) TakeStatus(levels[_levels], payload);
        else if (levels.Length == _levels + 4 && levels[_levels + 1] == "update" && levels[_levels + 2] == "status" && IsDevice(levels[_levels]) && ModelName.IsValid(levels[^1]))
            TakeUpdate((levels[^1], levels[_levels]), payload);
    }

    /// <summary>The devices that have a model, in the order of their ids.</summary>
    public IReadOnlyList<FleetDevice> Devices(string model)
    {
        lock (_lock)
        {
            List<FleetDevice> devices = [];
            foreach (((string of, string id), DeviceUpdate update) in _updates)
            {
                if (of != model) continue;
                (bool isOnline, IReadOnlyDictionary<string, string>? labels) = _devices.GetValueOrDefault(id);
                devices.Add(new(id, isOnline, labels ?? new Dictionary<string, string>(), update));
            }

            return devices;
        }
    }

    private void TakeStatus(string device, ReadOnlySpan<byte> payload)
    {
        using JsonDocument? document = FleetJson.Parse(payload, LongestStatusBytes);
        if (document is null && !payload.IsEmpty) return;
        bool isOnline = document is not null && FleetJson.Text(document.RootElement, "state") == "online";
        IReadOnlyDictionary<string, string>? labels = document is null ? null : Labels(FleetJson.Member(document.RootElement, "labels"));
        lock (_lock)
        {
            bool isKnown = _devices.TryGetValue(device, out (bool IsOnline, IReadOnlyDictionary<string, string> Labels) before);
            if (!isKnown && _devices.Count >= Most) return;

            // Every minute the same, but for what does not count here. What a last will leaves out stays as it was.
            if (isKnown && before.IsOnline == isOnline && (labels is null || AreSame(labels, before.Labels))) return;
            _devices[device] = (isOnline, labels ?? before.Labels ?? new Dictionary<string, string>());
            _changes++;
        }
    }

    private void TakeUpdate((string Model, string Device) key, ReadOnlySpan<byte> payload)
    {
        DeviceUpdate? update = DeviceUpdate.Read(payload);
        if (update is null && !payload.IsEmpty) return;
        lock (_lock)
        {
            if (update is null)
            {
                // The device has taken its topic back: the model is no longer managed there.
                if (_updates.Remove(key)) _changes++;
                return;
            }

            bool isKnown = _updates.TryGetValue(key, out DeviceUpdate? before);
            if (before == update || (!isKnown && _updates.Count >= Most)) return;
            _updates[key] = update;
            _changes++;
        }
    }

    private static Dictionary<string, string>? Labels(JsonElement labels)
    {
        if (labels.ValueKind != JsonValueKind.Object) return null;
        Dictionary<string, string> read = new(StringComparer.Ordinal);
        foreach (JsonProperty label in labels.EnumerateObject())
        {
            if (read.Count == MostLabels) break;
            if (FleetJson.Text(label.Value) is { Length: <= LongestLabel } value && label.Name.Length <= LongestLabel) read[label.Name] = value;
        }

        return read;
    }

    private static bool AreSame(IReadOnlyDictionary<string, string> some, IReadOnlyDictionary<string, string> others)
        => some.Count == others.Count && some.All(l => others.TryGetValue(l.Key, out string? value) && value == l.Value);

    private static bool IsDevice(string id) => id.Length is >= 1 and <= LongestId && id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    private sealed class ByModel : IComparer<(string Model, string Device)>
    {
        public int Compare((string Model, string Device) x, (string Model, string Device) y)
            => string.CompareOrdinal(x.Model, y.Model) is var order and not 0 ? order : string.CompareOrdinal(x.Device, y.Device);
    }
}
