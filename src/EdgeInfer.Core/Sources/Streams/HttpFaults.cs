using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Sources.Streams;

/// <summary>Says in words what keeps a camera's address from giving pictures, and what to do about it.</summary>
/// <param name="name">The address without secrets.</param>
/// <param name="limits">What the waits were.</param>
/// <param name="hasCredentials">Whether a user is configured.</param>
internal sealed class HttpFaults(string name, StreamLimits limits, bool hasCredentials)
{
    private const string CheckTheLine = "check the camera and the network";

    /// <summary>An answer that is not 200.</summary>
    public SourceException OfStatus(HttpResponseMessage response)
    {
        int code = (int)response.StatusCode;
        return code switch
        {
            401 when hasCredentials => Failed(
                "the camera refused the user name or password (401)",
                "check `username` and `password` of the stream; some cameras lock an account for minutes after wrong tries",
                CameraCredentials.PauseAfterRefusal),
            401 => Failed("the camera asks for a user name and a password (401)", "set `username` and `password` of the stream"),
            403 => Failed(
                "the camera forbids this address to this user (403)",
                "give the user the right to see the picture, or allow this device's address in the camera's settings"),
            404 => Failed("the camera knows no such address (404)", "take the path of the stream or of the snapshot from the camera's manual"),
            >= 300 and < 400 => Failed(
                $"the camera sent this on too often, or from https to http ({code} to {Target(response)})",
                "use the address that it finally points to"),
            503 => NoSignal("the camera is busy (503)", "close other viewers: many cameras serve two or three at a time"),
            >= 500 => NoSignal($"the camera answered with an error of its own ({code})", "see the camera's log, or restart it"),
            _ => Failed($"the camera answered {code}", "open the address in a browser to see what it says"),
        };
    }

    /// <summary>A connection that could not be made, or that ended or fell silent.</summary>
    public SourceException OfBreak(Exception cause)
    {
        if (Inner<AuthenticationException>(cause) is { } tls)
        {
            return Failed(
                $"no trusted TLS connection: {FirstSentence(tls.Message)}",
                "add the camera's authority to the system's (update-ca-certificates), and use the name that its certificate has");
        }

        if (Inner<SocketException>(cause) is { } socket) return OfSocket(socket.SocketErrorCode);
        if (Inner<TimeoutException>(cause) is not null)
        {
            return NoSignal(
                $"bytes come, but no whole picture in {limits.Frame.TotalSeconds:0.#} s",
                "check the network, or ask the camera for smaller pictures");
        }

        return (cause as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.ConfigurationLimitExceeded => Failed("the answer's header has more than 64 KiB", "this is no camera; check the address"),
            HttpRequestError.InvalidResponse => Failed("the answer is not HTTP", "check the address and the port; rtsp is another protocol"),
            _ => NoSignal("the camera ended the connection", CheckTheLine),
        };
    }

    /// <summary>Something an operator must mend.</summary>
    public SourceException Failed(string what, string cure, TimeSpan pause = default)
        => new(SourceState.Failed, new(FaultKind.Unavailable, name, what, cure)) { Pause = pause };

    /// <summary>Something that waiting may mend.</summary>
    public SourceException NoSignal(string what, string cure) => new(SourceState.NoSignal, new(FaultKind.Unavailable, name, what, cure));

    private SourceException OfSocket(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => NoSignal("nothing listens there (connection refused)", "check that the camera is on, and the port"),
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery => NoSignal(
            "the host name is not known here", "check the name, or use the camera's address"),
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.HostDown => NoSignal(
            "there is no way to that address", "check the network, and that the camera is on"),
        SocketError.InProgress or SocketError.AlreadyInProgress => NoSignal(
            $"no connection in {limits.Connect.TotalSeconds:0.#} s", "check that the camera is on, and its address"),
        SocketError.TimedOut or SocketError.WouldBlock => NoSignal($"no answer and no bytes for {limits.Stall.TotalSeconds:0.#} s", CheckTheLine),
        _ => NoSignal($"the connection broke ({error})", CheckTheLine),
    };

    private static string Target(HttpResponseMessage response) => response.Headers.Location switch
    {
        { IsAbsoluteUri: true } absolute => StreamName.Of(absolute),
        not null => "another path",
        null => "nowhere",
    };

    private static string FirstSentence(string message)
    {
        int end = message.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.');
    }

    private static T? Inner<T>(Exception? cause) where T : Exception
    {
        for (; cause is not null; cause = cause.InnerException)
        {
            if (cause is T found) return found;
        }

        return null;
    }
}
