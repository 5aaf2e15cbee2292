using System.Net.Sockets;

namespace EdgeInfer.Sources.Children;

/// <summary>
/// Knocks at an RTSP camera's port before ffmpeg is started: starting it costs some hundred times as much, which an absent camera is not
/// worth every second, and the system's own answer is clearer than ffmpeg's log.
/// </summary>
internal static class StreamProbe
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(3);

    /// <summary>Returns where something listens.</summary>
    /// <exception cref="SourceException">Nothing does.</exception>
    public static void Knock(Uri url, FfmpegFaults faults, CancellationToken stop)
    {
        // Others may take a single connection, and the knock would be it.
        if (url.Scheme is not ("rtsp" or "rtsps")) return;
        int port = url.Port > 0 ? url.Port : url.Scheme == "rtsp" ? 554 : 322;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(s_limit);
        using TcpClient client = new();
        try
        {
            client.ConnectAsync(url.DnsSafeHost, port, limit.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            throw faults.NoSignal($"no connection in {s_limit.TotalSeconds:0.#} s", "check that the camera is on, and its address");
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => faults.NoSignal("nothing listens there (connection refused)", "check that the camera is on, and the port"),
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery
                    => faults.NoSignal("the host name is not known here", "check the name, or use the camera's address"),
                SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.HostDown
                    => faults.NoSignal("there is no way to that address", "check the network, and that the camera is on"),
                _ => faults.NoSignal($"no connection ({e.SocketErrorCode})", "check the camera and the network"),
            };
        }
    }
}
