using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Messaging;

/// <summary>
/// Looks whether the files behind a connection's TLS have changed. New ones count once they load and key and certificate belong together:
/// a file that is being written, or the first of two, breaks nothing. Also speaks of the device's own certificate before it ends.
/// </summary>
internal sealed class TrustWatch : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly MqttSettings _settings;
    private readonly BrokerTrust _inUse;
    private readonly Action<Fault> _note;
    private readonly Action<TrustFiles> _changed;
    private readonly ITimer _timer;
    private FileStamp[] _seen;
    private volatile Fault? _trouble;
    private string? _said;
    private bool _isHalf;
    private bool _isOver;

    /// <summary>Begins to look, every <see cref="MqttSettings.FileLook"/>.</summary>
    /// <param name="settings">Names the files.</param>
    /// <param name="inUse">The connection's TLS.</param>
    /// <param name="time">Clock.</param>
    /// <param name="note">Learns what an operator should know, each thing once.</param>
    /// <param name="changed">Called once, when there is something new to connect with.</param>
    public TrustWatch(MqttSettings settings, BrokerTrust inUse, TimeProvider time, Action<Fault> note, Action<TrustFiles> changed)
    {
        _settings = settings;
        _inUse = inUse;
        _note = note;
        _changed = changed;
        _seen = inUse.Files.Stamps();
        SpeakOfOwn();
        _timer = time.CreateTimer(static watch => ((TrustWatch)watch!).Look(), this, settings.FileLook, settings.FileLook);
    }

    /// <summary>What an operator should know as long as it is so; null where all is well.</summary>
    public Fault? Trouble => _trouble;

    /// <summary>Looks now. Any thread.</summary>
    public void Look()
    {
        TrustFiles? files;
        lock (_lock) files = _isOver ? null : ReadNew();
        if (files is not null) _changed(files);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        lock (_lock) _isOver = true;
        return _timer.DisposeAsync();
    }

    private TrustFiles? ReadNew()
    {
        FileStamp[] now = TrustFiles.Stamps(_settings.Options);
        if (now.AsSpan().SequenceEqual(_seen))
        {
            if (!_isHalf) SpeakOfOwn();
            return null;
        }

        _seen = now;
        _isHalf = false;
        try
        {
            TrustFiles files = TrustFiles.Read(_settings);

            // Written while it was read: the next look sees the rest.
            if (!files.IsCurrent(TrustFiles.Stamps(_settings.Options)) || files.IsSameAs(_inUse.Files))
            {
                SpeakOfOwn();
                return null;
            }

            _isOver = true;
            return files;
        }
        catch (MqttLinkException e)
        {
            _isHalf = true;
            Say(new(FaultKind.Configuration, _settings.Address, $"the certificate files have changed and cannot be used yet, the connection goes on as it is: {e.Fault.What}", e.Fault.Cure));
            return null;
        }
    }

    private void SpeakOfOwn()
    {
        if (_inUse.OwnTrouble(_settings.ExpiryNotice) is { } trouble) Say(trouble);
        else _trouble = null;
    }

    private void Say(Fault fault)
    {
        _trouble = fault;
        if (fault.What == _said) return;
        _said = fault.What;
        _note(fault);
    }
}
