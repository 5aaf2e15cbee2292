namespace EdgeInfer.Configuration;

/// <summary><c>updates</c>: where models come from over the air, and when they may go live.</summary>
public sealed record UpdateOptions
{
    /// <summary>Where signed metadata lie, with a slash at its end; null where updates come by <c>update apply</c> alone.</summary>
    public Uri? Repository { get; init; }

    /// <summary>An OCI registry and repository that hold the models' files, as in <c>oci://registry.example/fleet/models</c>; null for the repository itself.</summary>
    public string? Registry { get; init; }

    /// <summary>Absolute path of the first root.json that this device trusts; null where it was enrolled.</summary>
    public string? Root { get; init; }

    /// <summary>Absolute path of a PEM file of authorities that replaces the system's.</summary>
    public string? Ca { get; init; }

    /// <summary>Absolute path of a PEM file with the certificate that repository and registry are shown; null for none.</summary>
    public string? Certificate { get; init; }

    /// <summary>Absolute path of the PEM file with its private key.</summary>
    public string? Key { get; init; }

    /// <summary>User name at the repository.</summary>
    public string? Username { get; init; }

    /// <summary>Password at the repository.</summary>
    public Secret? Password { get; init; }

    /// <summary>User name at the registry.</summary>
    public string? RegistryUsername { get; init; }

    /// <summary>Password at the registry.</summary>
    public Secret? RegistryPassword { get; init; }

    /// <summary>How often the repository is asked without a hint.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromHours(6);

    /// <summary>The longest wait after a hint: a fleet does not ask in the same second.</summary>
    public TimeSpan Spread { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Whether a model that passed its probe waits until somebody on the device or over MQTT releases it.</summary>
    public bool NeedsApproval { get; init; }

    /// <summary>When models may go live; null for always.</summary>
    public UpdateWindow? Window { get; init; }

    /// <summary>The most that is downloaded a second, in bytes; null for no limit.</summary>
    public long? RateBytesPerSecond { get; init; }
}

/// <summary>A span of every day, in the device's local time.</summary>
/// <param name="Opens">Its first minute.</param>
/// <param name="Closes">The first minute after it; not later than <paramref name="Opens"/> where it goes over midnight.</param>
public sealed record UpdateWindow(TimeOnly Opens, TimeOnly Closes)
{
    /// <summary>Whether a time of the day lies in it.</summary>
    public bool Holds(TimeOnly time) => Opens < Closes ? time >= Opens && time < Closes : time >= Opens || time < Closes;

    /// <summary>As it is written: <c>02:00-05:00</c>.</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Opens:HH\\:mm}-{Closes:HH\\:mm}");
}
