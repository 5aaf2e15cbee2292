using System.Diagnostics;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Inference.Interop;
using EdgeInfer.Tests.Libraries;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Tests.Inference;

public sealed class NativeRuntimeLibraryTests : IDisposable
{
    private readonly CompiledLibraries _made = new();

    public void Dispose() => _made.Dispose();

    // To map it would end the process by SIGBUS.
    [Fact]
    public void A_library_beside_the_program_that_ends_early_is_not_mapped()
    {
        string whole = Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "libSystem.Native.so");
        NativeRuntimeLibrary.RefuseCut(whole);
        NativeRuntimeLibrary.RefuseCut(whole + ".not-there");
        string cut = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(cut, File.ReadAllBytes(whole)[..(int)(new FileInfo(whole).Length * 9 / 10)]);
            Fault fault = Assert.Throws<FaultException>(() => NativeRuntimeLibrary.RefuseCut(cut)).Fault;
            Assert.Equal((FaultKind.Unavailable, cut), (fault.Kind, fault.Where));
            Assert.Contains("cut off", fault.What, StringComparison.Ordinal);
            Assert.Contains("install EdgeInfer again", fault.Cure, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(cut);
        }
    }

    [Fact]
    public void The_version_written_down_is_the_packages()
    {
        string? version = FileVersionInfo.GetVersionInfo(typeof(InferenceSession).Assembly.Location).ProductVersion;
        Assert.StartsWith(ServedRuntimes.Managed, version, StringComparison.Ordinal);
        Assert.Equal(ServedRuntimes.Api, int.Parse(ServedRuntimes.Managed.Split('.')[1]));
        Assert.Equal(ServedRuntimes.Managed, TestGraph.Runtime().Version);
    }

    [Fact]
    public void A_library_that_is_not_there_is_said_to_be_missing() => Assert.Equal(FaultKind.NoInput, Refusal(Path.Combine(_made.Folder, "none.so")).Kind);

    [Fact]
    public void What_cannot_be_the_library_is_refused_before_it_is_loaded()
    {
        // Its constructor would end the process.
        string path = _made.Make("other.so", "#include <stdlib.h>\n__attribute__((constructor)) static void start(void) { abort(); } int answer(void) { return 42; }");
        Assert.Contains("it lacks OrtGetApiBase", Refusal(path).What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.16.3", "is ONNX Runtime 1.16.3, too old: 1.17 and newer are served")]
    [InlineData("2.1.0", "is ONNX Runtime 2.1.0, too new: it does not offer API version 31 any more")]
    [InlineData("banana", "is not an ONNX Runtime: its version reads 'banana'")]
    [InlineData("", "is not an ONNX Runtime: its version reads ''")]
    public void A_version_that_is_not_served_is_told_before_anything_else_is_asked(string version, string what)
        => Assert.Equal(what, Refusal(Stub(version, "abort(); return 0;")).What);

    [Fact]
    public void A_newer_library_is_asked_whether_it_still_offers_what_the_package_was_built_against()
    {
        Assert.Equal("is ONNX Runtime 1.40.0, too new: it does not offer API version 31 any more", Refusal(Stub("1.40.0", "return version > 35 ? whole() : 0;")).What);
        unsafe
        {
            NativeRuntimeLibrary.Open(Stub("1.40.0", "return version == 31 ? whole() : 0;"), out ApiBase* entry);
            Assert.Equal("1.40.0", System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)entry->GetVersionString()));
        }
    }

    [Fact]
    public void An_older_library_needs_the_published_program()
    {
        Fault refused = Refusal(Stub("1.20.1", "abort(); return 0;"));

        Assert.Equal(FaultKind.Unavailable, refused.Kind);
        Assert.Equal("is ONNX Runtime 1.20.1, and a library older than 1.31 is served by the published program alone", refused.What);
        Assert.Contains("./publish.sh", refused.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_whose_entry_point_gives_nothing_is_no_ONNX_Runtime()
        => Assert.Contains("its OrtGetApiBase gives nothing", Refusal(_made.Make("empty.so", "void *OrtGetApiBase(void) { return 0; }")).What, StringComparison.Ordinal);

    [Theory]
    [InlineData("0, version")]
    [InlineData("api, 0")]
    public void An_entry_point_that_gives_empty_places_is_no_ONNX_Runtime(string places)
        => Assert.Contains("its OrtGetApiBase gives nothing", Refusal(_made.Make($"{Guid.NewGuid():N}.so", $$"""
            static const void *api(unsigned version) { return 0; }
            static const char *version(void) { return "1.31.1"; }
            static const struct { const void *(*a)(unsigned); const char *(*v)(void); } base = { {{places}} };
            const void *OrtGetApiBase(void) { return &base; }
            """)).What, StringComparison.Ordinal);

    [Theory]
    [InlineData("return table;")]
    [InlineData("whole(); table[427] = 0; return table;")]
    public void A_table_without_all_of_its_functions_is_refused_before_one_is_called(string getApi)
    {
        Fault refused = Refusal(Stub("1.31.1", getApi));
        Assert.Equal((FaultKind.Unavailable, "says that it is ONNX Runtime 1.31.1 and lacks functions of API version 31"), (refused.Kind, refused.What));
    }

    [Fact]
    public void What_a_library_says_of_its_version_does_no_harm_to_a_terminal()
    {
        Assert.Equal("is not an ONNX Runtime: its version reads 'ba na [31mna'", Refusal(Stub(@"ba\nna\033[31mna", "return 0;")).What);
        Assert.Equal($"is not an ONNX Runtime: its version reads '{new string('9', 64)}…'", Refusal(Stub(new('9', 5000), "return 0;")).What);
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

    private static Fault Refusal(string path)
    {
        FaultException refused = Assert.Throws<FaultException>(() =>
        {
            unsafe
            {
                NativeRuntimeLibrary.Open(path, out _);
            }
        });
        return Assert.Single(refused.Faults);
    }

    private string Stub(string version, string getApi) => _made.Make($"{Guid.NewGuid():N}.so", $$"""
        #include <stdlib.h>
        static const void *GetApi(unsigned version);
        static const char *GetVersionString(void) { return "{{version}}"; }
        static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { GetApi, GetVersionString };
        static const void *table[428];
        static const void *whole(void) { for (int i = 0; i < 428; i++) table[i] = abort; return table; }
        static const void *GetApi(unsigned version) { {{getApi}} }
        const void *OrtGetApiBase(void) { return &base; }
        """);
}
