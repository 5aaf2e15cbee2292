using System.Diagnostics;

namespace EdgeInfer.Tests.Libraries;

/// <summary>Shared libraries that a test makes with the machine's C compiler, in a folder that is gone after it.</summary>
internal sealed class CompiledLibraries : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-elf-");

    /// <summary>The folder.</summary>
    public string Folder => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Compiles a library; the test is skipped where there is no compiler.</summary>
    /// <param name="name">Its file, below the folder.</param>
    /// <param name="code">C.</param>
    /// <param name="options">More of the compiler's options.</param>
    /// <returns>Its path.</returns>
    public string Make(string name, string code, params string[] options)
    {
        string library = Path.Combine(Folder, name);
        string source = library + ".c";
        Directory.CreateDirectory(Path.GetDirectoryName(library)!);
        File.WriteAllText(source, code);
        (int failed, string said) = Run("cc", ["-shared", "-fPIC", "-w", "-o", library, source, .. options]);
        Assert.True(failed == 0, said);
        return library;
    }

    /// <summary>Runs a program; the test is skipped where there is none.</summary>
    public static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"needs {program}");
            throw;
        }
    }
}
