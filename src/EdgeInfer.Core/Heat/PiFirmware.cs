using System.Globalization;
using EdgeInfer.Heat.Interop;
using EdgeInfer.Posix;

namespace EdgeInfer.Heat;

/// <summary>
/// What a Raspberry Pi's firmware says of voltage and throttling (<c>get_throttled</c>): asked for at its mailbox, as <c>vcgencmd</c> does
/// too, else read from the kernel's file, which newer kernels answer with a warning in their log; else the alarm of the supply voltage alone.
/// </summary>
/// <param name="files">The system.</param>
internal sealed class PiFirmware(SystemFiles files)
{
    private const string Mailbox = "/dev/vcio";

    // Bits 0 to 3 are at work now, 16 to 19 have been since the start: as ThrottleReasons has them.
    private const uint Known = 0xf;
    private const int SinceStart = 16;

    private bool _hasMailbox;
    private string? _file;
    private string? _alarm;

    /// <summary>Looks up where it can be asked.</summary>
    public void Find()
    {
        _hasMailbox = files.Exists(Mailbox) && FirmwareMailbox.Throttled(files.At(Mailbox)) is not null;
        _file = _hasMailbox ? null : files.List("/sys/devices/platform", "soc*").SelectMany(folder => files.List(folder, "soc*firmware"))
            .Select(static folder => folder + "/get_throttled").FirstOrDefault(files.Exists);
        _alarm = _hasMailbox || _file is not null ? null : files.List("/sys/class/hwmon").Where(sensor => files.Text(sensor + "/name") == "rpi_volt")
            .Select(static sensor => sensor + "/in0_lcrit_alarm").FirstOrDefault(files.Exists);
    }

    /// <summary>Reads it.</summary>
    /// <param name="now">Gains what is at work now.</param>
    /// <param name="sinceStart">Gains what has been since the device was switched on.</param>
    /// <param name="word">The firmware's word.</param>
    /// <returns>Whether it said anything.</returns>
    public bool Read(ref ThrottleReasons now, ref ThrottleReasons sinceStart, out uint? word)
    {
        word = _hasMailbox ? FirmwareMailbox.Throttled(files.At(Mailbox)) : _file is null ? null : Parse(files.Text(_file));
        if (word is { } bits)
        {
            now |= (ThrottleReasons)(bits & Known);
            sinceStart |= (ThrottleReasons)((bits >> SinceStart) & Known);
            return true;
        }

        if (_alarm is null || files.Number(_alarm) is not { } alarm) return false;
        if (alarm != 0) now |= ThrottleReasons.UnderVoltage;
        return true;
    }

    private static uint? Parse(string? text)
    {
        ReadOnlySpan<char> digits = text;
        if (digits.StartsWith("0x", StringComparison.Ordinal)) digits = digits[2..];
        return uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint bits) ? bits : null;
    }
}
