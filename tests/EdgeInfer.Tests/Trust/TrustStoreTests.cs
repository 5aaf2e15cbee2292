using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;

namespace EdgeInfer.Tests.Trust;

/// <summary>What a device keeps, in which order, and what it makes of damage.</summary>
public sealed class TrustStoreTests : IDisposable
{
    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public TrustStoreTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("timestamp", "timestamp", "")]
    [InlineData("snapshot", "1.snapshot", "{\"signed\":")]
    [InlineData("targets", "1.targets", "\0\0\0\0\0\0\0\0")]
    public async Task A_damaged_file_is_fetched_anew(string role, string file, string content)
    {
        await _device.Refresh();
        File.WriteAllText(_device.At(role), content);
        _repository.Requests.Clear();
        await _device.Refresh();
        Assert.Contains(file, _repository.MetadataRequests);
        Assert.Equal(_repository.Files[$"metadata/{file}.json"], File.ReadAllBytes(_device.At(role)));
    }

    [Theory]
    [InlineData("timestamp", "a pipe")]
    [InlineData("snapshot", "a pipe")]
    [InlineData("time", "a pipe")]
    [InlineData("timestamp", "a folder")]
    [InlineData("targets", "a folder")]
    [InlineData("time", "a folder")]
    public async Task What_is_no_file_is_never_opened_and_gives_way_to_one(string name, string kind)
    {
        await _device.Refresh();
        string path = name == "time" ? Path.Combine(_device.Store.Folder, name) : _device.At(name);
        File.Delete(path);
        if (kind == "a folder") Directory.CreateDirectory(path);
        else Fifo.Make(path);
        _repository.Publish("targets", "snapshot", "timestamp");
        await _device.Refresh();
        // The time is written where it has gone on.
        if (name != "time") Assert.True(new FileInfo(path) is { Exists: true, Length: > 0 });
    }

    [Fact]
    public async Task One_changed_bit_of_a_kept_file_is_damage()
    {
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.AddTarget("models", "models/parts/1", "a"u8.ToArray());
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        await _device.Download("models/parts/1");
        byte[] kept = File.ReadAllBytes(_device.At("delegated/models"));
        kept[Encoding.UTF8.GetString(kept).IndexOf("\"length\":1", StringComparison.Ordinal) + 9] ^= 2;
        File.WriteAllBytes(_device.At("delegated/models"), kept);
        Assert.Equal("a"u8.ToArray(), await _device.Download("models/parts/1"));
        Assert.Equal(_repository.Files["metadata/1.models.json"], File.ReadAllBytes(_device.At("delegated/models")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"signed\":{},\"signatures\":[]}")]
    [InlineData("not json")]
    public async Task A_damaged_root_has_one_clear_fault_and_is_never_replaced(string content)
    {
        await _device.Refresh();
        File.WriteAllText(_device.At("root"), content);
        _repository.Requests.Clear();
        UpdateException e = Refusals.Throws(UpdateCode.Signature, () => _device.Open());
        Assert.StartsWith($"{_device.At("root")}: the trusted root is damaged: ", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("enrol this device again", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.Empty(_repository.Requests);
        Assert.Equal(content, File.ReadAllText(_device.At("root")));
    }

    [Fact]
    public async Task A_damaged_root_can_be_said_at_each_refresh_so_that_models_serve_without_it()
    {
        await _device.Refresh();
        File.WriteAllText(_device.At("root"), "not json");
        TrustClient client = TrustClient.Open(_device.Store, _device.Pin, _device.Clock(), isDamageLater: true);
        Assert.Empty(client.Expiries);
        for (int i = 0; i < 2; i++) await Refusals.ThrowsAsync(UpdateCode.Signature, async () => await client.Refresh(_repository, Device.Stop));
        Assert.Equal("not json", File.ReadAllText(_device.At("root")));
    }

    [Fact]
    public async Task A_device_whose_trust_is_gone_as_a_whole_trusts_nobody_and_says_so_at_each_refresh()
    {
        TrustClient client = TrustClient.Open(_device.Store, RootPin.Nobody, _device.Clock(), isDamageLater: true);
        Assert.Empty(client.Expiries);
        for (int i = 0; i < 2; i++)
        {
            UpdateException e = await Refusals.ThrowsAsync(UpdateCode.Signature, async () => await client.Refresh(_repository, Device.Stop));
            Assert.Equal(TrustStore.TrustsNobody, e.Fault);
        }

        Assert.Empty(_repository.Requests);
        Assert.Null(_device.Store.ReadRoot());
    }

    [Fact]
    public async Task A_root_that_is_missing_where_others_are_kept_is_damaged_too()
    {
        // Beginning again with the pinned root would go back to keys that may have been rotated away.
        await _device.Refresh();
        File.Delete(_device.At("root"));
        UpdateException e = Refusals.Throws(UpdateCode.Signature, () => _device.Open());
        Assert.Contains("the trusted root is damaged: it is missing", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_root_that_is_damaged_while_the_agent_runs_stops_the_next_refresh()
    {
        await _device.Refresh();
        File.WriteAllBytes(_device.At("root"), new byte[RoleLimits.RootBytes + 1]);
        await Refusals.ThrowsAsync(UpdateCode.Signature, async () => await _device.Client.Refresh(_repository, Device.Stop));
    }

    [Fact]
    public async Task A_root_on_the_disk_counts_more_than_the_pinned_one()
    {
        // Beginning again with an old root would bring its keys back.
        byte[] first = _repository.Files["metadata/1.root.json"];
        _repository.RotateKeys("timestamp");
        _repository.Publish("root", "timestamp");
        await _device.Refresh();
        _device.Pin = RootPin.OfBytes(first);
        _repository.Requests.Clear();
        await _device.Refresh();
        Assert.Equal("3.root", _repository.MetadataRequests.First());
    }

    [Fact]
    public async Task A_root_pinned_by_its_digest_is_found_among_those_of_the_repository()
    {
        _repository.Publish("root");
        _repository.Publish("root");
        _device.Pin = RootPin.OfSha256(RootPin.OfBytes(_repository.Files["metadata/2.root.json"]).Sha256.ToUpperInvariant());
        await _device.Refresh();
        Assert.Equal(["1.root", "2.root", "3.root", "4.root"], _repository.MetadataRequests.Take(4));
        Assert.Equal(3, _device.Version("root"));
    }

    [Fact]
    public async Task A_digest_that_no_root_of_the_repository_has_is_refused()
    {
        _device.Pin = RootPin.OfSha256(new string('0', 64));
        await Refusals.ThrowsAsync(UpdateCode.Digest, async () => await _device.Refresh());
        Assert.Equal("", _device.Trusted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("zz00000000000000000000000000000000000000000000000000000000000000")]
    public void A_pin_that_is_no_digest_is_none(string hex) => Assert.Throws<FormatException>(() => RootPin.OfSha256(hex));

    [Fact]
    public async Task A_refresh_that_breaks_off_at_any_request_leaves_a_state_that_the_next_goes_on_from()
    {
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.AddTarget("models", "models/parts/1", "a"u8.ToArray());
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        await _device.Download("models/parts/1");
        _repository.RotateKeys("timestamp");
        _repository.RotateKeys("snapshot");
        _repository.Timestamp = _repository.Timestamp with { Version = 0 };
        _repository.Publish("root", "models", "targets", "snapshot", "timestamp");
        // One file more each time, and the network goes after it: root, timestamp, snapshot; at the fifth all would be there.
        for (int good = 0; good < 4; good++)
        {
            Breaking source = new(_repository, good);
            await Refusals.ThrowsAsync(UpdateCode.Network, async () =>
            {
                await _device.Open().Refresh(source, Device.Stop);
                await _device.Client.Find("models/parts/2", Device.Stop);
            });
        }

        Assert.Equal("a"u8.ToArray(), await _device.Download("models/parts/1"));
        Assert.Equal("models 2, root 2, snapshot 3, targets 3, timestamp 1", _device.Trusted);
    }

    [Fact]
    public async Task What_a_thief_ran_up_is_forgotten_before_the_new_root_is_written()
    {
        _repository.Timestamp = _repository.Timestamp with { Version = 99, SignedAt = RepositorySimulator.Day0 };
        _repository.Publish("timestamp");
        await _device.Refresh();
        _repository.RotateKeys("timestamp");
        _repository.Timestamp = _repository.Timestamp with { Version = 0 };
        _repository.Publish("root", "timestamp");
        // No root can be written: what stands in for a power cut at that step.
        Directory.CreateDirectory(_device.At("root") + ".new");
        await Refusals.ThrowsAsync(UpdateCode.Space, async () => await _device.Refresh());
        Assert.Equal("root 1, targets 1", _device.Trusted);
        Assert.False(File.Exists(Path.Combine(_device.Store.Folder, UpdateClock.FileName)));
        Directory.Delete(_device.At("root") + ".new");
        await _device.Refresh();
        Assert.Equal("root 2, snapshot 1, targets 1, timestamp 1", _device.Trusted);
    }

    [Fact]
    public async Task A_disk_that_takes_nothing_is_a_passing_fault_and_changes_nothing()
    {
        await _device.Refresh();
        _repository.Publish("timestamp");
        Directory.CreateDirectory(_device.At("timestamp") + ".new");
        UpdateException e = await Refusals.ThrowsAsync(UpdateCode.Space, async () => await _device.Refresh());
        Assert.True(e.Code.IsPassing());
        Assert.Equal("root 1, snapshot 1, targets 1, timestamp 1", _device.Trusted);
    }

    private sealed class Breaking(RepositorySimulator repository, int good) : IRoleSource
    {
        private int _left = good;

        public ValueTask<byte[]?> Fetch(string name, int maxBytes, CancellationToken stop)
            => _left-- > 0 ? repository.Fetch(name, maxBytes, stop) : throw UpdateException.Of(UpdateCode.Network, name, "the line is gone");
    }
}
