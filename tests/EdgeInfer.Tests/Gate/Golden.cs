using System.Text;
using EdgeInfer.Gate;

namespace EdgeInfer.Tests.Gate;

/// <summary>Results of golden inputs, as tests write them.</summary>
internal static class Golden
{
    public static GoldenResult Boxes(params GoldenBox[] boxes) => new() { Kind = GoldenKind.Detections, FrameWidth = 640, FrameHeight = 480, Boxes = boxes };

    public static GoldenResult Classes(params (string Label, double Score)[] classes)
        => new() { Kind = GoldenKind.Classes, FrameWidth = 640, FrameHeight = 480, Classes = [.. classes.Select(static c => new GoldenClass(c.Label, c.Score))] };

    public static GoldenResult Embedding(params double[] numbers) => new() { Kind = GoldenKind.Embedding, FrameWidth = 640, FrameHeight = 480, Embedding = numbers };

    public static GoldenResult Values(params (string Name, double[] Numbers)[] values)
        => new() { Kind = GoldenKind.Values, FrameWidth = 640, FrameHeight = 480, Values = [.. values.Select(static v => new GoldenOutput(v.Name, v.Numbers))] };

    public static GoldenBox Box(string label, double score, double x, double y = 100, double width = 60, double height = 60) => new(label, score, x, y, width, height);

    /// <summary>An envelope with some results.</summary>
    public static byte[] Envelope(string results, string model = """{"name":"parts","version":"1","digest":"e99e5d874258"}""")
        => Encoding.UTF8.GetBytes($$"""{"schema":"edgeinfer/prediction/1","source":"a.jpg","model":{{model}},"frame":{"width":640,"height":480},{{results}}}""");
}
