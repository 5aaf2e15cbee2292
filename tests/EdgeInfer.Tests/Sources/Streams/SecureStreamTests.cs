using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Streams;

namespace EdgeInfer.Tests.Sources.Streams;

[Collection(Alone.Name)]
public sealed class SecureStreamTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate = MakeCertificate();

    public SecureStreamTests() => _listener.Start();

    public void Dispose()
    {
        _listener.Stop();
        _certificate.Dispose();
    }

    [Fact]
    public void A_camera_whose_certificate_nobody_vouches_for_is_not_trusted_and_said_so()
    {
        Serve(_ => { });
        RecordingLogger log = new();
        using FrameMailbox mailbox = new();
        Uri url = new($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/video");
        using HttpStreamSource source = new(new StreamOptions(url, null, null, null), mailbox, TimeProvider.System, new Random(1), log);
        source.Start();
        Assert.Contains("update-ca-certificates", log.WaitFor("no trusted TLS connection"), StringComparison.Ordinal);
        Assert.Equal(SourceState.Failed, source.State);
    }

    [Fact]
    public void A_frame_over_TLS_costs_no_managed_memory()
    {
        const int Frames = 300;
        byte[] part = [.. "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 40000\r\n\r\n"u8, 0xFF, 0xD8, .. new byte[39_998], .. "\r\n"u8];
        Serve(stream =>
        {
            for (int i = 0; i < Frames; i++) stream.Write(part);
        });
        using TcpClient client = new();
        client.Connect((IPEndPoint)_listener.LocalEndpoint);
        using SslStream secure = new(client.GetStream(), false, (_, _, _, _) => true);
        secure.AuthenticateAsClient("camera");
        using FramePool pool = new(3, 1 << 20);
        using MultipartReader reader = new(secure, pool, Boundary.OfContentType("x; boundary=frame"), TimeSpan.FromMinutes(1), TimeProvider.System);
        long before = 0;
        for (int i = 0; i < Frames; i++)
        {
            if (i == Frames / 3) before = GC.GetAllocatedBytesForCurrentThread();
            if (reader.Read(out FrameLease picture) != PartOutcome.Picture || picture.Data.Length != 40_000) throw new InvalidOperationException();
            picture.Dispose();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static X509Certificate2 MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=camera", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private void Serve(Action<SslStream> script) => new Thread(() =>
    {
        try
        {
            using TcpClient client = _listener.AcceptTcpClient();
            using SslStream stream = new(client.GetStream());
            stream.AuthenticateAsServer(_certificate);
            script(stream);
        }
        catch (Exception e) when (e is IOException or SocketException or InvalidOperationException or System.Security.Authentication.AuthenticationException)
        {
            // The client has gone, as it should where it trusts nobody.
        }
    })
    { IsBackground = true }.Start();
}
