using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>A request of RTSP.</summary>
/// <param name="Method">Its method.</param>
/// <param name="Address">Its address.</param>
/// <param name="Headers">Its headers.</param>
internal sealed record RtspRequest(string Method, string Address, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Its first line.</summary>
    public string FirstLine => $"{Method} {Address}";

    /// <summary>Reads one, passing over packets that come between; null at the end.</summary>
    public static async Task<RtspRequest?> Read(NetworkStream line, CancellationToken stop)
    {
        StringBuilder text = new();
        byte[] one = new byte[1];
        while (await line.ReadAsync(one, stop) == 1)
        {
            if (text.Length == 0 && one[0] == (byte)'$')
            {
                byte[] head = new byte[3];
                await line.ReadExactlyAsync(head, stop);
                await line.ReadExactlyAsync(new byte[head[1] << 8 | head[2]], stop);
                continue;
            }

            text.Append((char)one[0]);
            if (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) continue;
            string[] lines = text.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
            Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
            foreach (string header in lines.Skip(1)) headers[header[..header.IndexOf(':', StringComparison.Ordinal)]] = header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            string[] first = lines[0].Split(' ');
            return new(first[0], first[1], headers);
        }

        return null;
    }
}

/// <summary>What a camera answers.</summary>
internal sealed class RtspSession(RtspBehaviour behaviour, string path)
{
    private const string Realm = "camera";
    private const string Nonce = "9e1f0b6c5a2d4f78";

    /// <summary>The answer to a request, with its empty line.</summary>
    public string Answer(RtspRequest request)
    {
        if (request.Method == "OPTIONS") return Reply(request, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n");
        if (!IsAllowed(request))
        {
            string scheme = behaviour.IsDigest ? $"Digest realm=\"{Realm}\", nonce=\"{Nonce}\"" : $"Basic realm=\"{Realm}\"";
            return Reply(request, "401 Unauthorized", $"WWW-Authenticate: {scheme}\r\n");
        }

        bool isKnown = new Uri(request.Address).AbsolutePath.StartsWith(path, StringComparison.Ordinal);
        return request.Method switch
        {
            "DESCRIBE" when !isKnown => Reply(request, "404 Not Found", ""),
            "DESCRIBE" => Describe(request),
            "SETUP" when !request.Headers["Transport"].Contains("TCP", StringComparison.Ordinal) => Reply(request, "461 Unsupported Transport", ""),
            "SETUP" => Reply(request, "200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 12345678\r\n"),
            _ => Reply(request, "200 OK", "Session: 12345678\r\n"),
        };
    }

    private string Describe(RtspRequest request)
    {
        string media = behaviour.HasNoVideo
            ? "m=audio 0 RTP/AVP 0\r\na=control:sound\r\n"
            : $"m=video 0 RTP/AVP 96\r\na=rtpmap:96 {behaviour.Codec}/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:picture\r\n";
        string session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n" + media;
        return Reply(request, "200 OK", $"Content-Type: application/sdp\r\nContent-Base: {request.Address}/\r\nContent-Length: {session.Length}\r\n") + session;
    }

    private bool IsAllowed(RtspRequest request)
    {
        if (behaviour.User is not { } user) return true;
        if (!request.Headers.TryGetValue("Authorization", out string? given)) return false;
        if (!behaviour.IsDigest) return given == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{behaviour.Password}"));
        string secret = Hash($"{user}:{Realm}:{behaviour.Password}");
        string expected = Hash($"{secret}:{Nonce}:{Hash($"{request.Method}:{Field(given, "uri")}")}");
        return Field(given, "response") == expected;
    }

    private static string Field(string header, string name)
    {
        int start = header.IndexOf(name + "=\"", StringComparison.Ordinal) + name.Length + 2;
        return header[start..header.IndexOf('"', start)];
    }

    // RFC 2617 names MD5.
#pragma warning disable CA5351
    private static string Hash(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351

    private static string Reply(RtspRequest request, string status, string headers)
        => $"RTSP/1.0 {status}\r\nCSeq: {request.Headers["CSeq"]}\r\n{headers}\r\n";
}

/// <summary>Packs pictures into RTP packets (RFC 6184: single units and FU-A), each behind the four bytes of RTSP's interleaving.</summary>
internal sealed class RtpPacketiser
{
    private const int LongestPayload = 1400;

    private ushort _sequence;

    /// <summary>All packets of a picture.</summary>
    public byte[] Pack(IReadOnlyList<ReadOnlyMemory<byte>> units, uint stamp)
    {
        using MemoryStream packets = new();
        for (int i = 0; i < units.Count; i++)
        {
            ReadOnlySpan<byte> unit = units[i].Span;
            bool isLastUnit = i == units.Count - 1;
            if (unit.Length <= LongestPayload)
            {
                Write(packets, [], unit, stamp, isLastUnit);
                continue;
            }

            byte head = unit[0];
            ReadOnlySpan<byte> rest = unit[1..];
            for (bool isFirst = true; !rest.IsEmpty; isFirst = false)
            {
                int length = Math.Min(LongestPayload - 2, rest.Length);
                bool isEnd = length == rest.Length;
                byte fragment = (byte)((head & 0x1F) | (isFirst ? 0x80 : 0) | (isEnd ? 0x40 : 0));
                Write(packets, [(byte)((head & 0xE0) | 28), fragment], rest[..length], stamp, isLastUnit && isEnd);
                rest = rest[length..];
            }
        }

        return packets.ToArray();
    }

    /// <summary>Twenty milliseconds of PCMU (payload type 0 of RFC 3551) without a sound.</summary>
    public byte[] Silence(uint stamp)
    {
        using MemoryStream packets = new();
        Span<byte> sound = stackalloc byte[160];
        sound.Fill(0xFF);
        Write(packets, [], sound, stamp, isMarked: false, payloadType: 0);
        return packets.ToArray();
    }

    private void Write(MemoryStream packets, ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload, uint stamp, bool isMarked, byte payloadType = 96)
    {
        int length = 12 + head.Length + payload.Length;
        packets.Write([(byte)'$', 0, (byte)(length >> 8), (byte)length]);
        packets.Write([0x80, (byte)((isMarked ? 0x80 : 0) | payloadType), (byte)(_sequence >> 8), (byte)_sequence]);
        packets.Write([(byte)(stamp >> 24), (byte)(stamp >> 16), (byte)(stamp >> 8), (byte)stamp, 0x12, 0x34, 0x56, 0x78]);
        packets.Write(head);
        packets.Write(payload);
        _sequence++;
    }
}
