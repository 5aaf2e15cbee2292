using EdgeInfer.Durability;

namespace EdgeInfer.Tests.Durability;

/// <summary>What is written is there, and what is refused is told with call and path.</summary>
public sealed class DurableFileTests : IDisposable
{
    private readonly string _outer = Directory.CreateTempSubdirectory("edgeinfer-durable-").FullName;

    public void Dispose() => Directory.Delete(_outer, recursive: true);

    [Fact]
    public void A_file_is_replaced_and_nothing_is_left_beside_it()
    {
        string path = Path.Combine(_outer, "file");
        AtomicFile.Write(path, "one"u8);
        AtomicFile.Write(path, "two"u8);
        AtomicFile.Write(path, ""u8);
        Assert.Equal("", File.ReadAllText(path));
        Assert.Equal(["file"], Directory.GetFiles(_outer).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("a pipe")]
    [InlineData("a link")]
    public void What_would_keep_or_lead_astray_whoever_writes_the_unfinished_file_is_set_aside(string what)
    {
        string path = Path.Combine(_outer, "file");
        string other = Path.Combine(_outer, "other");
        File.WriteAllText(other, "untouched");
        if (what == "a pipe") Fifo.Make(path + ".new");
        if (what == "a link") File.CreateSymbolicLink(path + ".new", other);
        AtomicFile.Write(path, "x"u8);
        Assert.Equal("x", File.ReadAllText(path));
        Assert.Equal("untouched", File.ReadAllText(other));
        Assert.False(Path.Exists(path + ".new"));
    }

    [Theory]
    [InlineData(false, false, "broken")]
    [InlineData(false, true, "broken2")]
    [InlineData(true, false, "broken2")]
    [InlineData(true, true, "broken2")]
    public void What_is_set_aside_finds_a_name_whatever_was_set_aside_before(bool isFolder, bool wasFolder, string name)
    {
        string path = Path.Combine(_outer, "file");
        foreach ((string at, bool asFolder) in new[] { (path, isFolder), (path + ".broken", wasFolder) })
        {
            if (asFolder) Directory.CreateDirectory(Path.Combine(at, "full"));
            else File.WriteAllText(at, at);
        }

        Assert.Equal($"the file is now {path}.{name}", DurableMove.SetAside(path));
        Assert.False(Path.Exists(path));
        Assert.True(Path.Exists($"{path}.{name}"));
        Assert.Equal(wasFolder, Directory.Exists(path + ".broken"));
    }

    [Fact]
    public void A_refused_rename_names_the_call_and_both_names_and_leaves_nothing()
    {
        string path = Path.Combine(_outer, "folder");
        Directory.CreateDirectory(Path.Combine(path, "full"));
        IOException refused = Assert.Throws<IOException>(() => AtomicFile.Write(path, "x"u8));
        Assert.Equal($"rename of {path}.new to {path} failed: Is a directory", refused.Message);
        Assert.Equal(["folder"], Directory.GetFileSystemEntries(_outer).Select(Path.GetFileName));
    }

    [Fact]
    public void A_full_device_is_told_by_the_call_that_found_it()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here");
        using DurableAppend full = new("/dev/full");
        Assert.Equal("write of /dev/full failed: No space left on device", Assert.Throws<IOException>(() => full.Append("x"u8)).Message);
    }

    [Fact]
    public void Records_follow_each_other_over_openings()
    {
        string path = Path.Combine(_outer, "log");
        using (DurableAppend log = new(path))
        {
            log.Append("one "u8);
            log.Append("two "u8);
        }

        using (DurableAppend log = new(path)) log.Append("three"u8);
        Assert.Equal("one two three", File.ReadAllText(path));
    }

    [Fact]
    public void Folders_are_made_as_deep_as_they_are_asked_for()
    {
        string inner = Path.Combine(_outer, "a", "b", "c");
        DurableFolder.Make(inner);
        DurableFolder.Make(inner + "/");
        Assert.True(Directory.Exists(inner));
    }

    [Fact]
    public void A_renamed_file_has_its_new_name_alone()
    {
        string from = Path.Combine(_outer, "from");
        AtomicFile.Write(from, "x"u8);
        DurableMove.Rename(from, Path.Combine(_outer, "to"));
        Assert.Equal(["to"], Directory.GetFiles(_outer).Select(Path.GetFileName));
        IOException refused = Assert.Throws<IOException>(() => DurableMove.Rename(from, Path.Combine(_outer, "other")));
        Assert.EndsWith("failed: No such file or directory", refused.Message, StringComparison.Ordinal);
    }
}
