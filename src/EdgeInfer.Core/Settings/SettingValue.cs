using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Configuration;

namespace EdgeInfer.Settings;

/// <summary>The value of a setting. Two that mean the same are equal, however they were written.</summary>
/// <param name="Json">As JSON writes it: <c>true</c>, <c>0.5</c>.</param>
internal readonly record struct SettingValue(string Json)
{
    /// <summary>The longest message that is read.</summary>
    public const int LongestBytes = 256;

    /// <summary>The longest interval, as the configuration has it.</summary>
    public static readonly TimeSpan LongestInterval = TimeSpan.FromDays(1);

    /// <summary>A switch's value.</summary>
    public bool IsTrue => Json == "true";

    /// <summary>A number's value.</summary>
    public double Number => double.Parse(Json, NumberStyles.Float, CultureInfo.InvariantCulture);

    /// <summary>A switch.</summary>
    public static SettingValue Of(bool value) => new(value ? "true" : "false");

    /// <summary>A finite number.</summary>
    public static SettingValue Of(double value) => new((value == 0 ? 0 : value).ToString("R", CultureInfo.InvariantCulture));

    /// <summary>Reads a message: a JSON scalar, or its text without quotes.</summary>
    /// <param name="key">One of <see cref="SettingKey.All"/>.</param>
    /// <param name="message">UTF-8, not empty.</param>
    /// <param name="value">The value, where there is one.</param>
    /// <returns>What is wrong, with what is expected; null where the value is sound.</returns>
    public static string? Read(string key, ReadOnlySpan<byte> message, out SettingValue value)
    {
        value = default;
        if (message.Length > LongestBytes) return $"the message has {message.Length} bytes; expected {Expected(key)}";
        string text = TextOf(message);
        switch (key)
        {
            case SettingKey.Enabled when text is "true" or "false":
                value = Of(text == "true");
                return null;
            case SettingKey.Threshold when TryNumber(text, out double threshold) && threshold is >= 0 and <= 1:
                value = Of(threshold);
                return null;
            case SettingKey.Interval when TrySeconds(text, out double seconds) && seconds >= 0 && seconds <= LongestInterval.TotalSeconds:
                value = Of(seconds);
                return null;
            default:
                return $"found {Quoted.Text(text)}; expected {Expected(key)}";
        }
    }

    /// <summary>A message as the JSON that shows it: the scalar it is, else a text, cut where it is long.</summary>
    public static string Shown(ReadOnlySpan<byte> message)
    {
        string text = TextOf(message[..Math.Min(message.Length, LongestBytes)]);
        return text is "true" or "false" ? text : TryNumber(text, out double number) ? Of(number).Json : $"\"{JsonEncodedText.Encode(text)}\"";
    }

    /// <summary>Whether a stored text is a value of its key.</summary>
    public static bool IsSound(string key, string json)
        => SettingKey.All.Contains(key) && Read(key, Encoding.UTF8.GetBytes(json), out SettingValue value) is null && value.Json == json;

    private static string Expected(string key) => key switch
    {
        SettingKey.Enabled => "true or false",
        SettingKey.Threshold => "a number from 0 to 1",
        _ => "seconds as a number, or a duration such as 250ms, 5s, 2h, from 0 to 1d",
    };

    private static bool TryNumber(string text, out double number)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static bool TrySeconds(string text, out double seconds)
    {
        if (TryNumber(text, out seconds)) return true;
        bool isDuration = ScalarText.TryDuration(text, out TimeSpan duration);
        seconds = duration.TotalSeconds;
        return isDuration;
    }

    private static string TextOf(ReadOnlySpan<byte> message)
    {
        string text = Encoding.UTF8.GetString(message).Trim();
        if (text.Length < 2 || text[0] != '"') return text;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.GetString()!;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return text;
        }
    }
}
