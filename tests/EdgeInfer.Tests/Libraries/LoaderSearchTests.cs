using System.Buffers.Binary;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Libraries;

namespace EdgeInfer.Tests.Libraries;

/// <summary>What a library needs and does not find, held against ldd where the places are this system's.</summary>
public sealed class LoaderSearchTests : IDisposable
{
    private static readonly Dictionary<string, IReadOnlyList<string>> s_noCache = [];

    private readonly CompiledLibraries _made = new();

    public void Dispose() => _made.Dispose();

    [Fact]
    public void All_missing_libraries_are_named_at_once_also_those_of_needed_ones_as_ldd_does()
    {
        string first = Library("libfirst.so.1"), second = Library("libsecond.so.2"), third = Library("libthird.so.3");
        string middle = Library("sub/libmiddle.so", third);
        string top = Library("top.so", first, middle, second);
        File.Delete(first);
        File.Delete(second);
        File.Delete(third);

        IReadOnlyList<UnmetNeed> unmet = LoaderSearch.OfThisSystem().Unmet(ElfFile.Read(top));

        Assert.Equal(["libfirst.so.1", "libsecond.so.2", "libthird.so.3"], unmet.Select(static u => u.Library));
        Assert.Equal(["top.so", "top.so", "libmiddle.so"], unmet.Select(static u => u.NeededBy));
        Assert.All(unmet, static u => Assert.Null(u.Version));
        (_, string ldd) = CompiledLibraries.Run("ldd", top);
        Assert.Equal(
            ["libfirst.so.1", "libsecond.so.2", "libthird.so.3"],
            ldd.Split('\n').Where(static l => l.EndsWith("=> not found", StringComparison.Ordinal)).Select(static l => l.Trim().Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_this_system_has_is_found_as_ldd_finds_it()
    {
        string library = ElfFileTests.RuntimeLibrary();
        (_, string ldd) = CompiledLibraries.Run("ldd", library);

        Assert.DoesNotContain("not found", ldd, StringComparison.Ordinal);
        Assert.Empty(LoaderSearch.OfThisSystem().Unmet(ElfFile.Read(library)));
    }

    [Fact]
    public void Each_place_of_the_loader_is_looked_into()
    {
        string needed = Library("elsewhere/libneeded.so");
        ElfFile top = ElfFile.Read(_made.Make("top.so", "extern int libneeded(void); int top(void) { return libneeded(); }", "-nostdlib", needed));
        string folder = Path.GetDirectoryName(needed)!;

        Assert.Equal("libneeded.so", Assert.Single(new LoaderSearch([], s_noCache, []).Unmet(top)).Library);
        Assert.Empty(new LoaderSearch([folder], s_noCache, []).Unmet(top));
        Assert.Empty(new LoaderSearch([], new Dictionary<string, IReadOnlyList<string>> { ["libneeded.so"] = ["/nowhere/libneeded.so", needed] }, []).Unmet(top));
        Assert.Empty(new LoaderSearch([], s_noCache, ["/nowhere", folder]).Unmet(top));
    }

    [Theory]
    [InlineData("--enable-new-dtags", 1)]
    [InlineData("--disable-new-dtags", 0)]
    public void Only_an_old_run_path_holds_for_what_the_needed_libraries_need(string kind, int unmet)
    {
        string deep = Library("lib/libdeep.so");
        string middle = _made.Make("lib/libmiddle.so", "extern int libdeep(void); int libmiddle(void) { return libdeep(); }", "-nostdlib", "-Wl,-soname,libmiddle.so", deep);
        string top = _made.Make("top.so", "extern int libmiddle(void); int top(void) { return libmiddle(); }", "-nostdlib", "-Wl," + kind, "-Wl,-rpath,$ORIGIN/lib", "-Wl,-rpath-link," + Path.GetDirectoryName(deep), middle);

        Assert.Equal(unmet, new LoaderSearch([], s_noCache, []).Unmet(ElfFile.Read(top)).Count);
        (_, string ldd) = CompiledLibraries.Run("ldd", top);
        Assert.Equal(unmet, ldd.Split('\n').Count(static l => l.Contains("not found", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_library_for_another_processor_is_passed_over()
    {
        string needed = Library("libneeded.so");
        ElfFile top = ElfFile.Read(_made.Make("top.so", "extern int libneeded(void); int top(void) { return libneeded(); }", "-nostdlib", needed));
        byte[] bytes = File.ReadAllBytes(needed);
        bytes[18] = 243;
        File.WriteAllBytes(needed, bytes);

        Assert.Single(new LoaderSearch([_made.Folder], s_noCache, []).Unmet(top));
    }

    [Fact]
    public void A_version_that_the_one_found_lacks_is_named_with_the_newest_it_has()
    {
        File.WriteAllText(Path.Combine(_made.Folder, "new.map"), "PART_1.9 { global: part; }; PART_1.10 { global: more; } PART_1.9;");
        File.WriteAllText(Path.Combine(_made.Folder, "old.map"), "PART_1.2 { }; PART_1.9 { global: part; local: *; };");
        string part = _made.Make("libpart.so", "int part(void) { return 1; } int more(void) { return 2; }", "-nostdlib", "-Wl,-soname,libpart.so", "-Wl,--version-script=" + Path.Combine(_made.Folder, "new.map"));
        ElfFile top = ElfFile.Read(_made.Make("top.so", "extern int more(void); extern int part(void); int top(void) { return more() + part(); }", "-nostdlib", part));
        LoaderSearch search = new([_made.Folder], s_noCache, []);
        Assert.Empty(search.Unmet(top));

        _made.Make("libpart.so", "int part(void) { return 1; }", "-nostdlib", "-Wl,-soname,libpart.so", "-Wl,--version-script=" + Path.Combine(_made.Folder, "old.map"));

        Assert.Equal([new UnmetNeed("libpart.so", "top.so", "PART_1.10", "PART_1.9")], search.Unmet(top));
    }

    [Fact]
    public void The_loaders_cache_is_read_with_or_without_its_older_part()
    {
        byte[] cache = Cache(("libx.so.1", "/usr/lib32/libx.so.1", 0x0803), ("libx.so.1", "/opt/a/libx.so.1", 0x0303), ("libx.so.1", "/usr/lib/libx.so.1", 0x0303));

        Assert.Equal(["/opt/a/libx.so.1", "/usr/lib/libx.so.1"], LoaderCache.Parse(cache, 0x0303)["libx.so.1"]);
        Assert.Equal(["/opt/a/libx.so.1", "/usr/lib/libx.so.1"], LoaderCache.Parse((byte[])[.. "ld.so-1.7.0"u8, 0, .. new byte[36], .. cache], 0x0303)["libx.so.1"]);
        Assert.Empty(LoaderCache.Parse(cache, 0x0a03));
        Assert.Empty(LoaderCache.Parse("no cache"u8, 0x0303));
        for (int length = 0; length < cache.Length; length++) LoaderCache.Parse(cache.AsSpan(0, length), 0x0303);
    }

    [Fact]
    public void What_is_unmet_is_said_in_one_line()
    {
        Assert.Null(SharedLibraryContent.Describe([]));
        Assert.Equal("needs libcudnn.so.9, which is not found here", SharedLibraryContent.Describe([new("libcudnn.so.9", "a.so")])!.Value.What);
        Assert.Equal(
            "needs libcublas.so.12, libcudnn.so.9, which are not found here",
            SharedLibraryContent.Describe([new("libcublas.so.12", "a.so"), new("libcudnn.so.9", "a.so"), new("libstdc++.so.6", "a.so", "GLIBCXX_3.4.30", "GLIBCXX_3.4.28")])!.Value.What);
        Assert.Equal(
            "needs GLIBCXX_3.4.30 of libstdc++.so.6, which has up to GLIBCXX_3.4.28",
            SharedLibraryContent.Describe([new("libstdc++.so.6", "a.so", "GLIBCXX_3.4.30", "GLIBCXX_3.4.28")])!.Value.What);
        Assert.Equal(
            "needs glibc 2.38, and this system has 2.31",
            SharedLibraryContent.Describe([new("libcudnn.so.9", "a.so"), new("libm.so.6", "a.so", "GLIBC_2.9", "GLIBC_2.31"), new("libc.so.6", "a.so", "GLIBC_2.38", "GLIBC_2.31")])!.Value.What);
    }

    // dl-cache.h: header of 48 bytes, entries of 24 (flags, name, path, osversion, hwcap), strings.
    private static byte[] Cache(params (string Name, string Path, int Flags)[] entries)
    {
        byte[] head = new byte[48 + (24 * entries.Length)];
        "glibc-ld.so.cache1.1"u8.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(20), entries.Length);
        List<byte> strings = [];
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> entry = head.AsSpan(48 + (24 * i));
            BinaryPrimitives.WriteInt32LittleEndian(entry, entries[i].Flags);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], head.Length + strings.Count);
            strings.AddRange([.. Encoding.ASCII.GetBytes(entries[i].Name), 0]);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], head.Length + strings.Count);
            strings.AddRange([.. Encoding.ASCII.GetBytes(entries[i].Path), 0]);
        }

        return [.. head, .. strings];
    }

    private string Library(string name, params string[] needed)
    {
        string symbol = Path.GetFileName(name).Split('.')[0];
        string calls = string.Concat(needed.Select(static n => Path.GetFileName(n).Split('.')[0] + "() + "));
        string declarations = string.Concat(needed.Select(static n => $"extern int {Path.GetFileName(n).Split('.')[0]}(void);"));
        return _made.Make(name, $"{declarations} int {symbol}(void) {{ return {calls} 1; }}", ["-nostdlib", "-Wl,-soname," + Path.GetFileName(name), "-Wl,-rpath,$ORIGIN/sub", "-Wl,--allow-shlib-undefined", .. needed]);
    }
}
