using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace EdgeInfer.SystemTests.Reliability;

/// <summary>Asks a running agent for its status at the control socket, as <c>docs/control.md</c> has it.</summary>
internal sealed class StatusProbe(string path)
{
    /// <summary>The status now.</summary>
    public async Task<JsonElement> Ask()
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await socket.SendAsync("{\"op\":\"status\"}\n"u8.ToArray());
        byte[] buffer = new byte[256 * 1024];
        int filled = 0;
        while (filled == 0 || buffer[filled - 1] != '\n')
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(filled));
            if (read == 0) throw new IOException("the agent has hung up");
            filled += read;
        }

        using JsonDocument document = JsonDocument.Parse(buffer.AsMemory(0, filled));
        return document.RootElement.GetProperty("status").Clone();
    }

    /// <summary>The state of the way to the broker.</summary>
    public async Task<string> BrokerState() => (await Ask()).GetProperty("broker").GetProperty("state").GetString()!;

    /// <summary>Asks until something holds.</summary>
    public async Task<JsonElement> Until(Func<JsonElement, bool> condition, string what, TimeSpan? patience = null)
    {
        long began = Environment.TickCount64;
        double limit = (patience ?? TimeSpan.FromSeconds(60)).TotalMilliseconds;
        while (true)
        {
            JsonElement status = await Ask();
            if (condition(status)) return status;
            if (Environment.TickCount64 - began > limit) Assert.Fail($"{what}: not within {limit / 1000:0.#} s; the status is {status}");
            await Task.Delay(40);
        }
    }
}
