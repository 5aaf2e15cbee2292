namespace EdgeInfer.SystemTests.Rig;

/// <summary>Tests that hold times and the memory of this process: none runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    /// <summary>Its name.</summary>
    public const string Name = "alone";
}
