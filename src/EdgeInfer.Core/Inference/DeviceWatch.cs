using EdgeInfer.Diagnostics;

namespace EdgeInfer.Inference;

/// <summary>Knows whether a device is lost to this process; whoever makes results asks before each. Any thread.</summary>
/// <param name="contextError">What is wrong with the process's context on a device: 0 for nothing, null where nobody can say.</param>
internal sealed class DeviceWatch(Func<int, int?> contextError)
{
    private readonly TaskCompletionSource<Fault> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isLost;

    /// <summary>Asks the driver where the words of an error leave it open.</summary>
    public DeviceWatch() : this(Interop.NvidiaDriver.ContextError)
    {
    }

    /// <summary>Whether a device is lost: nothing may be published any more.</summary>
    public bool IsLost => _isLost;

    /// <summary>Ends when a device is lost, with what to say of it.</summary>
    public Task<Fault> Lost => _lost.Task;

    // "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=… ; file=… ; line=… ; expr=…": no more than the first is for an operator.
    private static string Short(string said)
    {
        int end = said.IndexOf(" ; hostname=", StringComparison.Ordinal);
        return end < 0 ? said : said[..end];
    }

    /// <summary>A run has failed.</summary>
    /// <param name="provider">What ran the model.</param>
    /// <param name="device">Which of its devices.</param>
    /// <param name="model">The model.</param>
    /// <param name="said">ONNX Runtime's words.</param>
    public void Failed(string provider, int device, string model, string said)
    {
        DeviceVerdict verdict = DeviceLoss.Judge(provider, said);
        if (verdict == DeviceVerdict.Doubtful && contextError(device) is { } error && DeviceLoss.IsFinal(error)) verdict = DeviceVerdict.Lost;
        if (verdict != DeviceVerdict.Lost) return;
        _isLost = true;
        _lost.TrySetResult(new(FaultKind.Internal, model, $"{provider}'s device is lost to this process: {Short(said)}",
            "the agent ends with 70, to be started anew; where it comes again, look at the kernel's log (dmesg, NVRM: Xid), power and heat"));
    }
}
