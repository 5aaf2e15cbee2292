namespace EdgeInfer.Tests;

/// <summary>
/// Tests that count what another thread allocates: nothing else runs beside them. A lock that is fought over for the first time makes 56 bytes once,
/// and on a loaded machine that happens at any moment instead of in the first frames. Tests of locked files too: a program that another test starts has
/// every descriptor for a moment, and with it the lock.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class Alone
{
    /// <summary>Its name.</summary>
    public const string Name = "alone";
}
