using System.Globalization;
using System.Net;

namespace EdgeInfer.Diagnosis;

/// <summary>A place where a broker may listen.</summary>
/// <param name="Url">Its address.</param>
/// <param name="Origin">Why it is asked: <c>this machine</c>, <c>the default gateway</c>, <c>a usual name</c>.</param>
internal sealed record BrokerCandidate(Uri Url, string Origin);

/// <summary>The few places where a broker of a small network usually listens; nothing is scanned.</summary>
internal static class BrokerCandidates
{
    private const string RouteTable = "/proc/net/route";

    // Compose files and Home Assistant name their broker's host so.
    private static readonly string[] s_names = ["mosquitto", "mqtt", "mqtt.local", "homeassistant.local"];

    /// <summary>This machine, its default gateway and the usual names, in the order of preference.</summary>
    public static IReadOnlyList<BrokerCandidate> Usual() => Usual(Gateway(RouteTableText()));

    /// <summary>As <see cref="Usual()"/>, with a given gateway.</summary>
    internal static IReadOnlyList<BrokerCandidate> Usual(IPAddress? gateway)
    {
        List<BrokerCandidate> candidates =
        [
            new(new("mqtt://127.0.0.1:1883"), "this machine"),
            new(new("mqtts://127.0.0.1:8883"), "this machine"),
        ];
        if (gateway is not null) candidates.Add(new(new($"mqtt://{gateway}:1883"), "the default gateway"));
        candidates.AddRange(s_names.Select(static name => new BrokerCandidate(new($"mqtt://{name}:1883"), "a usual name")));
        return candidates;
    }

    /// <summary>The default gateway of the kernel's table of IPv4 routes; null where there is none.</summary>
    /// <param name="table">As in /proc/net/route: a header, then interface, destination, gateway … with addresses as hexadecimal words of this machine's byte order.</param>
    internal static IPAddress? Gateway(string table)
    {
        foreach (string line in table.Split('\n').Skip(1))
        {
            string[] fields = line.Split('\t', StringSplitOptions.TrimEntries);
            if (fields.Length < 3 || fields[1] != "00000000") continue;
            bool isWord = uint.TryParse(fields[2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint word);
            if (isWord && word != 0) return new IPAddress(BitConverter.GetBytes(word));
        }

        return null;
    }

    private static string RouteTableText()
    {
        try
        {
            return File.ReadAllText(RouteTable);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
