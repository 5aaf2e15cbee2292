using System.Diagnostics;
using System.Security.Cryptography;
using EdgeInfer.Configuration;
using EdgeInfer.Pipeline;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Tests.Sources;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>A frame as it was taken.</summary>
/// <param name="Info">Its facts.</param>
/// <param name="Digest">SHA-256 of its bytes.</param>
internal readonly record struct TakenFrame(FrameInfo Info, string Digest);

/// <summary>A source at work in this process, its frames taken by the test; everything it logs is held against the canary secrets.</summary>
internal sealed class SourceRun : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly FrameMailbox _mailbox;

    /// <summary>Starts a source.</summary>
    public SourceRun(SourceOptions options)
    {
        _mailbox = SourceFactory.Mailbox(options);
        Source = SourceFactory.Create(options, _mailbox, TimeProvider.System, new Random(1), Log);
        Source.Start();
    }

    /// <summary>What it logs.</summary>
    public RecordingLogger Log { get; } = new();

    /// <summary>The source.</summary>
    public FrameSource Source { get; }

    /// <summary>Takes the next frame; fails with the log where none comes.</summary>
    public TakenFrame Take(TimeSpan? patience = null)
    {
        if (!TryTake(patience ?? s_patience, out TakenFrame frame)) Assert.Fail($"no frame; the source is {Source.State} ({Source.Cause}) and logged:\n{Log.Text}");
        return frame;
    }

    /// <summary>Takes the next frame where one comes in time and before the end.</summary>
    public bool TryTake(TimeSpan patience, out TakenFrame frame)
    {
        frame = default;
        if (!_mailbox.TryTake(patience, out FrameLease lease)) return false;
        using (lease) frame = new(lease.Info, Convert.ToHexString(SHA256.HashData(lease.Data)));
        return true;
    }

    /// <summary>Waits until the source is in a state; returns how long that took.</summary>
    public TimeSpan AwaitState(SourceState state)
    {
        Stopwatch waited = Stopwatch.StartNew();
        using ManualResetEventSlim changed = new();
        void OnChange() => changed.Set();
        Source.StateChanged += OnChange;
        while (Source.State != state)
        {
            if (waited.Elapsed > s_patience) Assert.Fail($"the source is {Source.State}, not {state}; it logged:\n{Log.Text}");
            _ = changed.Wait(TimeSpan.FromMilliseconds(50));
            changed.Reset();
        }

        Source.StateChanged -= OnChange;
        return waited.Elapsed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Source.Dispose();
        Canary.AbsentFrom(Log.Text + Source.Cause + Source.Name + Source.Description);
    }
}
