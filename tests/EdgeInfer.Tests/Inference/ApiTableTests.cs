using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using EdgeInfer.Configuration;
using EdgeInfer.Inference.Interop;
using EdgeInfer.Tests.Libraries;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Tests.Inference;

/// <summary>Tables for older libraries, held against the header of the package and against tables made by a C compiler.</summary>
public sealed unsafe partial class ApiTableTests : IDisposable
{
    private const int NothingStub = 1;
    private const int CompileStub = 2;

    private readonly CompiledLibraries _made = new();
    private readonly nint[] _refusals = [.. Enumerable.Range(100, ServedRuntimes.Api + 1).Select(static i => (nint)i)];

    public void Dispose() => _made.Dispose();

    [Theory]
    [InlineData(16, 266)]
    [InlineData(17, 276)]
    [InlineData(18, 280)]
    [InlineData(19, 280)]
    [InlineData(20, 285)]
    [InlineData(21, 285)]
    [InlineData(22, 318)]
    [InlineData(23, 390)]
    [InlineData(24, 415)]
    [InlineData(25, 419)]
    [InlineData(30, 426)]
    [InlineData(31, 428)]
    public void A_table_has_as_many_entries_as_its_version_says(int version, int entries) => Assert.Equal(entries, ApiTable.EntriesOf(version));

    [Fact]
    public void Versions_and_kinds_of_entries_are_those_of_the_packages_header()
    {
        List<(string Name, bool ReturnsStatus, int Since)> entries = HeaderEntries();

        Assert.Equal(ApiTable.Entries, entries.Count);
        Assert.Equal("GetCompileApi", entries[ApiTable.GetCompileApi].Name);
        for (int i = ApiTable.EntriesOf(16); i < entries.Count; i++)
        {
            Assert.True(ApiTable.ReturnsStatus(i) == entries[i].ReturnsStatus, $"{i} {entries[i].Name}");
            // What is released has no version of its own in the header, nor do three others.
            Assert.True(entries[i].Since == 0 || entries[i].Since == ApiTable.VersionOf(i), $"{i} {entries[i].Name}: {entries[i].Since} in the header, {ApiTable.VersionOf(i)} here");
        }
    }

    [Fact]
    public void The_managed_package_reads_no_entry_that_is_not_filled()
    {
        Assert.InRange(Unsafe.SizeOf<OrtApi>() / sizeof(nint), 1, ApiTable.Entries);
        Type compile = typeof(InferenceSession).Assembly.GetType("Microsoft.ML.OnnxRuntime.CompileApi.OrtCompileApi", throwOnError: true)!;
        Assert.InRange(Marshal.SizeOf(compile) / sizeof(nint), 1, ApiTable.CompileEntries);
    }

    [Theory]
    [InlineData(17)]
    [InlineData(20)]
    [InlineData(23)]
    [InlineData(30)]
    public void What_the_library_has_is_its_own_and_the_rest_says_which_version_brought_it(int version)
    {
        nint[] older = [.. Enumerable.Range(1000, ApiTable.EntriesOf(version)).Select(static i => (nint)i)];
        nint[] table = new nint[ApiTable.Entries];

        fixed (nint* at = older) ApiTable.Fill(table, at, version, new(_refusals, NothingStub, CompileStub));

        for (int i = 0; i < table.Length; i++)
        {
            nint expected = i == ApiTable.GetCompileApi ? CompileStub : i < older.Length ? older[i] : ApiTable.ReturnsStatus(i) ? _refusals[ApiTable.VersionOf(i)] : NothingStub;
            Assert.Equal(expected, table[i]);
        }
    }

    [Theory]
    [InlineData(17, 0)]
    [InlineData(22, 9)]
    [InlineData(23, 14)]
    public void The_compile_table_is_filled_likewise(int version, int had)
    {
        nint[] older = [.. Enumerable.Range(1000, 14).Select(static i => (nint)i)];
        nint[] table = new nint[ApiTable.CompileEntries];

        fixed (nint* at = older) ApiTable.FillCompile(table, version < ApiTable.FirstCompileApi ? null : at, version, new(_refusals, NothingStub, CompileStub));

        Assert.Equal(older[..had], table[..had]);
        Assert.DoesNotContain(0, table);
        if (had == 0) Assert.Equal(NothingStub, table[0]);
        Assert.All(table[Math.Max(1, had)..], entry => Assert.Contains(entry, _refusals));
    }

    [Fact]
    public void A_function_that_an_older_library_lacks_gives_a_status_of_the_librarys_own()
    {
        // A library of API version 20: its first entry keeps what a status is made of, entry 9 (Run) answers 42, further entries are not there.
        nint library = NativeLibrary.Load(_made.Make("old.so", """
            #include <string.h>
            static char status[200];
            static void *CreateStatus(int code, const char *text) { status[0] = code; strncpy(status + 1, text, 198); return status; }
            static void *Run(void) { return (void *)42; }
            static void *table[285] = { CreateStatus, [9] = Run };
            static const void *GetApi(unsigned version) { return version <= 20 ? table : 0; }
            static const char *GetVersionString(void) { return "1.20.1"; }
            static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { GetApi, GetVersionString };
            const void *OrtGetApiBase(void) { return &base; }
            """));
        ApiBase* own = ((delegate* unmanaged<ApiBase*>)NativeLibrary.GetExport(library, "OrtGetApiBase"))();

        ApiBase* served = OlderRuntime.Wrap(own, "1.20.1", 20);

        Assert.Equal((nint)own->GetVersionString, (nint)served->GetVersionString);
        Assert.True(served->GetApi(ServedRuntimes.Api + 1) is null);
        nint* table = (nint*)served->GetApi(ServedRuntimes.Api);
        Assert.Equal(42, ((delegate* unmanaged<nint>)table[9])());
        byte* status = ((delegate* unmanaged<nint, nint, byte*>)table[407])(0, 0);
        Assert.Equal(9, status[0]);
        Assert.Equal("it needs a function that came with ONNX Runtime 1.24, and the library in use is 1.20.1", Marshal.PtrToStringUTF8((nint)status + 1));
        Assert.Equal(0, ((delegate* unmanaged<nint, nint>)table[300])(0));
        nint* compile = ((delegate* unmanaged<nint*>)table[ApiTable.GetCompileApi])();
        Assert.Equal("it needs a function that came with ONNX Runtime 1.22, and the library in use is 1.20.1", Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)compile[8])() + 1));
        for (int i = ApiTable.EntriesOf(20); i < ApiTable.Entries; i++) Assert.NotEqual(0, table[i]);
    }

    [Fact]
    public void A_library_that_does_not_offer_its_own_version_is_not_served()
    {
        nint library = NativeLibrary.Load(_made.Make("none.so", """
            static const void *GetApi(unsigned version) { return 0; }
            static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { GetApi, 0 };
            const void *OrtGetApiBase(void) { return &base; }
            """));
        Assert.True(OlderRuntime.Wrap(((delegate* unmanaged<ApiBase*>)NativeLibrary.GetExport(library, "OrtGetApiBase"))(), "1.20.1", 20) is null);
    }

    private static List<(string Name, bool ReturnsStatus, int Since)> HeaderEntries()
    {
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        string header = Path.Combine(packages, "microsoft.ml.onnxruntime", ServedRuntimes.Managed, "build", "native", "include", "onnxruntime_c_api.h");
        if (!File.Exists(header)) Assert.Skip($"needs {header}");
        string text = File.ReadAllText(header);
        int start = text.IndexOf("struct OrtApi {", StringComparison.Ordinal);
        string table = text[start..text.IndexOf("\n};", start, StringComparison.Ordinal)];
        List<(string, bool, int)> entries = [];
        int since = 0;
        foreach (Match match in Entry().Matches(table))
        {
            if (match.Groups["comment"].Success)
            {
                Match version = Since().Match(match.Value);
                since = version.Success ? int.Parse(version.Groups[1].Value) : 0;
                continue;
            }

            bool isReleased = match.Groups["released"].Success;
            entries.Add((isReleased ? "Release" + match.Groups["released"].Value : match.Groups["name"].Value, match.Value.StartsWith("ORT_API2_STATUS", StringComparison.Ordinal), isReleased ? 0 : since));
            since = 0;
        }

        return entries;
    }

    // Comments are matched too, so that an entry within one is none.
    [GeneratedRegex(@"(?<comment>/\*.*?\*/|//[^\n]*)|ORT_API2_STATUS\(\s*(?<name>\w+)|ORT_CLASS_RELEASE2?\((?<released>\w+)\)|\(ORT_API_CALL\*\s*(?<name>\w+)\)|ORT_API_T\([^,]*,\s*(?<name>\w+)", RegexOptions.Singleline)]
    private static partial Regex Entry();

    [GeneratedRegex(@"since\s+(?:Version\s+)?1\.(\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex Since();
}
