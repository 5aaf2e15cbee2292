using System.Text;
using EdgeInfer.Commands;
using EdgeInfer.Results;

namespace EdgeInfer.Tests.Commands;

public sealed class DemoListenerTests
{
    private const string Message = """{"pipeline":"belt","seq":7,"age_ms":21.4,"frame_id":"41","detections":[{"label":"bolt","class":0,"score":0.931,"box":[412,120,64,58]}]}""";

    private readonly List<Detection> _found = [];

    [Fact]
    public void A_prediction_is_a_line_a_frame_and_its_detections()
    {
        Assert.True(DemoListener.TryRead(Encoding.UTF8.GetBytes(Message), out long frame, _found, out string line));
        Assert.Equal((41L, "belt #7  bolt 0.93  (21 ms)"), (frame, line));
        Assert.Equal(new Detection(0, 0.931f, 412, 120, 64, 58), Assert.Single(_found));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("[1]")]
    [InlineData("{}")]
    [InlineData("""{"frame_id":"1","detections":{}}""")]
    [InlineData("""{"frame_id":"1","detections":[1]}""")]
    [InlineData("""{"frame_id":"1","detections":[{"class":0,"score":1,"box":[1,2]}]}""")]
    [InlineData("""{"frame_id":"1","detections":[{"class":99999999999,"score":1,"box":[1,2,3,4]}]}""")]
    [InlineData("""{"frame_id":"1","detections":[],"classes":1}""")]
    [InlineData("""{"frame_id":"1","detections":[],"values":{"a":true}}""")]
    [InlineData("""{"frame_id":"x","detections":[]}""")]
    [InlineData("""{"frame_id":null,"detections":[]}""")]
    [InlineData("""{"frame_id":7,"detections":[]}""")]
    [InlineData("""{"detections":[]}""")]
    public void What_is_no_prediction_is_passed_over(string payload)
        => Assert.False(DemoListener.TryRead(Encoding.UTF8.GetBytes(payload), out _, _found, out _));

    [Fact]
    public void No_label_reaches_the_terminal_with_control_characters_or_without_end()
    {
        string payload = Message.Replace("bolt", "\\u001b[31m\\u0007" + new string('x', 5000), StringComparison.Ordinal);
        Assert.True(DemoListener.TryRead(Encoding.UTF8.GetBytes(payload), out _, _found, out string line));
        Assert.DoesNotContain(line, char.IsControl);
        Assert.InRange(line.Length, 100, 500);
    }
}
