using EdgeInfer.Posix;

namespace EdgeInfer.Heat;

/// <summary>
/// Reads a device's heat and power from the kernel's files. What is absent, unreadable or garbage is left out, never an error. Where
/// the files are is looked up once a minute, since drivers come and go; a reading in between opens a few dozen small files. One caller at a time.
/// </summary>
/// <param name="files">The system.</param>
/// <param name="time">Clock.</param>
internal sealed class HeatProbe(SystemFiles files, TimeProvider time)
{
    /// <summary>Zones beyond these are left out: each is a label of the metrics.</summary>
    public const int MostZones = 32;

    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMinutes(1);

    private readonly List<ZoneTemperature> _warm = [];
    private readonly ProcessorFrequency _frequency = new(files);
    private readonly PiFirmware _firmware = new(files);
    private readonly EventCounts _events = new(files);
    private readonly ThrottleAlerts _alerts = new(files);
    private IReadOnlyList<ThermalZone> _zones = [];
    private string? _powerMode;
    private ThrottleReasons _seen;
    private long? _lookedAt;

    /// <summary>What the device tells now.</summary>
    public HeatReading Read()
    {
        if (_lookedAt is not { } looked || time.GetElapsedTime(looked) >= s_lookAgain) Look();
        _warm.Clear();
        ZoneTemperature? hottest = null;
        foreach (ThermalZone zone in _zones)
        {
            if (zone.Read(files) is not { } celsius) continue;
            ZoneTemperature now = new(zone.Name, celsius, zone.SlowsAtCelsius);
            _warm.Add(now);
            if (hottest is not { } known || known.Celsius < celsius) hottest = now;
        }

        bool isTold = Throttling(out ThrottleReasons reasons, out uint? word);
        return new()
        {
            Zones = [.. _warm],
            Hottest = hottest,
            Now = isTold ? reasons : null,
            SinceStart = isTold ? _seen : null,
            FirmwareWord = word,
            FrequencyHz = _frequency.Now(),
            AllowedFrequencyHz = _frequency.Allowed(),
            HighestFrequencyHz = _frequency.HighestHz,
            PowerMode = _powerMode,
        };
    }

    private void Look()
    {
        _lookedAt = time.GetTimestamp();
        _zones = ThermalZone.Find(files, MostZones);
        _powerMode = JetsonPowerMode.Read(files);
        _frequency.Find();
        _firmware.Find();
        _events.Find();
        _alerts.Find();
    }

    private bool Throttling(out ThrottleReasons now, out uint? word)
    {
        now = ThrottleReasons.None;
        bool isTold = _firmware.Read(ref now, ref _seen, out word) | _events.Read(ref now, ref _seen) | _alerts.Read(ref now);

        // What is at work now has been since the start, whatever a counter that began later says.
        _seen |= now;
        return isTold;
    }
}
