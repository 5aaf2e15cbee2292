namespace EdgeInfer.Posix.Interop;

/// <summary>The errors that mean something to who waits and to a parent (asm-generic/errno-base.h).</summary>
internal static class PosixError
{
    internal const int NoEntry = 2;
    internal const int Interrupted = 4;
    internal const int NoChild = 10;
    internal const int Again = 11;
}
