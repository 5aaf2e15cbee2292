namespace EdgeInfer.Messaging;

/// <summary>The newest state of one topic.</summary>
internal sealed class RetainedState(MqttTopic topic)
{
    public MqttTopic Topic { get; } = topic;

    public byte[] Payload { get; set; } = [];

    /// <summary>Counts the payloads that it has had.</summary>
    public long Version { get; set; }

    /// <summary>Whether it is to be forgotten.</summary>
    public bool IsGone { get; set; }

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
        state.Version++;
        state.IsDirty = true;
        state.IsBarred = false;
    }

    /// <summary>Nothing is retained there any more, and nothing is to be said at the next connection.</summary>
    public void Remove(RetainedState state)
    {
        if (_byTopic.GetValueOrDefault(state.Topic.Name) != state) return;
        _byTopic.Remove(state.Topic.Name);
        _states.Remove(state);
    }

    /// <summary>Lets all others go before one.</summary>
    public void MoveLast(RetainedState state)
    {
        if (_states.Remove(state)) _states.Add(state);
    }

    /// <summary>Forgets those that are to be.</summary>
    public void RemoveGone()
    {
        for (int i = _states.Count - 1; i >= 0; i--)
            if (_states[i].IsGone) Remove(_states[i]);
    }

    /// <summary>A connection is there that has none of them yet.</summary>
    public void MarkAll()
    {
        foreach (RetainedState state in _states) state.IsDirty = !state.IsBarred;
    }
}
