using System.Globalization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;

namespace EdgeInfer.Updates;

/// <summary>What an operator may want of one model. Any thread; everything but an approval is done by the model's own loop, between two of its steps.</summary>
internal sealed partial class ModelUpdate
{
    /// <summary>The release that waits may go live, within its window.</summary>
    /// <param name="seq">The number that is meant; null for whichever waits.</param>
    /// <exception cref="FaultException">None waits, or another one.</exception>
    public void Approve(long? seq)
    {
        if (_job is not { IsRunning: true, Target: { } target } || _job.State == JobState.Trial)
            throw FaultException.Of(FaultKind.Unavailable, _model, "no release of this model waits for approval", "'edgeinfer update status' shows what is under way");
        if (seq is { } wanted && wanted != target.Seq)
            throw FaultException.Of(FaultKind.Unavailable, _model, string.Create(CultureInfo.InvariantCulture, $"release {wanted} does not wait for approval, {target.Seq} does"), "approve that one, or wait for the other");
        _isApproved = true;
        _commands.Enqueue(new(
            () =>
            {
                if (_job is { IsRunning: true, Approved: false } job && job.Target == target) Write(job with { Approved = true });
            },
            null));
        Wake();
    }

    /// <summary>What was refused may be tried again.</summary>
    public Task RetryAsync() => Do(() =>
    {
        _store.Jobs.ForgetRefused(_model);
        TakeUp();
    });

    /// <summary>The model follows its releases again.</summary>
    /// <exception cref="FaultException">It is not pinned.</exception>
    public Task ResumeAsync() => Do(() =>
    {
        State.Write(State.Slots.Unpin());
        TakeUp();
    });

    /// <summary>Back to the model before: from a trial, else from what is active. What is left is not taken again before <see cref="RetryAsync"/>.</summary>
    /// <exception cref="FaultException">There is nothing to go back to, or a rule forbids it.</exception>
    public Task RollBackAsync() => Do(() =>
    {
        const string Why = "an operator rolled it back";
        if (State.Slots.Trial is not null)
        {
            RollBack(null, Why);
            return;
        }

        ModelSlots next = State.Slots.RollBack();
        Generation left = State.Slots.Active!;
        _store.Jobs.Refuse(_model, new(left.Manifest, left.Seq, IsRolledBack: true, null, Why, Now), State.Slots.Floor);
        State.Write(next);
        GoBack();
        Collect();
    });

    /// <summary>A generation that is here serves from now on, and stays until <see cref="ResumeAsync"/>.</summary>
    /// <param name="seq">Its number.</param>
    /// <exception cref="FaultException">It is not here, or is below the floor.</exception>
    public Task ActivateAsync(long seq) => Do(() =>
    {
        ModelSlots slots = State.Slots;
        Generation generation = slots.Named.FirstOrDefault(g => g.Seq == seq)
            ?? throw FaultException.Of(FaultKind.NoInput, _model, string.Create(CultureInfo.InvariantCulture, $"generation {seq} is not on this device"),
                slots.Named.Any() ? $"here are {string.Join(", ", slots.Named.Select(static g => g.ToString()))}" : "no release of this model has come yet");
        State.Write((generation.IsSame(slots.Active) ? slots : slots.Activate(generation)).PinActive());
        GoBack();
        Collect();
    });

    private void TakeUp()
    {
        _backoff.Reset();
        lock (_lock)
            if (_offered is { } offered) offered.IsDone = false;
    }

    private void RunCommands()
    {
        while (_commands.TryDequeue(out Command? command))
        {
            if (command.Done is not { } done)
            {
                command.Work();
                continue;
            }

            try
            {
                command.Work();
                done.TrySetResult();
            }
            catch (FaultException e)
            {
                done.TrySetException(e);
            }
#pragma warning disable CA1031 // Whoever waits for it is told, whatever it is.
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.TrySetException(new FaultException(Defect(e)));
                throw;
            }
            finally
            {
                _changed(true);
            }
        }
    }

    // Nobody is there any more to do them.
    private void RefuseCommands()
    {
        while (_commands.TryDequeue(out Command? command))
            command.Done?.TrySetException(FaultException.Of(FaultKind.Unavailable, _model, "the agent is stopping", "ask again once it runs"));
    }

    private Task Do(Action work)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _commands.Enqueue(new(work, done));
        lock (_lock) _interrupt?.Invoke();
        Wake();
        // It may have ended between the two.
        if (_isOver) RefuseCommands();
        return done.Task;
    }

    /// <summary>Something to do between two steps.</summary>
    /// <param name="Work">What.</param>
    /// <param name="Done">Who waits for it; null for nobody.</param>
    private sealed record Command(Action Work, TaskCompletionSource? Done);
}
