namespace EdgeInfer.Configuration;

internal sealed partial class SourceReader
{
    private const int MostControls = 64;

    /// <summary>Names and values alone: which the camera has, and what they take, only the camera knows.</summary>
    private static ControlWishes Controls(MappingReader source)
    {
        if (source.Mapping("controls") is not { } controls) return ControlWishes.None;
        List<ControlWish> wishes = [];
        if (controls.Entries.Count > MostControls) source.Fault("controls", $"{controls.Entries.Count} controls", $"at most {MostControls}");
        foreach ((YamlScalar key, YamlNode value) in controls.Entries)
        {
            if (key.Value.Length is 0 or > MostControls || !key.Value.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))
            {
                controls.Fault(key.Value, "this is no name of a control",
                    "write it as v4l2-ctl --list-ctrls and edgeinfer doctor print it: lower case and underscores, as in exposure_time_absolute");
            }
            else if (value is YamlScalar { IsNull: false } scalar && scalar.Value.Length > 0)
            {
                wishes.Add(new(key.Value, scalar.Value));
            }
            else
            {
                controls.Wrong(value, key.Value, "a number, true, false, or an item of a menu such as manual");
            }
        }

        return new(wishes);
    }
}
