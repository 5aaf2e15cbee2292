using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Posix;

namespace EdgeInfer.Diagnosis;

/// <summary>What a program printed.</summary>
/// <param name="Path">Where the program is.</param>
/// <param name="Text">Its output.</param>
/// <param name="LastError">The last line of its standard error; null for none.</param>
/// <param name="IsSuccess">Whether it ended by itself in time, and well.</param>
internal sealed record CommandOutput(string Path, string Text, string? LastError, bool IsSuccess);

/// <summary>Runs a program that only says something, within a deadline.</summary>
internal static class CommandRun
{
    private const int LongestBytes = 256 * 1024;

    /// <summary>Runs a program to its end, or kills it.</summary>
    /// <param name="time">Clock.</param>
    /// <param name="deadline">How long it may take.</param>
    /// <param name="arguments">Its name, looked for in PATH, and its arguments.</param>
    /// <returns>Null where there is no such program, or it cannot be started.</returns>
    public static Task<CommandOutput?> RunAsync(TimeProvider time, TimeSpan deadline, params string[] arguments)
        => ProgramPath.Find(arguments[0]) is { } path
            ? Task.Factory.StartNew(() => Run(path, time, deadline, arguments), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : Task.FromResult<CommandOutput?>(null);

    private static CommandOutput? Run(string path, TimeProvider time, TimeSpan deadline, string[] arguments)
    {
        try
        {
            using ChildProcess child = ChildProcess.Start(new(arguments) { Grace = TimeSpan.FromMilliseconds(100) }, time);
            byte[] bytes = new byte[LongestBytes];
            int length = 0;
            long since = time.GetTimestamp();
            ChildRead last = ChildRead.Bytes;
            while (last == ChildRead.Bytes && length < bytes.Length)
            {
                TimeSpan left = deadline - time.GetElapsedTime(since);
                last = child.Read(bytes.AsSpan(length), left > TimeSpan.Zero ? left : TimeSpan.Zero, out int count);
                length += count;
            }

            ChildExit exit = last == ChildRead.End ? child.AwaitExit(TimeSpan.FromSeconds(1)) : child.Stop();
            return new(path, Encoding.UTF8.GetString(bytes, 0, length), child.Errors.LastLine, last == ChildRead.End && exit.IsSuccess);
        }
        catch (Exception e) when (e is FaultException or IOException)
        {
            return null;
        }
    }
}
