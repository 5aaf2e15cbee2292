using System.Runtime.InteropServices;
using EdgeInfer.Posix.Interop;
using Microsoft.Win32.SafeHandles;

namespace EdgeInfer.Posix;

/// <summary>
/// The three pipes of a child, served by one thread in one <c>poll</c>: output is the caller's to read, standard error is drained into
/// its tail, standard input is fed as far as there is room. Nothing is allocated.
/// </summary>
internal sealed unsafe class ChildPipes : IDisposable
{
    private readonly SafeFileHandle _wake = Pipes.OpenEvent();
    private readonly ErrorBytes? _listener;
    private readonly ReadOnlyMemory<byte> _inputBytes;
    private readonly SafeFileHandle _output;
    private readonly SafeFileHandle _errors;
    private readonly SafeFileHandle? _input;
    private int _fed;

    /// <summary>Opens the pipes.</summary>
    /// <param name="input">What the child is given to read; empty opens no pipe for it.</param>
    /// <param name="listener">Sees the standard error beside its tail.</param>
    /// <exception cref="IOException">No descriptors are left.</exception>
    public ChildPipes(ReadOnlyMemory<byte> input, ErrorBytes? listener = null)
    {
        _listener = listener;
        _inputBytes = input;
        try
        {
            (_output, OutputOfChild) = Pipes.Open();
            (_errors, ErrorsOfChild) = Pipes.Open();
            if (!input.IsEmpty) (InputOfChild, _input) = Pipes.Open();
        }
        catch
        {
            // At once: who has no descriptors left cannot wait for a finalizer.
            foreach (SafeFileHandle? opened in (SafeFileHandle?[])[_wake, _output, OutputOfChild, _errors, ErrorsOfChild]) opened?.Dispose();
            throw;
        }
    }

    /// <summary>The child's end of its output.</summary>
    public SafeFileHandle OutputOfChild { get; }

    /// <summary>The child's end of its standard error.</summary>
    public SafeFileHandle ErrorsOfChild { get; }

    /// <summary>The child's end of its input; null for none.</summary>
    public SafeFileHandle? InputOfChild { get; }

    /// <summary>The last of its standard error.</summary>
    public ErrorTail Errors { get; } = new();

    /// <summary>Whether the output has come to its end.</summary>
    public bool HasOutputEnded => _output.IsClosed;

    /// <summary>Once the child has them, they must not stay open here, or no pipe would ever end.</summary>
    public void CloseEndsOfChild()
    {
        OutputOfChild.Dispose();
        ErrorsOfChild.Dispose();
        InputOfChild?.Dispose();
    }

    /// <summary>Ends every wait that listens for it, now and from now on. Any thread.</summary>
    public void Wake() => Pipes.Wake(_wake);

    /// <summary>Waits until there is output, or anything else to be done, and does that.</summary>
    /// <param name="limit">The longest wait.</param>
    /// <param name="isWakeable">Whether <see cref="Wake"/> ends it.</param>
    /// <param name="wantsOutput">Whether output ends it.</param>
    /// <returns>What is to be done by the caller; neither where only the rest was, or nothing came.</returns>
    public (bool IsWoken, bool HasOutput) Wait(TimeSpan limit, bool isWakeable, bool wantsOutput)
    {
        Poll.Descriptor* descriptors = stackalloc Poll.Descriptor[4];
        descriptors[0] = Wanted(isWakeable ? _wake : null, Poll.In);
        descriptors[1] = Wanted(wantsOutput ? _output : null, Poll.In);
        descriptors[2] = Wanted(_errors, Poll.In);
        descriptors[3] = Wanted(_input, Poll.Out);
        int milliseconds = (int)Math.Clamp(Math.Ceiling(limit.TotalMilliseconds), 0, int.MaxValue);
        if (Poll.Wait(descriptors, 4, milliseconds) < 0)
            return Marshal.GetLastPInvokeError() == PosixError.Interrupted ? default : throw Pipes.Failure("poll");

        if (descriptors[2].Found != 0) DrainErrors();
        if (descriptors[3].Found != 0) Feed();
        return (descriptors[0].Found != 0, descriptors[1].Found != 0);
    }

    /// <summary>Reads output that <see cref="Wait"/> has announced.</summary>
    /// <returns>Bytes; 0 at its end, or where there was nothing after all.</returns>
    public int Read(Span<byte> into)
    {
        int count = Pipes.Read(_output, into);
        if (count == 0 || (count < 0 && Marshal.GetLastPInvokeError() is not (PosixError.Interrupted or PosixError.Again))) _output.Dispose();
        return Math.Max(0, count);
    }

    /// <summary>Reads what standard error still holds, without waiting for more.</summary>
    public void DrainRest()
    {
        long before;
        do
        {
            before = Errors.Bytes;
            _ = Wait(TimeSpan.Zero, isWakeable: false, wantsOutput: false);
        }
        while (Errors.Bytes != before);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CloseEndsOfChild();
        _wake.Dispose();
        _output.Dispose();
        _errors.Dispose();
        _input?.Dispose();
    }

    // poll passes over negative numbers.
    private static Poll.Descriptor Wanted(SafeFileHandle? handle, short events)
        => new() { Number = handle is { IsClosed: false } ? (int)handle.DangerousGetHandle() : -1, Wanted = events };

    private void DrainErrors()
    {
        Span<byte> bytes = stackalloc byte[4 << 10];
        int count = Pipes.Read(_errors, bytes);
        if (count > 0)
        {
            Errors.Add(bytes[..count]);
            _listener?.Invoke(bytes[..count]);
        }
        else if (count == 0)
        {
            _errors.Dispose();
        }
    }

    private void Feed()
    {
        int length = Math.Min(Pipes.AtomicBytes, _inputBytes.Length - _fed);
        int count = Pipes.Write(_input!, _inputBytes.Span.Slice(_fed, length));
        if (count > 0) _fed += count;

        // A child that does not want all of it has closed its end, and that is its right.
        if (_fed == _inputBytes.Length || (count < 0 && Marshal.GetLastPInvokeError() is not (PosixError.Interrupted or PosixError.Again))) _input!.Dispose();
    }
}
