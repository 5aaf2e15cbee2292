using System.Net.Http;

namespace EdgeInfer.Fetching;

/// <summary>Reads an answer's body under the bounds on silence and on slowness.</summary>
/// <remarks>One reader at a time.</remarks>
internal sealed class BodyReader : IDisposable
{
    private readonly Uri _url;
    private readonly HttpResponseMessage _response;
    private readonly HttpFetchFaults _faults;
    private readonly CancellationToken _stop;
    private readonly Deadline _window;
    private readonly Deadline _silence;
    private readonly long _quota;
    private long _wanting;
    private Stream? _body;

    /// <summary>Begins to measure.</summary>
    public BodyReader(Uri url, HttpResponseMessage response, HttpFetchFaults faults, FetchLimits limits, TimeProvider time, CancellationToken stop)
    {
        _url = url;
        _response = response;
        _faults = faults;
        _stop = stop;
        _quota = (long)(limits.FloorBytesPerSecond * limits.FloorWindow.TotalSeconds);
        _wanting = _quota;
        _window = new Deadline(_quota > 0 ? limits.FloorWindow : Timeout.InfiniteTimeSpan, time, stop);
        _silence = new Deadline(limits.Stall, time, _window.Token);
    }

    /// <summary>What comes next; 0 at the end.</summary>
    /// <exception cref="TransferException">The line broke, fell silent or is too slow.</exception>
    public async ValueTask<int> Read(Memory<byte> buffer)
    {
        _silence.Extend();
        try
        {
            _body ??= await _response.Content.ReadAsStreamAsync(_silence.Token).ConfigureAwait(false);
            int read = await _body.ReadAsync(buffer, _silence.Token).ConfigureAwait(false);
            _wanting -= read;
            if (_quota > 0 && _wanting <= 0) Restart();
            return read;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            _stop.ThrowIfCancellationRequested();
            throw _window.IsOver ? _faults.TooSlow(_url) : _faults.OfBreak(_url, e);
        }
    }

    /// <summary>Measures anew: the pause was this side's own.</summary>
    public void Restart()
    {
        _wanting = _quota;
        if (_quota > 0) _window.Extend();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _silence.Dispose();
        _window.Dispose();
    }
}
