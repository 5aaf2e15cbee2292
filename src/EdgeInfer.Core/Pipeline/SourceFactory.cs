using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Camera;
using EdgeInfer.Sources.Children;
using EdgeInfer.Sources.Files;
using EdgeInfer.Sources.Streams;
using EdgeInfer.Sources.Synthetic;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>Makes the source that a pipeline's options name.</summary>
internal static class SourceFactory
{
    /// <summary>The mailbox that suits a kind of source: files wait for their reader, everything live gives way to the newest.</summary>
    public static FrameMailbox Mailbox(SourceOptions options) => new(isLossless: options is FilesOptions);

    /// <summary>What is left of a pipeline's rate for the pipeline to keep, and the source's options that keep the rest.</summary>
    /// <param name="options">The source as configured.</param>
    /// <param name="framesPerSecond">The pipeline's rate; null for all.</param>
    /// <returns>
    /// ffmpeg drops frames before it writes them, so that the pipe carries only what is wanted. A second gate of the same rate behind it
    /// would drop every frame that jitter brings a little early.
    /// </returns>
    public static (SourceOptions Source, double? FramesPerSecond) Paced(SourceOptions options, double? framesPerSecond)
    {
        if (options is not StreamOptions { Ffmpeg: { } ffmpeg } stream || framesPerSecond is not { } rate) return (options, framesPerSecond);
        double least = Math.Min(rate, ffmpeg.FramesPerSecond ?? rate);
        return (stream with { Ffmpeg = ffmpeg with { FramesPerSecond = least } }, null);
    }

    /// <summary>A source of the kind the options name; not started.</summary>
    public static FrameSource Create(SourceOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger) => options switch
    {
        CameraOptions camera => new CameraSource(camera, output, time, random, logger),
        StreamOptions { Ffmpeg: not null } stream => new FfmpegStreamSource(stream, output, time, random, logger),
        StreamOptions stream => new HttpStreamSource(stream, output, time, random, logger),
        CsiOptions csi => new CsiSource(csi, output, time, random, logger),
        ExecOptions exec => new ExecSource(exec, output, time, random, logger),
        FilesOptions files when FilmFile.IsNamedBy(files.Pattern) => new FilmSource(files, output, time, random, logger),
        FilesOptions files => new FilesSource(files, output, time, random, logger),
        SyntheticOptions synthetic => new SyntheticSource(synthetic, output, time, random, logger),
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.GetType().Name, "no such kind of source"),
    };
}
