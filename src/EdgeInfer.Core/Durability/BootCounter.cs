namespace EdgeInfer.Durability;

/// <summary>Counts the starts of the agent on this device, in one small file of the state folder.</summary>
public static class BootCounter
{
    /// <summary>Adds one start.</summary>
    /// <param name="stateFolder">Created where it is missing.</param>
    /// <param name="lastKnown">Asked where the file is not there, or holds no number: the last start that anything else remembers; 0 for none.</param>
    /// <returns>The number of this start, from 1.</returns>
    /// <exception cref="IOException">The state folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The state folder may not be written.</exception>
    public static long Next(string stateFolder, Func<long> lastKnown)
    {
        DurableFolder.Make(stateFolder);
        string path = Path.Combine(stateFolder, "boot");
        long boot = (NumberFile.Read(path) ?? Math.Max(0, lastKnown())) + 1;
        NumberFile.Write(path, boot);
        return boot;
    }
}
