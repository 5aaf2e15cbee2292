using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Admission;

/// <summary>Reads, writes and checks the rules of a rollout.</summary>
internal static class RolloutRules
{
    private const int DeviceLength = 64;
    private const int MostLabels = 64;
    private const int LabelLength = 256;
    private const int SaltLength = 64;

    /// <summary>The rule for ids of devices, in words.</summary>
    public static string DeviceRule => $"an id is 1 to {DeviceLength} of A-Z, a-z, 0-9, _ and -";

    /// <summary>The rule for labels, in words.</summary>
    public static string LabelRule => $"a label and its value have 1 to {LabelLength} characters each, and no control characters";

    /// <summary>A rule's name in faults.</summary>
    public static string Name(int index) => $"rules[{index}]";

    /// <summary>Whether a device can have this id.</summary>
    public static bool IsDevice(string id) => id.Length is >= 1 and <= DeviceLength && id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>Whether this can be a label, or its value.</summary>
    public static bool IsLabel(string text) => text.Length is >= 1 and <= LabelLength && !text.Any(char.IsControl);

    /// <summary>Reads one rule.</summary>
    public static RolloutRule Read(StrictMembers members)
    {
        IReadOnlyList<string>? devices = members.OptionalList("devices", 1, RolloutDocument.MostDevices) is { } list ? [.. list.Select(d => members.TextOf(d, "devices", DeviceLength))] : null;
        Dictionary<string, string>? labels = members.OptionalObject("labels") is { } pairs
            ? pairs.Rest.ToDictionary(l => l.Key, l => pairs.TextOf(l.Value, l.Key, LabelLength), StringComparer.Ordinal) : null;
        RolloutShare? share = Share(members);
        string? target = members.OptionalText("target", 256);
        bool? isHold = members.OptionalFlag("hold");
        bool isHard = members.OptionalFlag("hard") ?? false;
        members.Close();
        if (isHold == false) throw members.Refused("has 'hold': false; leave it out");
        if ((target is null) != (isHold is true)) throw members.Refused("needs either a 'target' or 'hold': true");
        return new()
        {
            Devices = devices,
            Labels = labels,
            Share = share,
            Target = target is null ? null : ReleasePath.Parse(target) ?? throw members.Refused($"has {StrictMembers.Quoted(target)} in 'target', which is no release like models/parts/12"),
            IsHard = isHard,
        };
    }

    /// <summary>Writes one rule.</summary>
    public static void Write(Utf8JsonWriter writer, RolloutRule rule)
    {
        writer.WriteStartObject();
        if (rule.Devices is { } devices)
        {
            writer.WriteStartArray("devices");
            foreach (string device in devices) writer.WriteStringValue(device);
            writer.WriteEndArray();
        }

        if (rule.IsHard) writer.WriteBoolean("hard", true);
        if (rule.Target is null) writer.WriteBoolean("hold", true);
        if (rule.Labels is { } labels)
        {
            writer.WriteStartObject("labels");
            foreach ((string key, string value) in labels.OrderBy(static l => l.Key, StringComparer.Ordinal)) writer.WriteString(key, value);
            writer.WriteEndObject();
        }

        if (rule.Share is { } share)
        {
            // 10.5 and not 10.50: one way to write a number.
            writer.WritePropertyName("percent");
            writer.WriteRawValue(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{share.Hundredths / 100m:0.##}"));
            writer.WriteString("salt", share.Salt);
        }

        if (rule.Target is { } target) writer.WriteString("target", target.ToString());
        writer.WriteEndObject();
    }

    /// <summary>Refuses rules that break the bounds, or name what is none of the model's.</summary>
    /// <exception cref="UpdateException">They do (<see cref="UpdateCode.Signature"/>).</exception>
    public static void Check(RolloutDocument document, string where)
    {
        if (document.Rules.Count > RolloutDocument.MostRules) throw Refused($"the rollout has {document.Rules.Count} rules, at most {RolloutDocument.MostRules} are taken");
        int devices = 0;
        for (int i = 0; i < document.Rules.Count; i++)
        {
            RolloutRule rule = document.Rules[i];
            devices += rule.Devices?.Count ?? 0;
            if (devices > RolloutDocument.MostDevices) throw Refused($"the rollout names more than {RolloutDocument.MostDevices} devices");
            if (Problem(rule, document.Model) is { } problem) throw Refused($"{Name(i)} {problem}");
        }

        UpdateException Refused(string what) => UpdateException.Of(UpdateCode.Signature, where, what, "publish it again");
    }

    private static string? Problem(RolloutRule rule, string model)
    {
        if (rule.Devices is { Count: 0 }) return "names no device";
        if (rule.Devices?.FirstOrDefault(static d => !IsDevice(d)) is { } device)
            return $"names the device {StrictMembers.Quoted(device)}; {DeviceRule}";
        if (rule.Labels is { Count: 0 or > MostLabels }) return $"names {rule.Labels.Count} labels, 1 to {MostLabels} are taken";
        if (rule.Labels?.FirstOrDefault(static l => !IsLabel(l.Key) || !IsLabel(l.Value)) is { Key: not null } label)
            return $"names the label {StrictMembers.Quoted($"{label.Key}={label.Value}")}: 1 to {LabelLength} characters each, no control characters";
        if (rule.Share is { Hundredths: < 0 or > RolloutShare.All }) return "has no percent from 0 to 100";
        if (rule.Share is { Salt.Length: 0 or > SaltLength }) return $"has no salt of 1 to {SaltLength} characters";
        if (rule.IsHard && rule.Target is null) return "has 'hard' without a 'target'";
        if (rule.Target is { } target && target.Model != model) return $"has {StrictMembers.Quoted(target.ToString())} as target, which is none of {ReleasePath.Root}{model}/";
        return null;
    }

    private static RolloutShare? Share(StrictMembers members)
    {
        JsonElement? percent = members.Optional("percent");
        string? salt = members.OptionalText("salt", SaltLength);
        if (percent is null && salt is null) return null;
        if (percent is not { } value || salt is null) throw members.Refused("needs 'percent' and 'salt' together");
        bool isNumber = value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number) && number is >= 0 and <= 100 && decimal.IsInteger(number * 100);
        return isNumber ? new((int)(value.GetDecimal() * 100), salt) : throw members.Refused("has no percent from 0 to 100 with at most two decimals");
    }
}
