using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Releasing;

/// <summary>
/// A command that signs with a key that never leaves a KMS, a token or another machine: it reads the bytes to sign from its standard
/// input, gets the key's id as its last argument, and writes the signature alone to its standard output: 64 bytes for Ed25519, DER for ECDSA.
/// </summary>
/// <param name="time">Clock.</param>
internal sealed class SignerCommand(TimeProvider time)
{
    private const int LongestSignature = 512;

    /// <summary>A human may have to touch a token.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    /// <summary>Has a message signed. What comes back is not yet verified.</summary>
    /// <param name="command">As a shell reads it.</param>
    /// <param name="keyId">Its argument.</param>
    /// <param name="message">The bytes to sign.</param>
    /// <exception cref="FaultException">It cannot be run, failed, or gave nothing that could be a signature.</exception>
    public byte[] Sign(string command, string keyId, ReadOnlyMemory<byte> message)
    {
        using ChildProcess child = ChildProcess.Start(new(["/bin/sh", "-c", command + " \"$@\"", "signer", keyId]) { Input = message }, time);
        byte[] bytes = new byte[LongestSignature + 1];
        int length = 0;
        long since = time.GetTimestamp();
        ChildRead last = ChildRead.Bytes;
        while (last == ChildRead.Bytes && length < bytes.Length)
        {
            TimeSpan left = s_patience - time.GetElapsedTime(since);
            last = child.Read(bytes.AsSpan(length), left > TimeSpan.Zero ? left : TimeSpan.Zero, out int count);
            length += count;
        }

        ChildExit exit = last == ChildRead.End ? child.AwaitExit(TimeSpan.FromSeconds(5)) : child.Stop();
        if (last == ChildRead.TimedOut) throw Failed(command, $"it gave no signature within {s_patience.TotalMinutes:0} min");
        if (length > LongestSignature) throw Failed(command, $"it wrote more than {LongestSignature} bytes, which is no signature");
        if (!exit.IsSuccess) throw Failed(command, child.Errors.LastLine is { } line ? $"it failed: {line}" : $"it failed: {exit}");
        return length == 0 ? throw Failed(command, "it wrote nothing") : bytes[..length];
    }

    private static FaultException Failed(string command, string what)
        => FaultException.Of(FaultKind.Unavailable, $"signer '{OneLine.Of(command)}'", what, "it reads the bytes to sign on its standard input and writes the signature alone");
}
