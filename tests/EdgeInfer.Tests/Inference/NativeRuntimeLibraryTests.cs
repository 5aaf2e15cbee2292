using System.Diagnostics;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference.Interop;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Tests.Inference;

public sealed class NativeRuntimeLibraryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-ort-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_version_written_down_is_the_packages()
    {
        string? version = FileVersionInfo.GetVersionInfo(typeof(InferenceSession).Assembly.Location).ProductVersion;
        Assert.StartsWith(NativeRuntimeLibrary.ManagedVersion, version, StringComparison.Ordinal);
        Assert.Equal(NativeRuntimeLibrary.ApiVersion, uint.Parse(NativeRuntimeLibrary.ManagedVersion.Split('.')[1]));
        Assert.Equal(NativeRuntimeLibrary.ManagedVersion, TestGraph.Runtime().Version);
    }

    [Theory]
    [InlineData("1.31.0")]
    [InlineData("1.31.1")]
    [InlineData("1.32.0")]
    [InlineData("2.0.0")]
    public void A_library_of_the_same_or_a_newer_version_passes(string version) => NativeRuntimeLibrary.CheckVersion("/opt/ort.so", version);

    [Fact]
    public void An_older_library_is_refused_with_both_versions()
    {
        FaultException refused = Assert.Throws<FaultException>(() => NativeRuntimeLibrary.CheckVersion("/opt/ort.so", "1.20.1"));

        Assert.Equal(FaultKind.Unavailable, refused.Fault.Kind);
        Assert.Contains("1.20.1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("1.31.1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_not_there_is_said_to_be_missing()
        => Assert.Equal(FaultKind.NoInput, Assert.Throws<FaultException>(() => NativeRuntimeLibrary.Open(Path.Combine(_folder, "none.so"))).Fault.Kind);

    [Fact]
    public void A_file_that_is_no_library_says_what_the_loader_says()
    {
        string path = Path.Combine(_folder, "text.so");
        File.WriteAllText(path, "this is not a library");

        FaultException refused = Assert.Throws<FaultException>(() => NativeRuntimeLibrary.Open(path));

        Assert.Equal(FaultKind.Data, refused.Fault.Kind);
        Assert.Contains("file too short", refused.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_of_another_processor_is_called_that()
    {
        string path = Compile("int answer(void) { return 42; }");
        byte[] bytes = File.ReadAllBytes(path);
        // e_machine of the ELF header: 243, RISC-V.
        bytes[18] = 243;
        File.WriteAllBytes(path, bytes);

        Assert.Contains("built for another processor", Assert.Throws<FaultException>(() => NativeRuntimeLibrary.Open(path)).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_library_is_not_taken_for_ONNX_Runtime()
    {
        string path = Compile("int answer(void) { return 42; }");
        Assert.Contains("is not an ONNX Runtime", Assert.Throws<FaultException>(() => NativeRuntimeLibrary.Open(path)).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_old_library_is_asked_for_its_version_before_anything_else()
    {
        // Its GetApi would end the process; it must never be called.
        string path = Compile("""
            #include <stdlib.h>
            static const void* GetApi(unsigned version) { abort(); }
            static const char* GetVersionString(void) { return "1.18.0"; }
            static const struct { const void* (*api)(unsigned); const char* (*version)(void); } base = { GetApi, GetVersionString };
            const void* OrtGetApiBase(void) { return &base; }
            """);

        FaultException refused = Assert.Throws<FaultException>(() => NativeRuntimeLibrary.Open(path));

        Assert.Contains("is ONNX Runtime 1.18.0, older than 1.31.1", refused.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_choice_needs_a_restart()
    {
        TestGraph.Runtime();
        FaultException refused = Assert.Throws<FaultException>(() => NativeRuntimeLibrary.Choose("/opt/other.so"));
        Assert.Equal("restart the agent", refused.Fault.Cure);
    }

    [Fact]
    public void Native_code_sees_that_telemetry_is_off()
    {
        NativeEnvironment.DisableTelemetry();
        Assert.Equal("1", NativeEnvironment.Read("ORT_DISABLE_TELEMETRY"));
    }

    private string Compile(string code)
    {
        string source = Path.Combine(_folder, "stub.c");
        string library = Path.Combine(_folder, Guid.NewGuid().ToString("N") + ".so");
        File.WriteAllText(source, code);
        try
        {
            using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-w", "-o", library, source]);
            compiler.WaitForExit();
            Assert.Equal(0, compiler.ExitCode);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("needs a C compiler (cc)");
        }

        return library;
    }
}
