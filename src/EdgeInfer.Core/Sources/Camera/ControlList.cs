using System.Globalization;
using System.Text;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>The controls of an open camera, asked of its driver.</summary>
internal static unsafe class ControlList
{
    // Bounds on what is asked of a driver that never says "no more".
    private const int MostControls = 512;
    private const int MostItems = 256;

    /// <summary>Every control, in the driver's order, with its value now; empty where the driver has none.</summary>
    public static IReadOnlyList<ControlInfo> Read(CameraNode node)
    {
        List<ControlInfo> controls = [];
        V4l2ControlQuery query = new() { Id = V4l2Values.NextControl };
        for (int i = 0; i < MostControls; i++)
        {
            if (node.Control(V4l2Commands.QueryExtendedControl, ref query) != Errno.None) break;
            uint id = query.Id;
            if (query.Type != V4l2Values.ControlClass && (query.Flags & V4l2Values.ControlFlagDisabled) == 0) controls.Add(Describe(node, query));
            query = new() { Id = id | V4l2Values.NextControl };
        }

        return controls;
    }

    /// <summary>One control as it is now; null where the driver does not know it any more.</summary>
    public static ControlInfo? Read(CameraNode node, uint id)
    {
        V4l2ControlQuery query = new() { Id = id };
        return node.Control(V4l2Commands.QueryExtendedControl, ref query) == Errno.None ? Describe(node, query) : null;
    }

    /// <summary>Sets a control by the extended command, or by the plain one where a driver has no other.</summary>
    /// <returns>The error, or 0.</returns>
    public static int Set(CameraNode node, ControlInfo control, long value)
    {
        int error = Exchange(node, V4l2Commands.SetExtendedControls, control.Id, control.IsWide, ref value);
        if (error is not (Errno.NotTypewriter or Errno.Invalid) || control.IsWide) return error;
        V4l2PlainControl plain = new() { Id = control.Id, Value = unchecked((int)value) };
        int plainError = node.Control(V4l2Commands.SetPlainControl, ref plain);
        return plainError == Errno.NotTypewriter ? error : plainError;
    }

    /// <summary>The value a control has now; null where it cannot be read.</summary>
    public static long? Get(CameraNode node, ControlInfo control)
    {
        long value = 0;
        if (Exchange(node, V4l2Commands.GetExtendedControls, control.Id, control.IsWide, ref value) != Errno.None)
        {
            V4l2PlainControl plain = new() { Id = control.Id };
            if (control.IsWide || node.Control(V4l2Commands.GetPlainControl, ref plain) != Errno.None) return null;
            value = plain.Value;
        }

        // Masks fill all 32 bits; everything else has a sign.
        return control.Kind == ControlKind.Bitmask ? (uint)value : value;
    }

    private static int Exchange(CameraNode node, uint command, uint id, bool isWide, ref long value)
    {
        V4l2ExtendedControl control = new() { Id = id };
        if (isWide) control.Value64 = value;
        else control.Value = unchecked((int)value);

        // By class, which drivers older than "the current value of any class" know too.
        V4l2ExtendedControls list = new() { Class = id & V4l2Values.ControlClassMask, Count = 1, Controls = (nint)(&control) };
        int error = node.Control(command, ref list);
        if (error == Errno.None) value = isWide ? control.Value64 : control.Value;
        return error;
    }

    private static ControlInfo Describe(CameraNode node, in V4l2ControlQuery query)
    {
        ControlKind kind = query.Type switch
        {
            V4l2Values.ControlInteger or V4l2Values.ControlInteger64 => ControlKind.Integer,
            V4l2Values.ControlBoolean => ControlKind.Boolean,
            V4l2Values.ControlMenu or V4l2Values.ControlIntegerMenu => ControlKind.Menu,
            V4l2Values.ControlBitmask => ControlKind.Bitmask,
            V4l2Values.ControlButton => ControlKind.Button,
            _ => ControlKind.Other,
        };
        if ((query.Flags & V4l2Values.ControlFlagHasPayload) != 0) kind = ControlKind.Other;
        string title = Text(query.Name);
        bool isWide = query.Type == V4l2Values.ControlInteger64;
        IReadOnlyList<ControlItem> items = kind == ControlKind.Menu ? Items(node, query) : [];
        bool isReadable = kind is not (ControlKind.Button or ControlKind.Other) && (query.Flags & V4l2Values.ControlFlagWriteOnly) == 0;
        long preset = kind == ControlKind.Bitmask ? (uint)query.Default : query.Default;
        long maximum = kind == ControlKind.Bitmask ? (uint)query.Maximum : query.Maximum;
        ControlInfo control = new(query.Id, ControlName.Of(title), title, kind, query.Minimum, maximum, (long)Math.Max(1, query.Step), preset, query.Flags, isWide, items);
        return isReadable ? control with { Current = Get(node, control) } : control;
    }

    private static List<ControlItem> Items(CameraNode node, in V4l2ControlQuery query)
    {
        List<ControlItem> items = [];
        for (long i = query.Minimum; i <= query.Maximum && i - query.Minimum < MostItems; i++)
        {
            // Menus have holes: an item that the camera lacks is refused, those after it are not.
            V4l2MenuQuery item = new() { Id = query.Id, Index = (uint)i };
            if (node.Control(V4l2Commands.QueryMenu, ref item) != Errno.None) continue;
            items.Add(new(i, query.Type == V4l2Values.ControlIntegerMenu ? item.Value.ToString(CultureInfo.InvariantCulture) : Text(item.Name)));
        }

        return items;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }
}
