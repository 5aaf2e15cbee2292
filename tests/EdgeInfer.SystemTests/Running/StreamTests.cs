using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Running;

/// <summary><c>run</c> on an MJPEG stream over HTTP.</summary>
public sealed class StreamTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Frames_of_an_MJPEG_stream_become_predictions_under_the_server_s_own_ids()
    {
        await using Mosquitto broker = await Mosquitto.Start();
        await using ChildProcess listener = broker.Subscribe("edgeinfer/#");
        using TcpListener server = new(IPAddress.Loopback, 0);
        server.Start();
        int port = ((IPEndPoint)server.LocalEndpoint).Port;
        await using ChildProcess agent = AgentProcess.Start("run", "-c",
            _folder.Configuration(broker.Url, $"{{ stream: \"http://127.0.0.1:{port}/cam\" }}", "    fps: max\n    publish: { predictions: every }"));

        using TcpClient camera = await server.AcceptTcpClientAsync();
        await using NetworkStream line = camera.GetStream();
        await ReadRequest(line);
        await line.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"u8.ToArray());
        for (int i = 0; i < 3; i++)
        {
            await Send(line, $"cam-{i}");
            Assert.Equal($"cam-{i}", AgentProcess.Payload(await listener.Line($"\"frame_id\":\"cam-{i}\"")).GetProperty("frame_id").GetString());
        }

        // The camera goes: the pipeline says so; it returns: frames again.
        camera.Close();
        await listener.Line("\"no_signal\"");
        using TcpClient again = await server.AcceptTcpClientAsync();
        await using NetworkStream second = again.GetStream();
        await ReadRequest(second);
        await second.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"u8.ToArray());
        await Send(second, "back");
        await listener.Line("\"frame_id\":\"back\"");
    }

    private static async Task ReadRequest(NetworkStream line)
    {
        byte[] buffer = new byte[4096];
        StringBuilder request = new();
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            int read = await line.ReadAsync(buffer);
            Assert.NotEqual(0, read);
            request.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
    }

    private static async Task Send(NetworkStream line, string id)
    {
        byte[] picture = File.ReadAllBytes(Directory.GetFiles(Path.Combine(TestFolder.BundledModel, "golden"), "*.jpg").Order(StringComparer.Ordinal).First());
        await line.WriteAsync(Encoding.ASCII.GetBytes($"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {picture.Length}\r\nX-Frame-Id: {id}\r\n\r\n"));
        await line.WriteAsync(picture);
        await line.WriteAsync("\r\n"u8.ToArray());
    }

    public void Dispose() => _folder.Dispose();
}
