using System.Globalization;
using System.Runtime.InteropServices;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Sources.Camera.Interop;

namespace EdgeInfer.Sources.Camera;

/// <summary>
/// Sets a camera's controls as the configuration says, at each open: automatic modes first, then the values that they unlock; what
/// the driver made of each is read back. A camera may go back to its own values when it starts to stream: see <see cref="Confirm"/>.
/// </summary>
/// <param name="wishes">What to set.</param>
internal sealed class CameraControls(ControlWishes wishes)
{
    // What decides whether a value counts: manual of these modes, or off.
    private static readonly (string Value, string Mode, string Manual)[] s_modes =
    [
        ("exposure", "auto_exposure", "manual"), ("exposure", "exposure_auto", "manual"),
        ("white_balance_temperature", "white_balance_automatic", "false"), ("white_balance_temperature", "white_balance_temperature_auto", "false"),
        ("red_balance", "white_balance_automatic", "false"), ("blue_balance", "white_balance_automatic", "false"),
        ("focus", "focus_automatic_continuous", "false"), ("focus", "focus_auto", "false"), ("hue", "hue_automatic", "false"),
        ("gain", "gain_automatic", "false"), ("gain", "autogain", "false"), ("gain", "auto_exposure", "manual"),
    ];

    private readonly List<(ControlInfo Control, long Value)> _set = [];

    /// <summary>Sets all controls, before the stream starts.</summary>
    /// <returns>What came out otherwise than asked: a value that the driver rounded, or one that has no effect now.</returns>
    /// <exception cref="SourceException">The camera does not have a control, it does not take the value, or it refused.</exception>
    public IReadOnlyList<Fault> Apply(CameraNode node)
    {
        _set.Clear();
        if (wishes.Wishes.Count == 0) return [];
        IReadOnlyList<ControlInfo> known = ControlList.Read(node);
        List<Fault> notes = [];
        foreach ((ControlInfo control, long value) in Plan(node.Path, wishes, known).OrderBy(static p => p.Control.IsMode ? 0 : 1))
        {
            // The modes set before may have changed what it is.
            ControlInfo now = ControlList.Read(node, control.Id) ?? control;
            if (now.IsInactive)
            {
                notes.Add(new(FaultKind.Configuration, node.Path, $"control {now.Name} has no effect now and was not set to {now.Text(value)}", Unlock(now, known)));
                continue;
            }

            int error = ControlList.Set(node, now, value);
            if (error != Errno.None) throw Refused(error, node, now, value);
            _set.Add((now, value));
        }

        for (int i = 0; i < _set.Count; i++)
        {
            (ControlInfo control, long value) = _set[i];
            if (ControlList.Get(node, control) is not { } given || given == value) continue;
            notes.Add(new(FaultKind.Configuration, node.Path, $"asked control {control.Name} to be {control.Text(value)}, the driver made it {control.Text(given)}",
                $"give it a value of {control.Range()}"));
            _set[i] = (control, given);
        }

        return notes;
    }

    /// <summary>Holds wishes against the controls of a camera, without setting any.</summary>
    /// <exception cref="SourceException">The camera does not have a control, or it does not take the value.</exception>
    public static void Check(string path, ControlWishes wishes, IReadOnlyList<ControlInfo> known) => Plan(path, wishes, known);

    /// <summary>Once the camera streams: sets again what it has changed by itself.</summary>
    /// <returns>What it does not keep.</returns>
    public IReadOnlyList<Fault> Confirm(CameraNode node)
    {
        List<Fault> notes = [];
        foreach ((ControlInfo control, long value) in _set)
        {
            if (ControlList.Get(node, control) is not { } now || now == value) continue;
            ControlList.Set(node, control, value);
            if (ControlList.Get(node, control) is not { } again || again == value) continue;
            notes.Add(new(FaultKind.Unavailable, node.Path, $"control {control.Name} does not stay at {control.Text(value)} while the camera streams; it is {control.Text(again)}",
                "set the automatic mode that governs it too, or leave it out"));
        }

        return notes;
    }

    private static List<(ControlInfo Control, long Value)> Plan(string path, ControlWishes wishes, IReadOnlyList<ControlInfo> known)
    {
        List<(ControlInfo, long)> plan = [];
        List<(string What, string Cure)> wrong = [];
        foreach (ControlWish wish in wishes.Wishes)
        {
            if (known.FirstOrDefault(c => ControlName.Means(wish.Name, c)) is not { } control) wrong.Add(Unknown(wish, known));
            else if (control.IsReadOnly) wrong.Add(($"control {control.Name} can only be read", "remove it from controls"));
            else if (ControlValue.Parse(control, wish.Value, out long value) is { } fault) wrong.Add(($"control {control.Name} {fault.What}", fault.Cure));
            else plan.Add((control, value));
        }

        if (wrong.Count == 0) return plan;
        throw CameraFaults.Of(SourceState.Failed, FaultKind.Configuration, path, string.Join(", and ", wrong.Select(static w => w.What)),
            string.Join("; ", wrong.Select(static w => w.Cure).Distinct()));
    }

    private static (string What, string Cure) Unknown(ControlWish wish, IReadOnlyList<ControlInfo> known)
    {
        string what = $"has no control {Quoted.Text(wish.Name)}";
        if (known.Count == 0) return (what, "it has no controls at all: remove controls from its source");
        string? near = NearestKey.Find(wish.Name, known.Select(static c => c.Name));
        string hint = near is null ? "" : $"did you mean '{near}'? ";
        // The likeliest first.
        IEnumerable<string> names = known.Where(static c => !c.IsReadOnly).Select(static c => c.Name).OrderBy(n => n == near ? 0 : 1);
        return (what, $"{hint}it has {string.Join(", ", names)}");
    }

    private static string Unlock(ControlInfo control, IReadOnlyList<ControlInfo> known)
    {
        foreach ((string value, string mode, string manual) in s_modes)
            if (control.Name.StartsWith(value, StringComparison.Ordinal) && known.Any(c => c.Name == mode)) return $"set {mode}: {manual} in controls";
        return "another control governs it: set that to manual, or leave this one out";
    }

    private static SourceException Refused(int error, CameraNode node, ControlInfo control, long value)
    {
        if (error is Errno.NoDevice or Errno.NoSuchAddress or Errno.ShutDown) return CameraFaults.Unplugged(node.Path);
        string what = string.Create(CultureInfo.InvariantCulture, $"refuses control {control.Name} = {control.Text(value)}: {Marshal.GetPInvokeErrorMessage(error)}");
        (FaultKind kind, string cure) = error switch
        {
            Errno.Busy => (FaultKind.Unavailable, "another program holds it: stop that, or leave this control out"),
            Errno.InputOutput or Errno.Protocol => (FaultKind.InputOutput, "the camera itself did not take it; it is tried again by itself; if this recurs, give another value or leave it out"),
            _ => (FaultKind.Configuration, $"give it {control.Range()}, or leave it out"),
        };
        return CameraFaults.Of(SourceState.Failed, kind, node.Path, what, cure);
    }
}
