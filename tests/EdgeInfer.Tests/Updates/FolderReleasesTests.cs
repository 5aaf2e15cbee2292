using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Updates;

namespace EdgeInfer.Tests.Updates;

/// <summary>A repository that somebody carried here may hold anything.</summary>
public sealed class FolderReleasesTests : IDisposable
{
    private readonly string _outer = Directory.CreateTempSubdirectory("edgeinfer-stick-").FullName;
    private readonly FolderReleases _releases;

    public FolderReleasesTests()
    {
        Directory.CreateDirectory(Path.Combine(_outer, "stick", "metadata"));
        File.WriteAllText(Path.Combine(_outer, "secret"), "not of the stick");
        File.WriteAllText(Path.Combine(_outer, "stick", "metadata", "timestamp.json"), "0123456789");
        File.WriteAllText(Path.Combine(_outer, "stick", "metadata", "odd name%.json"), "odd");
        _releases = new(Path.Combine(_outer, "stick"));
    }

    [Fact]
    public async Task A_file_is_read_whole_up_to_its_bound()
    {
        Assert.Equal("0123456789", await Read("metadata/timestamp.json", 10));
        UpdateException refused = await Assert.ThrowsAsync<UpdateException>(() => Read("metadata/timestamp.json", 9));
        Assert.Equal(UpdateCode.Size, refused.Code);
    }

    // As addresses are written: what a name quotes is unquoted once.
    [Fact]
    public async Task A_quoted_name_finds_its_file() => Assert.Equal("odd", await Read("metadata/odd%20name%25.json", 10));

    [Theory]
    [InlineData("metadata/2.root.json")]
    [InlineData("metadata")]
    [InlineData("../secret")]
    [InlineData("metadata/../../secret")]
    [InlineData("metadata/%2e%2e/%2e%2e/secret")]
    [InlineData("/etc/passwd")]
    public async Task What_is_not_a_file_of_the_folder_is_not_there(string name) => Assert.Null(await Read(name, 1 << 20));

    [Fact]
    public async Task A_link_is_not_followed()
    {
        File.CreateSymbolicLink(Path.Combine(_outer, "stick", "metadata", "2.root.json"), Path.Combine(_outer, "secret"));
        Assert.Null(await Read("metadata/2.root.json", 1 << 20));
    }

    // To open a pipe waits for whoever writes into it.
    [Fact]
    public async Task A_pipe_in_a_files_place_is_refused_and_not_opened()
    {
        Fifo.Make(Path.Combine(_outer, "stick", "metadata", "2.root.json"));
        UpdateException refused = await Assert.ThrowsAsync<UpdateException>(() => Read("metadata/2.root.json", 1 << 20));
        Assert.Equal((UpdateCode.Network, "it is a pipe where a file should be"), (refused.Code, refused.Fault.What));
    }

    public void Dispose() => Directory.Delete(_outer, recursive: true);

    private async Task<string?> Read(string name, int most) => await _releases.Fetch(name, most, CancellationToken.None) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
}
