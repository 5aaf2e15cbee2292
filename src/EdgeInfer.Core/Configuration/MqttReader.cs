using System.Net;
using System.Text;

namespace EdgeInfer.Configuration;

/// <summary>Reads <c>mqtt</c>.</summary>
internal sealed class MqttReader(ReadingContext context)
{
    private const string Expected = "mqtt://HOST, mqtts://HOST, ws://HOST/PATH, wss://HOST/PATH or embedded://127.0.0.1";
    private const int LongestPrefixBytes = 1024;

    // MQTT 5, section 3.1.3.1: servers must take 23 characters and may take more; all common ones take this many.
    private const int LongestClientIdBytes = 256;

    // Given where a fault was added; the configuration is dropped with it.
    private static readonly Uri s_unknown = new("mqtt://localhost:1883");

    private static readonly Dictionary<string, int> s_ports = new()
    {
        ["mqtt"] = 1883,
        ["mqtts"] = 8883,
        ["ws"] = 80,
        ["wss"] = 443,
        ["embedded"] = 1883,
    };

    /// <summary>The broker and how to talk to it; a broker on this machine where a fault keeps it from being known.</summary>
    public MqttOptions Read(MappingReader root)
    {
        if (root.Mapping("mqtt") is not { } mqtt)
        {
            if (!root.Has("mqtt")) root.Missing("mqtt", "name the broker: mqtt: { url: mqtt://HOST }");
            return new() { Url = s_unknown };
        }

        return ReadMapping(mqtt);
    }

    /// <summary>As <see cref="Read"/>, of the mapping itself.</summary>
    public MqttOptions ReadMapping(MappingReader mqtt)
    {
        Uri? url = Url(mqtt);
        if (!mqtt.Has("url")) mqtt.Missing("url", $"expected {Expected}");
        MqttOptions options = new()
        {
            Url = url ?? s_unknown,
            Username = mqtt.Text("username"),
            Password = new SecretReader(context).Read(mqtt, "password"),
            ClientId = ClientId(mqtt),
            Prefix = Prefix(mqtt),
            InFlight = mqtt.Integer("in_flight", 1, 1024) ?? 16,
            Accept = Accept(mqtt),
            KeepAlive = mqtt.Duration("keep_alive", TimeSpan.FromSeconds(5), TimeSpan.FromHours(1)) ?? TimeSpan.FromSeconds(30),
        };
        options = options with { IsVersion311 = mqtt.Word("protocol", ["5", "3.1.1"]) == "3.1.1" };

        // MQTT 3.1.1, section 3.1.2.9; MQTT 5 has it.
        if (options is { IsVersion311: true, Username: null } && mqtt.Has("password"))
            mqtt.Fault("password", "MQTT 3.1.1 has no password without a user name", "add mqtt.username");
        if (mqtt.Mapping("tls") is { } tls) options = Tls(options, tls, mqtt, url?.Scheme);
        mqtt.NotYet("home_assistant");
        mqtt.Close();
        if (url is { Scheme: "embedded" }) CheckEmbedded(mqtt, url, options.Username is not null && mqtt.Has("password"));
        return options;
    }

    private Uri? Url(MappingReader mqtt)
    {
        if (new ServerAddress(context).Read(mqtt, "url", [.. s_ports.Keys], Expected) is not { } written) return null;
        bool isWeb = written.Scheme is "ws" or "wss";
        if (written.Query.Length > 0 || written.Fragment.Length > 0 || (!isWeb && written.AbsolutePath.Length > 1))
        {
            mqtt.Fault("url", "a broker's address ends behind the port", $"expected {Expected}");
            return null;
        }

        int port = written.Port > 0 ? written.Port : s_ports[written.Scheme];
        return new UriBuilder(written.Scheme, written.Host, port, isWeb ? written.AbsolutePath : "").Uri;
    }

    // Without a password anybody who reaches the port could read and send everything.
    private static void CheckEmbedded(MappingReader mqtt, Uri url, bool hasPassword)
    {
        bool isAddress = IPAddress.TryParse(url.DnsSafeHost, out IPAddress? address);
        if (!isAddress && url.Host != "localhost")
            mqtt.Fault("url", $"{Quoted.Text(url.Host)} is not an address of this machine",
                "write an IP address to listen on, such as embedded://127.0.0.1:1883");
        else if (isAddress && !IPAddress.IsLoopback(address!) && !hasPassword)
            mqtt.Fault("url", $"the embedded broker would listen on {url.Host} for everybody",
                "set username and password, or listen on 127.0.0.1");
    }

    private static IReadOnlyList<string> Accept(MappingReader mqtt)
    {
        if (mqtt.List("accept") is not { } items) return MqttOptions.AcceptedByDefault;
        List<string> accepted = [];
        foreach (YamlNode item in items)
        {
            string? word = item is YamlScalar { IsNull: false } scalar ? scalar.Value : null;
            if (word is null || !MqttOptions.AcceptedByDefault.Contains(word)) mqtt.Wrong(item, "accept", "a list of set, cmd and update, or [] to listen to nothing");
            else if (accepted.Contains(word)) mqtt.Refuse(item, "accept", $"'{word}' stands here a second time", "keep the first");
            else accepted.Add(word);
        }

        // Their order means nothing: another one is no change.
        return [.. MqttOptions.AcceptedByDefault.Where(accepted.Contains)];
    }

    private static string? ClientId(MappingReader mqtt)
    {
        string? id = mqtt.Text("client_id");
        if (id is null) return null;
        if (id.Length > 0 && Encoding.UTF8.GetByteCount(id) <= LongestClientIdBytes && !id.Any(char.IsControl)) return id;
        mqtt.Fault("client_id", $"found {Quoted.Text(id)}", $"expected 1 to {LongestClientIdBytes} bytes without control characters");
        return null;
    }

    private static string Prefix(MappingReader mqtt)
    {
        string? prefix = mqtt.Text("prefix");
        if (prefix is null) return MqttOptions.DefaultPrefix;
        string? wrong = TopicCheck.Fault(prefix);
        if (wrong is null && Encoding.UTF8.GetByteCount(prefix) > LongestPrefixBytes) wrong = $"is longer than {LongestPrefixBytes} bytes";
        if (wrong is not null) mqtt.Fault("prefix", $"{Quoted.Text(prefix)} {wrong}", "expected topic levels such as plant/edge");
        return prefix;
    }

    private MqttOptions Tls(MqttOptions options, MappingReader tls, MappingReader mqtt, string? scheme)
    {
        if (scheme is "mqtt" or "ws" or "embedded")
            mqtt.Fault("tls", $"{scheme}:// is not encrypted, so this would have no effect",
                scheme == "embedded" ? "remove it" : $"write {scheme}s:// in mqtt.url");
        const string Cure = "name a PEM file";
        options = options with
        {
            TlsCa = context.ExistingFile(tls, "ca", Cure),
            TlsCertificate = context.ExistingFile(tls, "certificate", Cure),
            TlsKey = context.ExistingFile(tls, "key", Cure),
        };
        if (scheme is "mqtts" or "wss") Look(tls, "ca", options.TlsCa, PemContent.Certificate);
        if (tls.Has("certificate") && !tls.Has("key")) tls.Fault("certificate", "a certificate without its key", "add mqtt.tls.key");
        if (tls.Has("key") && !tls.Has("certificate")) tls.Fault("key", "a key without its certificate", "add mqtt.tls.certificate");
        if (tls.Has("certificate") && tls.Has("key"))
        {
            Look(tls, "certificate", options.TlsCertificate, PemContent.Certificate);
            Look(tls, "key", options.TlsKey, PemContent.PrivateKey);
        }

        tls.Close();
        return options;
    }

    private static void Look(MappingReader tls, string key, string? path, string label)
    {
        if (path is not null && PemContent.Wrong(path, label) is { } wrong) tls.Fault(key, wrong.What, wrong.Cure);
    }
}
