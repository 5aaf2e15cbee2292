using System.Net;
using EdgeInfer.Configuration;

namespace EdgeInfer.Messaging;

/// <summary>What the broker publishes, retained with QoS 1, when the session ends without a word.</summary>
/// <param name="Topic">Where to.</param>
/// <param name="Payload">The message.</param>
internal sealed record LastWill(MqttTopic Topic, ReadOnlyMemory<byte> Payload);

/// <summary>What a session needs to know.</summary>
internal sealed record MqttSettings
{
    /// <summary>Address, credentials, TLS, keep-alive and bound of unacknowledged messages.</summary>
    public required MqttOptions Options { get; init; }

    /// <summary>The client id.</summary>
    public required string ClientId { get; init; }

    /// <summary>The last will.</summary>
    public LastWill? Will { get; init; }

    /// <summary>The most messages in the queue.</summary>
    public int QueueCount { get; init; } = 4096;

    /// <summary>The most memory of the queue.</summary>
    public int QueueBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>The largest packet the broker may send.</summary>
    public int LargestReceivedBytes { get; init; } = 256 * 1024;

    /// <summary>Delay after the first failure.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest delay between attempts.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>About how long the next attempt waits where an operator must act, a tenth more or less: a wrong password locks no account at this rate.</summary>
    public TimeSpan FailedDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the files of TLS are looked at while connected.</summary>
    public TimeSpan FileLook { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the files of TLS and the password's are looked at between attempts.</summary>
    public TimeSpan FileLookWhileWaiting { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long messages on their way may take to be acknowledged before a connection is left for new certificates.</summary>
    public TimeSpan LeavingTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long before its end the device's own certificate is spoken of.</summary>
    public TimeSpan ExpiryNotice { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Whether a time source keeps this device's clock: asked where a certificate's dates do not fit.</summary>
    public Func<bool> IsClockSynced { get; init; } = static () => true;

    /// <summary>Finds the addresses of a name.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = static (host, stop) => Dns.GetHostAddressesAsync(host, stop);

    /// <summary>How long a connection has to last to count as a success for the delays.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long connecting may take, TLS and CONNACK included.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The settings of an agent's own session.</summary>
    public static MqttSettings ForDevice(MqttOptions options, string device, LastWill will)
    {
        MqttSettings settings = new() { Options = options, ClientId = options.ClientId ?? $"edgeinfer-{device}", Will = will };

        // An attempt that hangs is found as soon as a connection that does.
        TimeSpan bound = options.KeepAlive * 1.5;
        return bound < settings.ConnectTimeout ? settings with { ConnectTimeout = bound } : settings;
    }

    /// <summary>The same with the password as its file says it now; as it was last read where the file cannot be used.</summary>
    public MqttSettings WithFreshPassword()
        => Options.Password is { File: not null } old && old.ReadAgain() is { } fresh && !fresh.Equals(old)
            ? this with { Options = Options with { Password = fresh } }
            : this;

    /// <summary>The broker's address as logs name it; free of credentials.</summary>
    public string Address => $"{Options.Url.Scheme}://{Options.Url.Authority}";
}

/// <summary>What a session is doing.</summary>
internal enum MqttSessionState
{
    /// <summary>Not started yet, or stopped.</summary>
    Stopped,

    /// <summary>An attempt is under way.</summary>
    Connecting,

    /// <summary>Messages flow.</summary>
    Connected,

    /// <summary>The last attempt failed; the next one follows by itself.</summary>
    Waiting,

    /// <summary>The last attempt failed and an operator must act; it is tried again all the same.</summary>
    Failed,
}

/// <summary>A session as status shows it.</summary>
/// <param name="State">What it is doing.</param>
/// <param name="Cause">Why it is not connected; null while it is.</param>
/// <param name="LastError">The last fault there was, kept while connected.</param>
/// <param name="ConnectedSince">When the connection in use was made.</param>
/// <param name="Since">Since when it is connected, or is not.</param>
/// <param name="Counts">Counts since the start.</param>
/// <param name="Warning">What will keep it from connecting one day while it is connected: files that cannot be used, a certificate that ends.</param>
internal sealed record MqttSessionStatus(
    MqttSessionState State, Diagnostics.Fault? Cause, Diagnostics.Fault? LastError, DateTimeOffset? ConnectedSince, DateTimeOffset Since, MqttCounts Counts,
    Diagnostics.Fault? Warning = null);
