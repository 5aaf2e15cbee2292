using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary><c>run</c> on a camera behind https and a password.</summary>
public sealed class SecureStreamTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly TcpListener _camera = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate = MakeCertificate();

    public SecureStreamTests() => _camera.Start();

    private string Source => $"{{ stream: \"https://localhost:{((IPEndPoint)_camera.LocalEndpoint).Port}/cam\", username: edge, password: {Canary.Password} }}";

    public void Dispose()
    {
        _camera.Stop();
        _certificate.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_camera_whose_authority_the_system_trusts_gives_frames_after_the_password()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        Task serving = Serve();
        string authority = _folder.Write("ca.pem", _certificate.ExportCertificatePem());
        await using ChildProcess agent = Start(broker, authority);
        await listener.Line("\"frame_id\":\"secure\"");
        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(10)));
        await serving;
    }

    [Fact]
    public async Task A_camera_that_nobody_vouches_for_gets_no_password_and_the_status_says_why()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        Task serving = Serve();
        await using ChildProcess agent = Start(broker, _folder.Write("empty.pem", ""));
        await agent.Line("no trusted TLS connection");
        await listener.Line("no trusted TLS connection");
        await serving;
    }

    private ChildProcess Start(Mosquitto broker, string authorities) => ChildProcess.Start(
        PublishedBinary.Path,
        ["run", "-c", _folder.Configuration(broker.Url, Source, "    fps: max\n    publish: { predictions: every }")],
        new Dictionary<string, string> { ["SSL_CERT_FILE"] = authorities, ["SSL_CERT_DIR"] = _folder.Path });

    private static X509Certificate2 MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    /// <summary>Serves one connection: asks for the password, then gives one picture and waits for the end.</summary>
    private async Task Serve()
    {
        using TcpClient client = await _camera.AcceptTcpClientAsync();
        try
        {
            await using SslStream stream = new(client.GetStream());
            await stream.AuthenticateAsServerAsync(_certificate);
            Assert.DoesNotContain("Authorization", await ReadRequest(stream), StringComparison.OrdinalIgnoreCase);
            await Write(stream, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"cam\"\r\nContent-Length: 0\r\n\r\n");
            string expected = "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"edge:{Canary.Password}"));
            Assert.Contains(expected, await ReadRequest(stream), StringComparison.Ordinal);
            byte[] picture = await File.ReadAllBytesAsync(TestPictures.FirstGolden());
            await Write(stream, "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n");
            await Write(stream, $"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {picture.Length}\r\nX-Frame-Id: secure\r\n\r\n");
            await stream.WriteAsync(picture);
            while (await stream.ReadAsync(new byte[256]) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The agent has gone, as it should where it trusts nobody.
        }
    }

    private static async Task Write(SslStream stream, string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text));

    private static async Task<string> ReadRequest(SslStream stream)
    {
        byte[] buffer = new byte[4096];
        StringBuilder request = new();
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            int read = await stream.ReadAsync(buffer);
            if (read == 0) throw new IOException("the agent has gone");
            request.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return request.ToString();
    }
}
