using System.Diagnostics;

namespace EdgeInfer.Tests.Delivery.Store;

/// <summary>Another program that is in the middle of reading a database.</summary>
internal sealed class BusyReader : IDisposable
{
    private readonly Process _python;

    public BusyReader(string database)
    {
        const string Program = "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nc.execute('BEGIN')\nc.execute('SELECT * FROM message').fetchone()\nprint('reading',flush=True)\nsys.stdin.read()";
        ProcessStartInfo start = new("/usr/bin/python3") { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (string argument in (string[])["-c", Program, database]) start.ArgumentList.Add(argument);
        _python = Process.Start(start)!;
        Assert.Equal("reading", _python.StandardOutput.ReadLine());
    }

    public void Dispose()
    {
        _python.StandardInput.Close();
        _python.WaitForExit();
        _python.Dispose();
    }
}
