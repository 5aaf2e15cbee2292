using System.Diagnostics;

namespace EdgeInfer.Tests;

/// <summary>A named pipe in a file's place: to open it waits for whoever writes into it.</summary>
internal static class Fifo
{
    /// <summary>Makes one.</summary>
    public static void Make(string path)
    {
        using Process made = Process.Start("mkfifo", [path]);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
    }
}
