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

    /// <summary>A source of the kind the options name; not started.</summary>
    public static FrameSource Create(SourceOptions options, FrameMailbox output, TimeProvider time, Random random, ILogger logger) => options switch
    {
        CameraOptions camera => new CameraSource(camera, output, time, random, logger),
        StreamOptions stream => new HttpStreamSource(stream, output, time, random, logger),
        CsiOptions csi => new CsiSource(csi, output, time, random, logger),
        ExecOptions exec => new ExecSource(exec, output, time, random, logger),
        FilesOptions files => new FilesSource(files, output, time, random, logger),
        SyntheticOptions synthetic => new SyntheticSource(synthetic, output, time, random, logger),
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.GetType().Name, "no such kind of source"),
    };
}
