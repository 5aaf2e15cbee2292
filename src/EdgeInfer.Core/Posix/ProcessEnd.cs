using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Posix;

/// <summary>The end of this process where native libraries cannot be trusted to let go of what they hold.</summary>
internal static class ProcessEnd
{
    /// <summary>Ends it at once: nothing is flushed, no exit handler of any library runs.</summary>
    /// <param name="code">What whoever started it gets.</param>
    public static void Now(int code) => Processes.EndNow(code);
}
