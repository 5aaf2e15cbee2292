using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust;

/// <summary>A repository that sends without end, or sends what is no metadata.</summary>
public sealed class RoleLimitsTests : IDisposable
{
    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public RoleLimitsTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("metadata/2.root.json", 512 * 1024)]
    [InlineData("metadata/timestamp.json", 16 * 1024)]
    [InlineData("metadata/1.snapshot.json", 2 * 1024 * 1024)]
    [InlineData("metadata/1.targets.json", 5 * 1024 * 1024)]
    public async Task Each_role_has_its_bound_and_a_source_that_gives_more_is_refused(string file, int bound)
    {
        int asked = 0;
        _repository.Tricks[file] = most => new byte[(asked = most) + 1];
        await Refusals.ThrowsAsync(UpdateCode.Size, async () => await _device.Refresh());
        Assert.Equal(bound, asked);
    }

    [Fact]
    public async Task A_delegated_role_has_the_bound_of_targets()
    {
        _repository.Delegate("targets", "models", ["*"]);
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        int asked = 0;
        _repository.Tricks["metadata/1.models.json"] = most => new byte[(asked = most) + 1];
        await Refusals.ThrowsAsync(UpdateCode.Size, () => _device.Download("x"));
        Assert.Equal(RoleLimits.TargetsBytes, asked);
    }

    [Fact]
    public async Task A_signed_length_is_the_bound_where_there_is_one()
    {
        _repository.GivesHashes = true;
        _repository.Publish("targets", "snapshot", "timestamp");
        int asked = 0;
        _repository.Tricks["metadata/2.snapshot.json"] = most =>
        {
            asked = most;
            return new byte[most + 1];
        };
        await Refusals.ThrowsAsync(UpdateCode.Size, async () => await _device.Refresh());
        Assert.Equal(_repository.Files["metadata/2.snapshot.json"].Length, asked);
    }

    [Fact]
    public async Task A_signed_length_beyond_the_bound_is_refused_without_asking()
    {
        _repository.Timestamp = _repository.Timestamp with { Snapshot = new MetaFile(1, RoleLimits.SnapshotBytes + 1L) };
        _repository.Publish("timestamp");
        await Refusals.ThrowsAsync(UpdateCode.Size, async () => await _device.Refresh());
        Assert.Equal("timestamp", _repository.MetadataRequests.Last());
    }

    [Theory]
    [InlineData("metadata/2.root.json", "<html>not found</html>")]
    [InlineData("metadata/timestamp.json", "")]
    [InlineData("metadata/timestamp.json", "[]")]
    [InlineData("metadata/1.snapshot.json", "{\"signed\":{\"_type\":\"snapshot\"},\"signatures\":[]}")]
    [InlineData("metadata/1.targets.json", "{\"signed\":null,\"signatures\":[]}")]
    [InlineData("metadata/1.targets.json", "{\"signed\":{\"version\":1.5},\"signatures\":[]}")]
    public async Task What_is_no_metadata_is_refused(string file, string content)
    {
        _repository.Files[file] = System.Text.Encoding.UTF8.GetBytes(content);
        UpdateException e = await Assert.ThrowsAsync<UpdateException>(async () => await _device.Refresh());
        Assert.Contains(e.Code, new[] { UpdateCode.Signature, UpdateCode.Threshold });
        Assert.StartsWith(file, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("LONG", "1.0")]
    [InlineData("timestamp", "LONG")]
    public void Text_of_a_repository_comes_to_the_log_short_and_on_one_line(string type, string specification)
    {
        string text = "\\u001b[31m\\n" + new string('x', 10_000);
        string json = $$"""{"signed":{"_type":"{{type}}","spec_version":"{{specification}}","version":1,"expires":"2030-01-01T00:00:00Z"},"signatures":[]}""";
        UpdateException e = Refusals.Throws(UpdateCode.Signature, () => TimestampDocument.Read(RoleEnvelope.Read(System.Text.Encoding.UTF8.GetBytes(json.Replace("LONG", text, StringComparison.Ordinal)), "x").Signed, "x"));
        Assert.InRange(e.Message.Length, 20, 300);
        Assert.DoesNotContain(e.Message, char.IsControl);
    }

    [Fact]
    public async Task A_stop_ends_a_refresh()
    {
        using CancellationTokenSource stop = new();
        _repository.Tricks["metadata/timestamp.json"] = _ =>
        {
            stop.Cancel();
            return _repository.Files["metadata/timestamp.json"];
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _device.Open().Refresh(_repository, stop.Token));
        await _device.Refresh();
    }

    [Fact]
    public async Task A_repository_without_versions_in_its_names_is_read_too()
    {
        _repository.Root = _repository.Root with { IsConsistent = false };
        _repository.Publish("root", "targets", "snapshot", "timestamp");
        _repository.AddTarget("targets", "a/b", "content"u8.ToArray());
        _repository.Publish("targets", "snapshot", "timestamp");
        _repository.Files["targets/a/b"] = "content"u8.ToArray();
        Assert.Equal("content"u8.ToArray(), await _device.Download("a/b"));
        Assert.Equal(["metadata/2.root.json", "metadata/3.root.json", "metadata/timestamp.json", "metadata/snapshot.json", "metadata/targets.json", "targets/a/b"], _repository.Requests);
    }
}
