using System.Buffers;
using System.Text.Json;

namespace EdgeInfer.Gate;

/// <summary>What was at fault where a probe says itself that it cannot go on.</summary>
internal enum ProbeFailureKind
{
    /// <summary>The model cannot be loaded.</summary>
    Load,

    /// <summary>No execution provider takes the model.</summary>
    Provider,

    /// <summary>A golden input cannot be read or run.</summary>
    Input,

    /// <summary>Memory could not be had.</summary>
    Memory,
}

/// <summary>What a probe says next: one line of JSON.</summary>
internal abstract record ProbeMessage
{
    /// <summary>The longest line: results of as many numbers as are compared.</summary>
    public const int MostBytes = 2 * GoldenReader.MostBytes;

    /// <summary>The line, with its line feed.</summary>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> bytes = new(1024);
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            Write(json);
            json.WriteEndObject();
        }

        bytes.Write("\n"u8);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Reads a line; null where it is none of these.</summary>
    public static ProbeMessage? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line.ToArray(), GoldenReader.Strict);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return null;
            if (root.TryGetProperty("begin", out JsonElement doing)) return new ProbeBegins(Short(doing));
            if (root.TryGetProperty("loaded", out JsonElement provider)) return new ProbeLoaded(Short(provider), Finite(root, "load_ms"));
            if (root.TryGetProperty("result", out JsonElement input)) return new ProbeResult(input.GetInt32(), GoldenReader.Results(root));
            if (root.TryGetProperty("not_a_number", out input)) return new ProbeNotANumber(input.GetInt32(), Short(root.GetProperty("output")));
            if (root.TryGetProperty("runs", out JsonElement runs)) return new ProbeTimes(runs.GetInt32(), Finite(root, "p95_ms"), Finite(root, "inference_p95_ms"), root.GetProperty("peak_rss").GetInt64());
            if (root.TryGetProperty("failure", out JsonElement kind)) return new ProbeFailure(Enum.Parse<ProbeFailureKind>(kind.GetString()!), Short(root.GetProperty("what")));
            return root.TryGetProperty("end", out _) ? new ProbeEnds() : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or InvalidDataException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Writes the members.</summary>
    protected abstract void Write(Utf8JsonWriter json);

    private static double Finite(JsonElement from, string name)
        => from.GetProperty(name).GetDouble() is var number && double.IsFinite(number) && number >= 0 ? number : throw new FormatException(name);

    // It comes from beside a model that may be hostile, and goes into a log and a message.
    private static string Short(JsonElement text) => new([.. (text.GetString() ?? "").Take(400).Select(static c => char.IsControl(c) ? ' ' : c)]);
}

/// <summary>It begins something that may be its end.</summary>
/// <param name="Doing">In words that its end follows: <c>loading the model</c>.</param>
internal sealed record ProbeBegins(string Doing) : ProbeMessage
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json) => json.WriteString("begin", Doing);
}

/// <summary>The model is loaded and has run once.</summary>
/// <param name="Provider">What runs it.</param>
/// <param name="LoadMilliseconds">How long that took.</param>
internal sealed record ProbeLoaded(string Provider, double LoadMilliseconds) : ProbeMessage
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteString("loaded", Provider);
        json.WriteNumber("load_ms", Math.Round(LoadMilliseconds, 2));
    }
}

/// <summary>What the model made of an input.</summary>
/// <param name="Input">Which of the request's.</param>
/// <param name="Result">Without rounding.</param>
internal sealed record ProbeResult(int Input, GoldenResult Result) : ProbeMessage
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("result", Input);
        GoldenWriter.Write(json, Result);
    }
}

/// <summary>What the model made of an input is no numbers.</summary>
/// <param name="Input">Which of the request's.</param>
/// <param name="Output">The model's output that has them.</param>
internal sealed record ProbeNotANumber(int Input, string Output) : ProbeMessage
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("not_a_number", Input);
        json.WriteString("output", Output);
    }
}

/// <summary>How fast the model is and what it takes.</summary>
/// <param name="Runs">Frames that were measured.</param>
/// <param name="P95Milliseconds">What 95 of 100 kept within, from pixels to results.</param>
/// <param name="InferenceP95Milliseconds">The same of the model's own run.</param>
/// <param name="PeakRssBytes">The most resident memory so far.</param>
internal sealed record ProbeTimes(int Runs, double P95Milliseconds, double InferenceP95Milliseconds, long PeakRssBytes) : ProbeMessage
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("runs", Runs);
        json.WriteNumber("p95_ms", Math.Round(P95Milliseconds, 3));
        json.WriteNumber("inference_p95_ms", Math.Round(InferenceP95Milliseconds, 3));
        json.WriteNumber("peak_rss", PeakRssBytes);
    }
}

/// <summary>It cannot go on, and knows why.</summary>
/// <param name="Kind">What was at fault.</param>
/// <param name="What">In one line.</param>
internal sealed record ProbeFailure(ProbeFailureKind Kind, string What) : ProbeMessage
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json)
    {
        json.WriteString("failure", Kind.ToString());
        json.WriteString("what", What);
    }
}

/// <summary>It has come to its end.</summary>
internal sealed record ProbeEnds : ProbeMessage
{
    /// <inheritdoc/>
    protected override void Write(Utf8JsonWriter json) => json.WriteBoolean("end", true);
}
