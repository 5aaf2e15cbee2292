using EdgeInfer.Diagnostics;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Pipeline;

/// <summary>What of settings is logged.</summary>
internal sealed partial class SettingDesk
{
    [LoggerMessage(EventId = 6131, Level = LogLevel.Information, Message = "{Pipeline}: {Key} is set to {Value}")]
    private static partial void LogSet(ILogger logger, string pipeline, string key, string value);

    [LoggerMessage(EventId = 6132, Level = LogLevel.Information, Message = "{Pipeline}: {Key} is as the configuration says again")]
    private static partial void LogCleared(ILogger logger, string pipeline, string key);

    [LoggerMessage(EventId = 6133, Level = LogLevel.Warning, Message = "{Pipeline}: {Key} is not set: {Cause}")]
    private static partial void LogRefused(ILogger logger, string pipeline, string key, string cause);

    [LoggerMessage(EventId = 6134, Level = LogLevel.Information, Message = "{Pipeline}: {Key} was set to {Value}, which the configuration has replaced")]
    private static partial void LogDropped(ILogger logger, string pipeline, string key, string value);

    [LoggerMessage(EventId = 6135, Level = LogLevel.Warning, Message = "settings are not kept over a restart: {Cause}")]
    private static partial void LogUnsaved(ILogger logger, string cause);

    [LoggerMessage(EventId = 6136, Level = LogLevel.Warning, Message = "{Fault}")]
    private static partial void LogFault(ILogger logger, Fault fault);
}
