using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Diagnosis;

/// <summary>A report for programs: <c>edgeinfer/doctor/1</c>.</summary>
internal static class DoctorJson
{
    /// <summary>The report as one object, indented.</summary>
    public static string Of(DoctorReport report)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("schema", "edgeinfer/doctor/1");
            json.WriteString("at", report.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("version", report.Version);
            json.WriteString("user", report.User);
            if (report.Configuration is { } file) json.WriteString("configuration", file);
            json.WriteString("verdict", Name(report.Verdict));
            json.WriteNumber("exit_code", report.ExitCode);
            WriteFindings(json, report);
            json.WriteStartObject("sections");
            foreach (Section section in report.Sections) WriteFacts(json, section);
            json.WriteEndObject();
            WriteCameras(json, report);
            WriteNodes(json, report.Nodes);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    // Good to know is no better and no worse than in order.
    private static string Name(FindingLevel level) => level switch
    {
        FindingLevel.Problem => "problem",
        FindingLevel.Warning => "warning",
        _ => "ok",
    };

    private static void WriteFindings(Utf8JsonWriter json, DoctorReport report)
    {
        json.WriteStartArray("findings");
        foreach (Section section in report.Sections)
        {
            foreach (Finding finding in section.Findings)
            {
                json.WriteStartObject();
                json.WriteString("section", section.Name);
                json.WriteString("id", FindingIds.NameOf(finding.Id));
                json.WriteString("level", finding.Level == FindingLevel.Info ? "info" : Name(finding.Level));
                json.WriteString("what", finding.What);
                if (finding.Where.Length > 0) json.WriteString("where", finding.Where);
                if (finding.Cure.Length > 0) json.WriteString("cure", finding.Cure);
                if (finding.Kind is { } kind) json.WriteNumber("code", (int)kind);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    private static void WriteFacts(Utf8JsonWriter json, Section section)
    {
        json.WriteStartObject(section.Name);
        json.WriteString("level", Name(section.Worst));
        foreach ((string name, object value) in section.Facts)
        {
            json.WritePropertyName(name);
            switch (value)
            {
                case string text: json.WriteStringValue(text); break;
                case bool truth: json.WriteBooleanValue(truth); break;
                case int number: json.WriteNumberValue(number); break;
                case long number: json.WriteNumberValue(number); break;
                case double number: json.WriteNumberValue(number); break;
                case IReadOnlyList<string> texts: WriteTexts(json, texts); break;
                default: throw new InvalidOperationException($"{section.Name}.{name} is a {value.GetType().Name}");
            }
        }

        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, IReadOnlyList<string> texts)
    {
        json.WriteStartArray();
        foreach (string text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WriteCameras(Utf8JsonWriter json, DoctorReport report)
    {
        json.WriteStartArray("cameras");
        foreach (SurveyedCamera camera in report.Cameras) WriteCamera(json, camera);
        json.WriteEndArray();
        json.WriteStartArray("csi_cameras");
        foreach (CsiCamera camera in report.CsiCameras)
        {
            json.WriteStartObject();
            json.WriteString("camera", $"csi:{camera.Number}");
            json.WriteString("sensor", camera.Sensor);
            json.WriteString("size", camera.Size);
            json.WritePropertyName("modes");
            WriteTexts(json, camera.Modes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteCamera(Utf8JsonWriter json, SurveyedCamera camera)
    {
        json.WriteStartObject();
        json.WriteString("path", camera.Path);
        json.WriteString("stable_path", camera.StablePath);
        if (camera.ByPath is { } byPath) json.WriteString("by_path", byPath);
        if (camera.ById is { } byId) json.WriteString("by_id", byId);
        json.WriteString("role", camera.Role switch
        {
            CameraRole.Camera => "camera",
            CameraRole.CsiReceiver => "csi_receiver",
            CameraRole.Unreadable => "unreadable",
            _ => "unknown",
        });
        Optional(json, "name", camera.Name);
        Optional(json, "driver", camera.Driver);
        Optional(json, "bus", camera.Bus);
        WriteAccess(json, camera.Access);
        if (camera.Holder is { } holder)
        {
            json.WriteStartObject("held_by");
            json.WriteString("name", holder.Name);
            json.WriteNumber("process", holder.Id);
            json.WriteEndObject();
        }

        json.WriteStartArray("formats");
        foreach (OfferedFormat format in camera.Offer.Formats) WriteFormat(json, format);
        json.WriteEndArray();
        json.WriteStartArray("controls");
        foreach (ControlInfo control in camera.Controls) WriteControl(json, control);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteFormat(Utf8JsonWriter json, OfferedFormat format)
    {
        json.WriteStartObject();
        json.WriteString("format", format.Format.ToString());
        json.WriteBoolean("readable", FourCc.Preferred.Contains(format.Format));
        json.WriteStartArray("sizes");
        foreach (OfferedSize size in format.Sizes)
        {
            json.WriteStartObject();
            json.WriteNumber("width", size.WidthPixels);
            json.WriteNumber("height", size.HeightPixels);
            if (size.MaxWidthPixels != size.WidthPixels || size.MaxHeightPixels != size.HeightPixels)
            {
                json.WriteNumber("max_width", size.MaxWidthPixels);
                json.WriteNumber("max_height", size.MaxHeightPixels);
            }

            json.WriteStartArray("fps");
            foreach (double rate in size.FramesPerSecond) json.WriteNumberValue(Math.Round(rate, 3));
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteControl(Utf8JsonWriter json, ControlInfo control)
    {
        json.WriteStartObject();
        json.WriteString("name", control.Name);
        json.WriteString("type", control.Kind.ToString().ToLowerInvariant());
        if (control.Kind is not (ControlKind.Button or ControlKind.Other))
        {
            json.WriteNumber("min", control.Minimum);
            json.WriteNumber("max", control.Maximum);
            json.WriteNumber("step", control.Step);
            json.WriteNumber("default", control.Default);
        }

        if (control.Current is { } now) json.WriteNumber("value", now);
        if (control.IsReadOnly) json.WriteBoolean("read_only", true);
        if (control.IsInactive) json.WriteBoolean("inactive", true);
        if (control.Items.Count > 0)
        {
            json.WriteStartArray("items");
            foreach (ControlItem item in control.Items)
            {
                json.WriteStartObject();
                json.WriteNumber("value", item.Index);
                json.WriteString("name", item.Title);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteNodes(Utf8JsonWriter json, IReadOnlyList<SurveyedNode> nodes)
    {
        json.WriteStartArray("nodes");
        foreach (SurveyedNode node in nodes)
        {
            json.WriteStartObject();
            json.WriteString("kind", node.Kind);
            json.WriteString("path", node.Path);
            Optional(json, "name", node.Name);
            WriteAccess(json, node.Access);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteAccess(Utf8JsonWriter json, NodeAccess? access)
    {
        if (access is null) return;
        json.WriteStartObject("access");
        json.WriteString("mode", access.Mode);
        json.WriteString("owner", access.Owner);
        json.WriteString("group", access.Group);
        json.WriteBoolean("may_open", access.MayOpen);
        if (access.Cure is { } cure) json.WriteString("cure", cure);
        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, string name, string value)
    {
        if (value.Length > 0) json.WriteString(name, value);
    }
}
