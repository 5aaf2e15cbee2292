using EdgeInfer.Configuration;

namespace EdgeInfer.Tests.Configuration;

/// <summary><c>rotate</c>, <c>flip</c> and <c>crop</c> of a source.</summary>
public sealed class PictureTurnOptionsTests
{
    [Theory]
    [InlineData("camera: /dev/video0")]
    [InlineData("camera: csi:0")]
    [InlineData("stream: http://cam/video")]
    [InlineData("exec: my-camera")]
    [InlineData("files: /pictures")]
    [InlineData("synthetic: conveyor")]
    public void Every_kind_of_picture_can_be_turned(string kind)
    {
        PictureTurn turn = Turn($"{{ {kind}, rotate: 270, flip: horizontal, crop: [0.25, 0, 1/2, 1] }}");
        Assert.Equal(new PictureTurn(270, true, false, new CropBox(0.25, 0, 0.5, 1)), turn);
    }

    [Fact]
    public void A_picture_is_taken_as_it_comes_unless_something_is_said()
    {
        Assert.Same(PictureTurn.None, Turn("{ files: x }"));
        Assert.Same(PictureTurn.None, Turn("{ files: x, rotate: 0 }"));
        Assert.Equal(new PictureTurn(0, false, true, null), Turn("{ files: x, flip: vertical }"));
        Assert.Equal(new PictureTurn(180, true, true, null), Turn("{ files: x, flip: both, rotate: 180 }"));
    }

    [Fact]
    public void Fractions_that_sum_to_one_on_paper_do_so_here()
        => Assert.Equal(new CropBox(0.7, 0.9, 0.3, 0.1), Turn("{ files: x, crop: [0.7, 0.9, 0.3, 0.1] }").Crop);

    [Theory]
    [InlineData("rotate: 45", "rotate: found '45'; expected one of 0, 90, 180, 270", 33)]
    [InlineData("rotate: -90", "rotate: found '-90'; expected one of 0, 90, 180, 270", 33)]
    [InlineData("flip: h", "flip: found 'h'; expected one of horizontal, vertical, both", 31)]
    [InlineData("crop: 0.5", "crop: found '0.5'; expected a list", 31)]
    [InlineData("crop: [0, 0, 1]", "crop: 3 numbers; expected [x, y, width, height] in fractions of the picture, such as [0.25, 0, 0.5, 1]", 31)]
    [InlineData("crop: [0, 0, 640, 480]", "crop: found '640'; expected [x, y, width, height] in fractions of the picture, such as [0.25, 0, 0.5, 1], each from 0 to 1", 38)]
    [InlineData("crop: [0.5, 0, 0.6, 1]", "crop: ends to the right of the picture; make x + width at most 1", 31)]
    [InlineData("crop: [0, 0.5, 1, 0.6]", "crop: ends below the picture; make y + height at most 1", 31)]
    [InlineData("crop: [0, 0, 0.001, 1]", "crop: less than a hundredth of the picture is left; write a width and a height of 0.01 to 1", 31)]
    public void What_no_picture_can_be_turned_by_is_named(string keys, string fault, int column)
        => Assert.Equal(
            [$"edge.yaml:5:{column}: pipelines.belt.source.{fault}"],
            ConfigurationText.Faults(ConfigurationText.Smallest.Replace("{ camera: /dev/video0 }", $"{{ files: x, {keys} }}", StringComparison.Ordinal)));

    private static PictureTurn Turn(string source)
        => ConfigurationText.Good(ConfigurationText.Smallest.Replace("{ camera: /dev/video0 }", source, StringComparison.Ordinal)).Pipelines[0].Source.Turn;
}
