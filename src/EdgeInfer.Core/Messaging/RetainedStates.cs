namespace EdgeInfer.Messaging;

/// <summary>The newest state of one topic.</summary>
internal sealed class RetainedState(MqttTopic topic)
{
    public MqttTopic Topic { get; } = topic;

    public byte[] Payload { get; set; } = [];

    /// <summary>Whether it has not been sent on this connection.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Whether the broker takes no packet so large.</summary>
    public bool IsOversize { get; set; }

    /// <summary>Whether the broker ends the connection at it: it waits until it changes.</summary>
    public bool IsBarred { get; set; }
}

/// <summary>The newest state of each topic, in the order in which the topics came. Not thread-safe.</summary>
internal sealed class RetainedStates
{
    private readonly Dictionary<string, RetainedState> _byTopic = [];
    private readonly List<RetainedState> _states = [];

    /// <summary>Whether one is to be sent.</summary>
    public bool HasDirty => _states.Exists(static s => s.IsDirty);

    /// <summary>All of them.</summary>
    public List<RetainedState>.Enumerator GetEnumerator() => _states.GetEnumerator();

    /// <summary>Sets the newest state of a topic.</summary>
    public void Set(MqttTopic topic, ReadOnlySpan<byte> payload)
    {
        if (!_byTopic.TryGetValue(topic.Name, out RetainedState? state))
        {
            state = new RetainedState(topic);
            _byTopic.Add(topic.Name, state);
            _states.Add(state);
        }

        state.Payload = payload.ToArray();
        state.IsDirty = true;
        state.IsBarred = false;
    }

    /// <summary>A connection is there that has none of them yet.</summary>
    public void MarkAll()
    {
        foreach (RetainedState state in _states) state.IsDirty = !state.IsBarred;
    }
}
