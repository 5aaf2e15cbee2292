using System.Text;
using EdgeInfer.Sinks;

namespace EdgeInfer.Control;

/// <summary>Where the answer to a command goes: to the topic it asks for, where that cannot do harm, else to <c>P/cmd/{op}/result</c>.</summary>
internal static class ResponseTopic
{
    private const int LongestBytes = 1024;

    // Whoever may command this device could otherwise make it command others, or speak in the name of its own messages.
    private static readonly string[] s_commanding = ["set", "cmd", "update"];
    private static readonly string[] s_own = ["status", "state", "prediction", "history", "gap"];

    /// <summary>Why an answer does not go to a topic; null where it does.</summary>
    /// <param name="topic">As asked for.</param>
    /// <param name="topics">The device's topics.</param>
    public static string? Refusal(string topic, MqttTopics topics)
    {
        if (topic.AsSpan().IndexOfAny('+', '#') >= 0) return "it holds a wildcard";
        if (topic.Any(char.IsControl)) return "it holds a control character";
        if (Encoding.UTF8.GetByteCount(topic) > LongestBytes) return $"it is longer than {LongestBytes} bytes";
        if (!topic.StartsWith(topics.Prefix + "/", StringComparison.Ordinal)) return $"it is not below {topics.Prefix}/";
        if (IsOwnResult(topic, topics)) return null;
        string[] levels = topic[(topics.Prefix.Length + 1)..].Split('/');
        if (levels.FirstOrDefault(static level => s_commanding.Contains(level)) is { } commanding) return $"it is below '{commanding}', where devices are told what to do";
        bool isOwn = topic.StartsWith(topics.Root + "/", StringComparison.Ordinal) && levels.Any(static level => s_own.Contains(level));
        return isOwn ? "it is a topic of this device's own messages" : null;
    }

    private static bool IsOwnResult(string topic, MqttTopics topics)
    {
        string commands = topics.Root + "/cmd/";
        return topic.StartsWith(commands, StringComparison.Ordinal) && topic[commands.Length..].Split('/') is [{ Length: > 0 }, "result"];
    }
}
