namespace EdgeInfer.Configuration;

internal sealed partial class SourceReader
{
    private FilesOptions? Files(MappingReader source)
    {
        bool isLooped = source.Boolean("loop") ?? false;
        FfmpegOptions? ffmpeg = s_ffmpegKeys.Any(source.Contains) ? Ffmpeg(source) : null;
        foreach (string key in s_ffmpegKeys) source.Has(key);
        return context.AbsolutePath(source, "files") is { } pattern ? new(pattern, isLooped) { Ffmpeg = ffmpeg } : null;
    }
}
