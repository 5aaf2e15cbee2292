using EdgeInfer.Posix.Interop;

namespace EdgeInfer.Posix;

/// <summary>Standard input, output and error of this process.</summary>
internal static class StandardStreams
{
    /// <summary>
    /// Takes the places of those that were closed when the program was started. Otherwise whatever is opened first gets them, the runtime's own
    /// pipe of signals for one, and is written into with each line of the log. What is read or written there fails as it did.
    /// </summary>
    public static void Hold()
    {
        // Lowest first: what is opened gets the lowest free number.
        for (int descriptor = 0; descriptor <= Descriptors.Errors; descriptor++)
            if (!Descriptors.IsOpen(descriptor)) Descriptors.OpenNothing(forWriting: descriptor == 0);
    }
}
