using EdgeInfer.Durability;

namespace EdgeInfer.Tests.Durability;

/// <summary>A folder is replaced whole or not at all.</summary>
public sealed class AtomicFolderTests : IDisposable
{
    private readonly string _outer = Directory.CreateTempSubdirectory("edgeinfer-atomic-").FullName;

    public void Dispose() => Directory.Delete(_outer, recursive: true);

    [Fact]
    public void A_new_folder_has_every_file_in_its_place()
    {
        string target = Path.Combine(_outer, "a", "b", "model");
        AtomicFolder.Replace(target, [("x", Source("1")), ("deep/er/y", Source("2"))], _ => { });
        Assert.Equal("1", File.ReadAllText(Path.Combine(target, "x")));
        Assert.Equal("2", File.ReadAllText(Path.Combine(target, "deep", "er", "y")));
        Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(target)!));
    }

    [Fact]
    public void A_copy_that_is_refused_leaves_the_old_folder()
    {
        string target = Path.Combine(_outer, "model");
        AtomicFolder.Replace(target, [("x", Source("old"))], _ => { });
        string seen = "";
        Assert.Throws<IOException>(() => AtomicFolder.Replace(target, [("x", Source("new"))], staging =>
        {
            seen = File.ReadAllText(Path.Combine(staging, "x"));
            throw new IOException("no");
        }));
        Assert.Equal("new", seen);
        Assert.Equal("old", File.ReadAllText(Path.Combine(target, "x")));
        Assert.Empty(Directory.GetFileSystemEntries(_outer, ".*"));
    }

    [Fact]
    public void A_source_that_is_missing_leaves_the_old_folder()
    {
        string target = Path.Combine(_outer, "model");
        AtomicFolder.Replace(target, [("x", Source("old"))], _ => { });
        Assert.Throws<FileNotFoundException>(() => AtomicFolder.Replace(target, [("x", Source("new")), ("y", Path.Combine(_outer, "none"))], _ => { }));
        Assert.Equal("old", File.ReadAllText(Path.Combine(target, "x")));
        Assert.Empty(Directory.GetFileSystemEntries(_outer, ".*"));
    }

    private string Source(string content)
    {
        string path = Path.Combine(_outer, "source-" + content);
        File.WriteAllText(path, content);
        return path;
    }
}
