using System.Collections.Concurrent;
using System.Text;
using EdgeInfer.Messaging;

namespace EdgeInfer.Tests.Messaging;

/// <summary>A message source that a test fills: messages leave in order, and come back to the head in the order in which they are returned.</summary>
internal sealed class FakeSource : IMessageSource
{
    private readonly Lock _lock = new();
    private readonly MqttTopic _topic = new("edgeinfer/d/belt/prediction");
    private readonly List<long> _waiting = [];
    private readonly List<long> _returned = [];
    private readonly HashSet<long> _flying = [];
    private readonly Dictionary<long, (byte[] Payload, byte[] Tail, uint Expiry)> _messages = [];

    /// <summary>Every call but those for messages and <see cref="IsIdle"/>, as text, in order.</summary>
    public BlockingCollection<string> Calls { get; } = [];

    /// <summary>Thrown at each new connection, while there is one.</summary>
    public Exception? Trouble { get; set; }

    public bool IsIdle
    {
        get { lock (_lock) return _waiting.Count == 0 && _flying.Count == 0; }
    }

    public int Waiting
    {
        get { lock (_lock) return _waiting.Count; }
    }

    public void Add(long token, string payload, string tail = "", uint expiry = 0)
    {
        lock (_lock)
        {
            _messages[token] = (Encoding.UTF8.GetBytes(payload), Encoding.UTF8.GetBytes(tail), expiry);
            _waiting.Add(token);
        }
    }

    public string NextCall() => Calls.TryTake(out string? call, SessionProbe.Patience) ? call : throw new TimeoutException("the session has not called");

    public bool TryTake(out OutboundMessage message)
    {
        lock (_lock)
        {
            message = default;
            if (_waiting.Count == 0) return false;
            long token = _waiting[0];
            _waiting.RemoveAt(0);
            _flying.Add(token);
            (byte[] payload, byte[] tail, uint expiry) = _messages[token];
            message = new(_topic, payload, tail, expiry, token);
            return true;
        }
    }

    public void Settled(long token, byte reason) => Leaves(token, $"settled {token} 0x{reason:X2}");

    public void TooLarge(long token) => Leaves(token, $"too large {token}");

    public void Returned(long token)
    {
        lock (_lock) _returned.Add(token);
        Leaves(token, $"returned {token}");
    }

    public void LineChanged(bool isUp)
    {
        if (isUp && Trouble is { } trouble) throw trouble;
        lock (_lock)
        {
            _waiting.InsertRange(0, _returned);
            _returned.Clear();
        }

        Calls.Add(isUp ? "up" : "down");
    }

    private void Leaves(long token, string call)
    {
        lock (_lock)
        {
            if (!_flying.Remove(token)) call += " without being sent";
        }

        Calls.Add(call);
    }
}
