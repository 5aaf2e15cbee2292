namespace EdgeInfer.Sources.Children;

/// <summary>Learns from its own complaint that an ffmpeg is older than it was taken for.</summary>
internal static class FfmpegVersion
{
    /// <summary>The abilities less those that the log shows to be absent; the same where it shows nothing of the kind.</summary>
    public static FfmpegAbilities Without(FfmpegAbilities abilities, IReadOnlyList<string> lines)
    {
        foreach (string line in lines)
        {
            if (line.Contains("Unrecognized option 'fps_mode'", StringComparison.Ordinal)) abilities = abilities with { HasFrameRateMode = false };

            // The list holds nothing else that an older one does not know.
            if (line.Contains("unknown keyword 'option'", StringComparison.Ordinal)) abilities = abilities with { HasListOptions = false };
        }

        return abilities;
    }
}
