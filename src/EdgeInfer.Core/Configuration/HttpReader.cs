using System.Globalization;
using System.Net;

namespace EdgeInfer.Configuration;

/// <summary>Reads <c>http</c>.</summary>
internal sealed class HttpReader(ReadingContext context)
{
    private const string Expected = "an address of this machine and a port, such as 127.0.0.1:8080, or '[::1]:8080' in quotes";

    /// <summary>The listener's options; without <c>http.listen</c> there is none.</summary>
    public HttpOptions Read(MappingReader root)
    {
        if (root.Mapping("http") is not { } http) return new();
        IPEndPoint? listen = null;
        if (http.Node("listen") is { } node)
        {
            listen = node is YamlScalar scalar ? Parse(scalar.Value) : null;
            if (listen is null) http.Wrong(node, "listen", Expected);
            else if (!IPAddress.IsLoopback(listen.Address)) Warn(http, listen);
        }

        http.Close();
        return new() { Listen = listen };
    }

    private void Warn(MappingReader http, IPEndPoint listen) => context.Warn(http.MarkOf("listen"),
        $"{http.PathOf("listen")}: {listen} answers beyond this machine, to anybody and without a password: the metrics name pipelines and models",
        "let a firewall admit Prometheus alone, or write 127.0.0.1");

    // By hand: IPEndPoint.TryParse takes "1:80" for 0.0.0.1 and an address without a port.
    private static IPEndPoint? Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > IPEndPoint.MaxPort) return null;
        string host = text[..colon];
        if (host == "localhost") return new(IPAddress.Loopback, port);
        if (host is ['[', .., ']']) return IPAddress.TryParse(host.AsSpan(1, host.Length - 2), out IPAddress? v6) && v6.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? new(v6, port) : null;
        bool isDotted = host.Count(static c => c == '.') == 3;
        return isDotted && IPAddress.TryParse(host, out IPAddress? v4) ? new(v4, port) : null;
    }
}
