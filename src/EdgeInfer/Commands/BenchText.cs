using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Inference;
using EdgeInfer.Pipeline;

namespace EdgeInfer.Commands;

/// <summary>A benchmark's report as a table or as JSON (<c>edgeinfer/bench/1</c>).</summary>
internal sealed class BenchText(ModelSession session, InferenceRuntime runtime, BenchmarkReport report, string input, double seconds)
{
    private double Beside => report.Frame.P50 - report.SessionAlone.P50;

    /// <summary>Lines for people.</summary>
    public string Table()
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        StringBuilder text = new();
        text.AppendLine(invariant, $"model    {session.Model.Name} {session.Model.Version} ({Digest})");
        text.AppendLine(invariant, $"runs on  {session.Report}, {runtime.Threads} {(runtime.Threads == 1 ? "thread" : "threads")}, ONNX Runtime {runtime.Version}");
        text.AppendLine(invariant, $"input    {input}, {report.Width}x{report.Height}; JPEG by {report.JpegDecoder}");
        text.AppendLine(invariant, $"measured {report.Frames} frames in {seconds:0.#} s, {report.Results} results and {report.PayloadBytes} bytes of message each");
        text.AppendLine();
        text.AppendLine("                p50 ms    p90 ms    p99 ms   managed bytes a frame");
        foreach (StageFigures stage in report.Stages) Line(text, stage);
        Line(text, report.Frame);
        Line(text, report.SessionAlone);
        text.AppendLine();
        text.AppendLine(invariant, $"decoding the picture, fitting it, reading the outputs and encoding the message take {Beside:0.00} ms beside the session's own run");
        return text.ToString();
    }

    /// <summary>One document on one line.</summary>
    public string Json()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("schema", "edgeinfer/bench/1");
            json.WriteStartObject("model");
            json.WriteString("name", session.Model.Name);
            json.WriteString("version", session.Model.Version);
            json.WriteString("digest", Digest);
            json.WriteEndObject();
            json.WriteString("provider", session.Report.Used);
            json.WriteStartObject("nodes");
            foreach (ProviderNodes nodes in session.Report.Nodes) json.WriteNumber(nodes.Provider, nodes.Nodes);
            json.WriteEndObject();
            json.WriteNumber("threads", runtime.Threads);
            json.WriteString("onnxruntime", runtime.Version);
            json.WriteString("input", input);
            json.WriteStartObject("frame");
            json.WriteNumber("width", report.Width);
            json.WriteNumber("height", report.Height);
            json.WriteEndObject();
            json.WriteString("jpeg_decoder", report.JpegDecoder);
            json.WriteNumber("seconds", seconds);
            json.WriteNumber("frames", report.Frames);
            json.WriteNumber("results", report.Results);
            json.WriteNumber("payload_bytes", report.PayloadBytes);
            json.WriteStartObject("stages");
            foreach (StageFigures stage in report.Stages) Write(json, stage.Name, stage);
            json.WriteEndObject();
            Write(json, "whole", report.Frame);
            Write(json, "session_alone", report.SessionAlone);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private string Digest => session.Model.Digest[..Math.Min(12, session.Model.Digest.Length)];

    private static void Line(StringBuilder text, StageFigures figures)
    {
        string bytes = figures.BytesPerFrame is { } count ? count.ToString("0.#", CultureInfo.InvariantCulture) : "with decode";
        text.AppendLine(CultureInfo.InvariantCulture, $"{figures.Name,-13} {figures.P50,8:0.000}  {figures.P90,8:0.000}  {figures.P99,8:0.000}   {bytes}");
    }

    private static void Write(Utf8JsonWriter json, string name, StageFigures figures)
    {
        json.WriteStartObject(name);
        json.WriteNumber("p50_ms", Math.Round(figures.P50, 4));
        json.WriteNumber("p90_ms", Math.Round(figures.P90, 4));
        json.WriteNumber("p99_ms", Math.Round(figures.P99, 4));
        if (figures.BytesPerFrame is { } bytes) json.WriteNumber("managed_bytes", Math.Round(bytes, 2));
        json.WriteEndObject();
    }
}
