using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Sources.Camera;

/// <summary>Values as a configuration writes them, by what the control takes.</summary>
public sealed class ControlValueTests
{
    private static readonly ControlInfo s_frequency = Of(ControlKind.Menu, 0, 3, 1) with { Items = [new(0, "Disabled"), new(1, "50 Hz"), new(2, "60 Hz"), new(3, "Auto")] };
    private static readonly ControlInfo s_exposure = Of(ControlKind.Menu, 0, 3, 1) with { Items = [new(1, "Manual Mode"), new(3, "Aperture Priority Mode")] };

    // Vivid's own mask, which fills all 32 bits.
    private static readonly ControlInfo s_mask = Of(ControlKind.Bitmask, 0, 0x80402010, 1);

    [Theory]
    [InlineData("1", 1)]
    [InlineData("50 Hz", 1)]
    [InlineData("50_hz", 1)]
    [InlineData("60", 2)]
    [InlineData("AUTO", 3)]
    public void An_item_is_meant_by_number_name_or_first_words(string written, long value) => Assert.Equal(value, Parsed(s_frequency, written));

    [Theory]
    [InlineData("manual", 1)]
    [InlineData("aperture priority", 3)]
    public void A_menu_may_have_holes(string written, long value) => Assert.Equal(value, Parsed(s_exposure, written));

    [Theory]
    [InlineData("0x80402010", 0x80402010)]
    [InlineData("8208", 0x2010)]
    public void A_mask_is_a_number_of_either_base(string written, long value) => Assert.Equal(value, Parsed(s_mask, written));

    [Fact]
    public void What_no_control_takes_is_said_with_what_it_takes()
    {
        Assert.Equal("expected one of 1 (Manual Mode), 3 (Aperture Priority Mode), default 0", ControlValue.Parse(s_exposure, "2", out _)!.Value.Cure);
        Assert.Equal("give it bits of 0x80402010, default 0x0", ControlValue.Parse(s_mask, "1", out _)!.Value.Cure);
        Assert.Equal("expected true or false", ControlValue.Parse(Of(ControlKind.Boolean, 0, 1, 1), "yes", out _)!.Value.Cure);
        Assert.Equal("give it -64 to 64, step 1, default 0", ControlValue.Parse(Of(ControlKind.Integer, -64, 64, 1), "-65", out _)!.Value.Cure);
    }

    private static ControlInfo Of(ControlKind kind, long minimum, long maximum, long step) => new(1, "name", "Name", kind, minimum, maximum, step, 0, 0, false, []);

    private static long Parsed(ControlInfo control, string written)
    {
        Assert.Null(ControlValue.Parse(control, written, out long value));
        return value;
    }
}
