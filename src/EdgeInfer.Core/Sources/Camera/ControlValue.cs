using System.Globalization;
using EdgeInfer.Configuration;

namespace EdgeInfer.Sources.Camera;

/// <summary>Reads a control's value as a configuration writes it, by what the control takes.</summary>
internal static class ControlValue
{
    /// <summary>Reads a value.</summary>
    /// <param name="control">The control.</param>
    /// <param name="written">A number, true or false, or an item of its menu by number, by name, or by the name's first words.</param>
    /// <param name="value">What to set.</param>
    /// <returns>What is wrong, after the control's name, and its cure; null where it is sound.</returns>
    public static (string What, string Cure)? Parse(ControlInfo control, string written, out long value)
    {
        value = 0;
        return control.Kind switch
        {
            ControlKind.Boolean => Boolean(written) is { } isOn ? Taken(isOn ? 1 : 0, out value) : Wrong(control, written, "expected true or false"),
            ControlKind.Menu => Item(control, written) is { } item ? Taken(item, out value) : WrongItem(control, written),
            ControlKind.Integer or ControlKind.Bitmask => Number(control, written, out value),
            ControlKind.Button => ("is a button, which holds no value", "remove it from controls"),
            _ => ("is a text or a structure, which cannot be set here", "remove it from controls"),
        };
    }

    private static (string What, string Cure)? Number(ControlInfo control, string written, out long value)
    {
        bool isHex = control.Kind == ControlKind.Bitmask && written.StartsWith("0x", StringComparison.Ordinal);
        bool isNumber = isHex
            ? long.TryParse(written.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : long.TryParse(written, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        if (!isNumber) return Wrong(control, written, $"expected a whole number, {control.Range()}");
        // A mask of bits has no smallest value; its largest is all that it knows.
        bool isInside = control.Kind == ControlKind.Bitmask ? (value & ~control.Maximum) == 0 : value >= control.Minimum && value <= control.Maximum;
        return isInside ? null : (string.Create(CultureInfo.InvariantCulture, $"cannot be {value}: out of range"), $"give it {control.Range()}");
    }

    private static bool? Boolean(string written) => written switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        _ => null,
    };

    private static long? Item(ControlInfo control, string written)
    {
        if (long.TryParse(written, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && control.Items.Any(i => i.Index == number)) return number;
        string name = ControlName.Of(written);
        if (name.Length == 0) return null;
        ControlItem? whole = control.Items.FirstOrDefault(i => ControlName.Of(i.Title) == name);
        if (whole is not null) return whole.Index;
        List<ControlItem> begun = [.. control.Items.Where(i => ControlName.Of(i.Title).StartsWith(name + "_", StringComparison.Ordinal))];
        return begun.Count == 1 ? begun[0].Index : null;
    }

    private static (string What, string Cure)? WrongItem(ControlInfo control, string written)
    {
        string? near = NearestKey.Find(ControlName.Of(written), control.Items.Select(static i => ControlName.Of(i.Title)));
        string hint = control.Items.FirstOrDefault(i => ControlName.Of(i.Title) == near) is { } item ? $"did you mean '{item.Title}'? " : "";
        return Wrong(control, written, $"{hint}expected one of {control.Range()}");
    }

    private static (string What, string Cure) Wrong(ControlInfo control, string written, string cure)
        => ($"cannot be {Quoted.Text(written)}{(control.Current is { } now ? $" (it is {control.Text(now)})" : "")}", cure);

    private static (string What, string Cure)? Taken(long number, out long value)
    {
        value = number;
        return null;
    }
}
