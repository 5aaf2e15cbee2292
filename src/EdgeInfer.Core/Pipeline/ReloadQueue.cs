namespace EdgeInfer.Pipeline;

/// <summary>
/// Reloads one after the other. Whoever asks while one waits for its turn shares it: it has not read the file yet, and will see what
/// the asker has written.
/// </summary>
/// <param name="reload">One reload, from reading to the end.</param>
internal sealed class ReloadQueue(Func<Task<ReloadOutcome>> reload)
{
    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private Task<ReloadOutcome>? _waiting;

    /// <summary>Asks for a reload.</summary>
    public Task<ReloadOutcome> RequestAsync()
    {
        lock (_lock)
        {
            if (_waiting is not null) return _waiting;
            Task<ReloadOutcome> asked = RunAfterAsync(_last);
            _last = asked;
            return _waiting = asked;
        }
    }

    private async Task<ReloadOutcome> RunAfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        lock (_lock) _waiting = null;
        return await reload().ConfigureAwait(false);
    }
}
