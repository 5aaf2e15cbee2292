using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>
/// Frames that could not be decoded: a file is refused by name; a live source only once it gives nothing else, so that a bad cable
/// does not fill the log. Written by the pipeline's thread; <see cref="Fault"/> on any.
/// </summary>
/// <param name="options">The pipeline.</param>
/// <param name="logger">Where refusals go.</param>
internal sealed partial class FrameRefusals(PipelineOptions options, ILogger logger)
{
    private const int UndecodableFramesToFail = 10;
    private const int NamedFilesLimit = 256;

    private readonly HashSet<string> _namedFiles = [];
    private volatile Fault? _fault;
    private int _inARow;

    /// <summary>Why a live source's frames are of no use; null while they are.</summary>
    public Fault? Fault => _fault;

    /// <summary>A frame was decoded.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Recover()
    {
        _inARow = 0;
        if (_fault is null) return false;
        _fault = null;
        return true;
    }

    /// <summary>A frame was refused.</summary>
    /// <param name="name">The file or the source.</param>
    /// <param name="describe">Says what was wrong with it.</param>
    /// <returns>Whether the pipeline's state has changed.</returns>
    public bool Refuse(string name, Func<string, Fault> describe)
    {
        _inARow++;
        bool isFile = options.Source is FilesOptions;
        if (!isFile && _inARow != UndecodableFramesToFail) return false;
        if (isFile && (_namedFiles.Count >= NamedFilesLimit || !_namedFiles.Add(name))) return false;
        Fault fault = describe(name);
        LogRefused(logger, options.Name, fault);
        if (isFile) return false;
        _fault = fault;
        return true;
    }

    [LoggerMessage(EventId = 6001, Level = LogLevel.Warning, Message = "pipeline {Pipeline}: {Fault}")]
    private static partial void LogRefused(ILogger logger, string pipeline, Fault fault);
}
