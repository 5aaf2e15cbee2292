using EdgeInfer.Configuration;
using EdgeInfer.Delivery;
using EdgeInfer.Results;
using EdgeInfer.Settings;

namespace EdgeInfer.Sinks;

/// <summary>Counts of one sink since its start.</summary>
/// <param name="Accepted">Results taken.</param>
/// <param name="Published">Results handed on to be delivered.</param>
/// <param name="Dropped">Results that could not be handed on.</param>
internal readonly record struct SinkCounts(long Accepted, long Published, long Dropped);

/// <summary>
/// Publishes a pipeline's predictions: policy, number, encoding, and the outlet. From result to encoded payload in the ring no managed
/// byte is allocated once buffers are warm. Only what is handed on has a number (<c>seq</c>).
/// </summary>
internal sealed class MqttPredictionSink : IPredictionSink
{
    private readonly Lock _lock = new();
    private readonly PublishPolicy _policy;
    private readonly ResultChange _change;
    private readonly PredictionWriter _writer;
    private readonly ClockQuality _clock;
    private readonly IResultOutlet _outlet;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private byte[] _held = [];
    private int _heldLength;
    private long _heldSequence;
    private long _accepted;
    private long _published;
    private long _dropped;

    /// <summary>Prepares the sink of one pipeline.</summary>
    /// <param name="envelope">What is the same in every message.</param>
    /// <param name="options">When to publish.</param>
    /// <param name="outlet">Where to.</param>
    /// <param name="clock">Whether capture times can be trusted.</param>
    /// <param name="time">Clock.</param>
    /// <param name="random">For the results' ids; not shared with another thread.</param>
    /// <param name="settings">What can be set while the pipeline runs; null where nothing can.</param>
    public MqttPredictionSink(
        PredictionEnvelope envelope, PublishOptions options, IResultOutlet outlet, ClockQuality clock, TimeProvider time, Random random, LiveSettings? settings = null)
    {
        _policy = new(options, time.TimestampFrequency, settings);
        _change = new(envelope.Shape);
        _writer = new(envelope, random);
        _clock = clock;
        _outlet = outlet;
        _time = time;
        _timer = time.CreateTimer(static sink => ((MqttPredictionSink)sink!).SendHeld(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Counts since the start.</summary>
    public SinkCounts Counts
    {
        get { lock (_lock) return new(_accepted, _published, _dropped); }
    }

    /// <inheritdoc/>
    public void Accept(Prediction prediction)
    {
        lock (_lock)
        {
            _accepted++;
            long now = _time.GetTimestamp();
            bool wasHolding = _policy.IsHolding;
            switch (_policy.Offer(_change.Differs(prediction), now))
            {
                case PublishDecision.Publish:
                    Send(prediction);
                    _change.MarkPublished();
                    break;
                case PublishDecision.Hold:
                    Hold(prediction);
                    if (!wasHolding) _timer.Change(_policy.HoldTime(now), Timeout.InfiniteTimeSpan);
                    break;
            }
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        lock (_lock)
        {
            if (!_policy.TakeLast(_time.GetTimestamp())) return;
            SendHeldNow();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void SendHeld()
    {
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            if (_policy.TakeHeld(now)) SendHeldNow();
            else if (_policy.IsHolding) _timer.Change(_policy.HoldTime(now), Timeout.InfiniteTimeSpan);
        }
    }

    private void SendHeldNow()
    {
        lock (_outlet.Numbering)
        {
            // While a pipeline is started anew, its next sink may have used the number already.
            bool isNext = _heldSequence == _outlet.NextSequence;
            Count(isNext && _outlet.TryAccept(_heldSequence, _held.AsSpan(0, _heldLength)));
        }

        // The result held is always the one taken in last: a newer one would have displaced it or let it go.
        _change.MarkPublished();
    }

    private void Hold(Prediction prediction)
    {
        lock (_outlet.Numbering) _heldSequence = _outlet.NextSequence;
        ReadOnlySpan<byte> message = _writer.Write(prediction, _clock.IsSynced, source: null, _heldSequence);
        if (_held.Length < message.Length) _held = new byte[Math.Max(message.Length, _held.Length * 2)];
        message.CopyTo(_held);
        _heldLength = message.Length;
    }

    private void Send(Prediction prediction)
    {
        lock (_outlet.Numbering)
        {
            long sequence = _outlet.NextSequence;
            Count(_outlet.TryAccept(sequence, _writer.Write(prediction, _clock.IsSynced, source: null, sequence)));
        }
    }

    private void Count(bool isAccepted)
    {
        if (isAccepted) _published++;
        else _dropped++;
    }
}
