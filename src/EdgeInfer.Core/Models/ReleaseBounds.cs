namespace EdgeInfer.Models;

/// <summary>How large a release may be, for whoever publishes, admits and stores it: what is packed is what devices take.</summary>
internal static class ReleaseBounds
{
    /// <summary>Most files; golden inputs with ground truth are a few hundred.</summary>
    public const int Files = 2048;

    /// <summary>Most bytes of all files together: a device's store holds two generations in 4 GiB.</summary>
    public const long Bytes = 2L << 30;
}
