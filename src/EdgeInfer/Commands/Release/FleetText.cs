using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing.Fleet;

namespace EdgeInfer.Commands.Release;

/// <summary>How far a fleet is, for a reader; and the line to it.</summary>
internal static class FleetText
{
    private const int MostNames = 10;

    private static readonly string[] s_head = ["model", "release", "devices", "committed", "trial", "waiting", "failed", "rolled back", "other", "silent"];

    /// <summary>A line to a fleet; nothing is connected yet.</summary>
    public static FleetLine Line(MqttOptions broker, string prefix)
    {
#pragma warning disable CA5394 // Makes the client id unique.
        return new(broker, prefix, TimeProvider.System, new Random(HashCode.Combine(Environment.ProcessId, TimeProvider.System.GetTimestamp())));
#pragma warning restore CA5394
    }

    /// <summary>Connects, and waits until the fleet has been heard.</summary>
    /// <exception cref="FaultException">The broker cannot be reached; in the words of the flags.</exception>
    public static async Task HearAsync(FleetLine line, CancellationToken stop)
    {
        try
        {
            await line.StartAsync(stop);
        }
        catch (FaultException e)
        {
            throw new FaultException(BrokerOptionSet.ForFlags(e.Fault), e);
        }
    }

    /// <summary>A table, and below it who has not committed and why.</summary>
    public static void Write(FleetReport report, TextWriter output)
    {
        List<string[]> rows = [s_head];
        List<string> notes = [];
        foreach (ModelCount model in report.Models)
        {
            if (model.IsHeld) notes.Add($"{model.Model}: held, no device begins anything");
            if (model.Releases.Count == 0) notes.Add($"{model.Model}: no device says anything of it");
            foreach (ReleaseCount count in model.Releases)
            {
                string release = count.Release is { } path ? path.ToString()[(path.ToString().LastIndexOf('/') + 1)..] : "-";
                rows.Add([
                    model.Model, release, Number(count.Devices), Number(count[DeviceState.Committed]), Number(count[DeviceState.Trial]), Number(count[DeviceState.Waiting]),
                    Number(count[DeviceState.Failed]), Number(count[DeviceState.RolledBack]), Number(count[DeviceState.Other]), Number(count[DeviceState.Silent]),
                ]);
                notes.AddRange(Notes(model.Model, release, count));
            }
        }

        int[] widths = [.. s_head.Select((_, column) => rows.Max(r => r[column].Length))];
        foreach (string[] row in rows.Count > 1 ? rows : [])
            output.WriteLine(string.Join("  ", row.Select((cell, column) => column < 2 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))));
        foreach (string note in notes) output.WriteLine(note);
    }

    // parts 12: failed golden: press-3, press-9
    private static IEnumerable<string> Notes(string model, string release, ReleaseCount count)
    {
        foreach (IGrouping<(DeviceState State, string? Code), OpenDevice> group in count.Open.GroupBy(static d => (d.Standing.State, d.Standing.Code)).OrderBy(static g => g.Key.State).ThenBy(static g => g.Key.Code, StringComparer.Ordinal))
        {
            // What no rule is for has nothing that it would be behind with.
            if (group.Key.State == DeviceState.Trial || count.Release is null) continue;
            string[] names = [.. group.Select(d => group.Key.State == DeviceState.Other && d.Serves is { } serves ? string.Create(CultureInfo.InvariantCulture, $"{d.Id} ({serves})") : d.Id)];
            string more = names.Length > MostNames ? string.Create(CultureInfo.InvariantCulture, $" and {names.Length - MostNames} more") : "";
            yield return $"{model} {release}: {DeviceStanding.WordOf(group.Key.State).Replace('_', ' ')}{(group.Key.Code is { } code ? $" {code}" : "")}: {string.Join(", ", names.Take(MostNames))}{more}";
        }
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
