using System.Text;
using EdgeInfer.Gate;

namespace EdgeInfer.Tests.Gate;

public sealed class GoldenReaderTests
{
    [Fact]
    public void An_envelope_of_predict_is_read_and_what_does_not_matter_is_passed_over()
    {
        GoldenResult result = Read("""
            {"schema":"edgeinfer/prediction/1","id":"01JDK","device":"d","pipeline":"predict","boot":0,"seq":1,"captured_at":"2026-11-25T18:40:01.123456Z","clock":"synced","age_ms":21.4,
             "model":{"name":"parts","version":"1","digest":"a1b2c3d4e5f6","graph":"0123456789abcdef"},"provider":"cpu","frame":{"width":1280,"height":720},"source":"belt.jpg",
             "timing_ms":{"decode":2.1},"later":[1],"detections":[{"label":"bolt","class":0,"score":0.931,"box":[412,120.5,64,58],"track":17,"zones":["feed"]}]}
            """);
        Assert.Equal((GoldenKind.Detections, 1280, 720, "a1b2c3d4e5f6", "0123456789abcdef"), (result.Kind, result.FrameWidth, result.FrameHeight, result.Digest, result.Graph));
        Assert.Equal(new GoldenBox("bolt", 0.931, 412, 120.5, 64, 58), Assert.Single(result.Boxes));
    }

    [Fact]
    public void Classes_embeddings_and_values_are_read()
    {
        Assert.Equal(new GoldenClass("crane", 0.5), Assert.Single(Read("\"classes\":[{\"label\":\"crane\",\"class\":3,\"score\":0.5}]", true).Classes));
        Assert.Equal([1, -2.5], Read("\"embedding\":[1,-2.5]", true).Embedding);
        GoldenResult values = Read("\"values\":{\"a\":1.5,\"b\":[1,2]}", true);
        Assert.Equal(["a", "b"], values.Values.Select(static v => v.Name));
        Assert.Equal([1, 2], values.Values[1].Numbers);
    }

    [Fact]
    public void An_expectation_is_read_as_it_was_written()
    {
        GoldenResult written = Golden.Boxes(Golden.Box("bolt", 0.5, 10.25)) with { Digest = "a1b2c3d4e5f6", Graph = new('0', 64) };
        byte[] envelope = GoldenWriter.Envelope(written, "golden/a.jpg", "parts", "1.2.0");
        GoldenResult read = GoldenReader.Read(envelope);
        Assert.Equal(written.Boxes, read.Boxes);
        Assert.Equal((written.Kind, written.Digest, written.Graph, 640, 480), (read.Kind, read.Digest, read.Graph, read.FrameWidth, read.FrameHeight));
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(envelope);
        Assert.Equal(("golden/a.jpg", "1.2.0"), (document.RootElement.GetProperty("source").GetString(), document.RootElement.GetProperty("model").GetProperty("version").GetString()));
    }

    [Fact]
    public void A_box_of_the_ground_truth_needs_no_score()
        => Assert.Equal(1, Assert.Single(Read("\"detections\":[{\"label\":\"bolt\",\"box\":[1,2,3,4]}]", true).Boxes).Score);

    [Theory]
    [InlineData("\"detections\":[{\"label\":\"bolt\",\"score\":NaN,\"box\":[1,2,3,4]}]", "no JSON that can be used")]
    [InlineData("\"detections\":[{\"label\":\"bolt\",\"score\":\"NaN\",\"box\":[1,2,3,4]}]", "'score' holds \"NaN\", which is no finite number")]
    [InlineData("\"detections\":[{\"label\":\"bolt\",\"score\":1e999,\"box\":[1,2,3,4]}]", "'score' holds 1e999, which is no finite number")]
    [InlineData("\"detections\":[{\"label\":\"bolt\",\"score\":null,\"box\":[1,2,3,4]}]", "'score' holds Null")]
    [InlineData("\"detections\":[{\"label\":\"bolt\",\"score\":1,\"box\":[1,2,3]}]", "a box is not [x, y, width, height]")]
    [InlineData("\"detections\":[{\"label\":\"bolt\",\"score\":1,\"box\":[1,2,3,4,5]}]", "'box' has 5 entries, more than 4")]
    [InlineData("\"detections\":[{\"label\":\"bolt\",\"score\":1}]", "'box' is missing")]
    [InlineData("\"detections\":[{\"score\":1,\"box\":[1,2,3,4]}]", "'label' is missing")]
    [InlineData("\"detections\":[{\"label\":\"a\\nb\",\"score\":1,\"box\":[1,2,3,4]}]", "'label' is no text")]
    [InlineData("\"detections\":[7]", "a detection is no object")]
    [InlineData("\"detections\":{}", "'detections' is no list")]
    [InlineData("\"detections\":[],\"detections\":[]", "no JSON that can be used")]
    [InlineData("\"detections\":[],\"classes\":[]", "it holds detections and classes")]
    [InlineData("\"detections\":[{\"label\":\"a\",\"score\":1,\"box\":[1,2,3,4],\"keypoints\":[]}]", "this version cannot compare 'keypoints'")]
    [InlineData("\"segments\":[]", "this version cannot compare 'segments'")]
    [InlineData("\"other\":1", "it holds no results")]
    [InlineData("\"values\":{\"y\":\"Infinity\"}", "'y' holds \"Infinity\"")]
    [InlineData("\"values\":[1]", "'values' is no object")]
    [InlineData("\"embedding\":[[1]]", "'embedding' holds Array")]
    [InlineData("\"classes\":[{\"label\":\"a\",\"score\":[[[[[[[[1]]]]]]]]}]", "no JSON that can be used")]
    public void What_is_not_what_it_should_be_is_refused(string results, string why)
        => Assert.Contains(why, Assert.Throws<InvalidDataException>(() => Read(results, true)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"schema":"edgeinfer/prediction/2","frame":{"width":1,"height":1},"detections":[]}""", "its schema is 'edgeinfer/prediction/2'")]
    [InlineData("""{"frame":{"width":1,"height":1},"detections":[]}""", "'schema' is missing")]
    [InlineData("""{"schema":"edgeinfer/prediction/1","detections":[]}""", "'frame' is missing")]
    [InlineData("""{"schema":"edgeinfer/prediction/1","frame":{"width":0,"height":1},"detections":[]}""", "frame.width is no size")]
    [InlineData("""{"schema":"edgeinfer/prediction/1","frame":{"width":1.5,"height":1},"detections":[]}""", "frame.width is no size")]
    [InlineData("""{"schema":"edgeinfer/prediction/1","frame":{"width":1,"height":1},"model":{"digest":"abc"},"detections":[]}""", "model.digest is not 12 to 64 hexadecimal digits")]
    [InlineData("""{"schema":"edgeinfer/prediction/1","frame":{"width":1,"height":1},"model":{"digest":"ABCDEFABCDEF"},"detections":[]}""", "model.digest is not")]
    [InlineData("[]", "it is no JSON object")]
    [InlineData("", "no JSON that can be used")]
    public void An_envelope_that_is_none_is_refused(string json, string why)
        => Assert.Contains(why, Assert.Throws<InvalidDataException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Lists_and_files_have_bounds()
    {
        string box = "{\"label\":\"a\",\"score\":1,\"box\":[1,2,3,4]}";
        Assert.Equal(1000, Read($"\"detections\":[{string.Join(',', Enumerable.Repeat(box, 1000))}]", true).Boxes.Count);
        Assert.Throws<InvalidDataException>(() => Read($"\"detections\":[{string.Join(',', Enumerable.Repeat(box, 1001))}]", true));
        string half = string.Join(',', Enumerable.Repeat("1", (1 << 19) + 1));
        Assert.Throws<InvalidDataException>(() => Read($"\"values\":{{\"a\":[{half}],\"b\":[{half}]}}", true));
        Assert.Throws<InvalidDataException>(() => GoldenReader.Read(new byte[GoldenReader.MostBytes + 1]));
    }

    private static GoldenResult Read(string json, bool isResults = false) => GoldenReader.Read(isResults ? Golden.Envelope(json) : Encoding.UTF8.GetBytes(json));
}
