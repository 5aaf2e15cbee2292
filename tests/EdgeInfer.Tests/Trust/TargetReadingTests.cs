using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust;

/// <summary>The cases of the public conformance suite's test_file_download, by their description.</summary>
public sealed class TargetReadingTests : IDisposable
{
    private const string Path = "path/to/a/target_file.txt";
    private static readonly byte[] s_content = "target file contents"u8.ToArray();

    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public TargetReadingTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("target_file.txt")]
    [InlineData(Path)]
    public async Task A_target_is_read_as_it_was_signed_and_a_refresh_alone_reads_none(string path)
    {
        Add(path, s_content);
        await _device.Refresh();
        Assert.DoesNotContain(_repository.Requests, r => r.StartsWith("targets/", StringComparison.Ordinal));
        Assert.Equal(s_content, await _device.Download(path));
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha512")]
    [InlineData("sha256", "sha512")]
    public async Task A_target_is_read_by_either_digest_or_both(params string[] algorithms)
    {
        Add(Path, s_content, algorithms);
        Assert.Equal(s_content, await _device.Download(Path));
        Assert.Single(_repository.Requests, r => r.StartsWith("targets/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_digest_that_does_not_fit_refuses_the_target_though_the_first_does()
    {
        Add(Path, s_content, "sha256", "sha512");
        TargetFile target = _repository.Targets["targets"].Targets[Path];
        _repository.Targets["targets"] = _repository.Targets["targets"] with
        {
            Targets = new Dictionary<string, TargetFile> { [Path] = target with { Hashes = new Dictionary<string, string>(target.Hashes) { ["sha512"] = new('0', 128) } } },
        };
        _repository.Publish("targets", "snapshot", "timestamp");
        await Refused(UpdateCode.Digest);
    }

    [Fact]
    public async Task A_target_signed_with_no_known_digest_is_not_asked_for()
    {
        _repository.Targets["targets"] = _repository.Targets["targets"] with { Targets = new Dictionary<string, TargetFile> { [Path] = new(20, new Dictionary<string, string> { ["unknown-hash"] = "00" }) } };
        _repository.Publish("targets", "snapshot", "timestamp");
        await Refused(UpdateCode.Digest);
        Assert.DoesNotContain(_repository.Requests, r => r.StartsWith("targets/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Files_that_were_put_in_the_place_of_signed_ones_are_refused()
    {
        Add(Path, s_content);
        Add("other.txt", "content"u8.ToArray());
        Assert.Equal(s_content, await _device.Download(Path));
        foreach (string file in _repository.Files.Keys.Where(f => f.StartsWith("targets/", StringComparison.Ordinal)).ToArray())
            _repository.Files[file] = "malicious data - should not download"u8.ToArray();
        // Larger than signed: the source's word on a bound is not taken either.
        await Refused(UpdateCode.Size);
        await Refusals.ThrowsAsync(UpdateCode.Size, () => _device.Download("other.txt"));
        foreach (string file in _repository.Files.Keys.Where(f => f.StartsWith("targets/", StringComparison.Ordinal)).ToArray())
            _repository.Files[file] = [.. "malicious data - should not download"u8[..(file.EndsWith("other.txt", StringComparison.Ordinal) ? 7 : 20)]];
        await Refused(UpdateCode.Digest);
        await Refusals.ThrowsAsync(UpdateCode.Digest, () => _device.Download("other.txt"));
    }

    [Fact]
    public async Task A_target_shorter_than_signed_is_refused_by_its_size()
    {
        Add(Path, s_content);
        foreach (string file in _repository.Files.Keys.Where(f => f.StartsWith("targets/", StringComparison.Ordinal)).ToArray()) _repository.Files[file] = s_content[..^1];
        await Refused(UpdateCode.Size);
    }

    [Fact]
    public async Task A_target_that_is_not_there_is_the_networks_fault()
    {
        Add(Path, s_content);
        foreach (string file in _repository.Files.Keys.Where(f => f.StartsWith("targets/", StringComparison.Ordinal)).ToArray()) _repository.Files.Remove(file);
        await Refused(UpdateCode.Network);
    }

    [Fact]
    public async Task A_target_that_changes_again_and_again_is_read_in_its_newest_form_and_never_in_a_forged_one()
    {
        for (int i = 0; i < 11; i++)
        {
            byte[] changed = Encoding.ASCII.GetBytes($"modified file contents {i}");
            byte[] added = Encoding.ASCII.GetBytes($"new file contents {i}");
            Add(Path, changed);
            Add($"new-target-{i}", added);
            if (i % 5 != 0) continue;
            Assert.Equal(changed, await _device.Download(Path));
            Assert.Equal(added, await _device.Download($"new-target-{i}"));
            string file = RoleName.TargetsFile(Path, _repository.Targets["targets"].Targets[Path].Hashes["sha256"]);
            _repository.Files[file] = Encoding.ASCII.GetBytes($"malicious contents {i}".PadRight(changed.Length));
            _repository.Publish("targets", "snapshot", "timestamp");
            await Refused(UpdateCode.Digest);
        }
    }

    [Fact]
    public async Task A_target_that_was_read_is_asked_for_once()
    {
        Add(Path, s_content);
        await _device.Refresh();
        SignedTarget target = (await _device.Client.Find(Path, Device.Stop))!;
        Assert.Equal(s_content, await _device.Client.ReadTarget(target, 100, Device.Stop));
        await _device.Client.Refresh(_repository, Device.Stop);
        Assert.Equal(s_content, await _device.Client.ReadTarget((await _device.Client.Find(Path, Device.Stop))!, 100, Device.Stop));
        Assert.Single(_repository.Requests, r => r.StartsWith("targets/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_target_larger_than_its_reader_takes_is_not_asked_for()
    {
        Add(Path, s_content);
        await _device.Refresh();
        SignedTarget target = (await _device.Client.Find(Path, Device.Stop))!;
        await Refusals.ThrowsAsync(UpdateCode.Size, async () => await _device.Client.ReadTarget(target, s_content.Length - 1, Device.Stop));
        Assert.DoesNotContain(_repository.Requests, r => r.StartsWith("targets/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_target_comes_with_what_its_publisher_added_and_the_role_that_signed_it()
    {
        _repository.Delegate("targets", "models", ["models/*/*"], isTerminating: true);
        _repository.AddTarget("models", "models/parts/12", s_content);
        TargetFile file = _repository.Targets["models"].Targets["models/parts/12"];
        _repository.Targets["models"] = _repository.Targets["models"] with
        {
            Targets = new Dictionary<string, TargetFile> { ["models/parts/12"] = file with { Custom = CanonicalJson.Read("""{"edgeinfer":{"seq":12}}"""u8.ToArray(), "x") } },
        };
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        await _device.Refresh();
        SignedTarget target = (await _device.Client.Find("models/parts/12", Device.Stop))!;
        // printf 'target file contents' | sha256sum
        Assert.Equal("67241abae5b88165521966323626acb503b57c8656797b90ccdc939dade39d02", target.Sha256);
        Assert.Equal(("models", 20L, 12), (target.Role, target.Length, target.Custom!.Value.GetProperty("edgeinfer").GetProperty("seq").GetInt32()));
        await _device.Client.ReadTarget(target, 100, Device.Stop);
        Assert.Equal($"targets/models/parts/{target.Sha256}.12", _repository.Requests.Last());
    }

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("models/../x")]
    [InlineData("/x")]
    public async Task A_path_that_leads_out_of_its_folder_is_not_looked_for(string path)
    {
        await _device.Refresh();
        await Refusals.ThrowsAsync(UpdateCode.Signature, async () => await _device.Client.Find(path, Device.Stop));
    }

    private void Add(string path, byte[] content, params string[] algorithms)
    {
        _repository.AddTarget("targets", path, content, algorithms);
        _repository.Publish("targets", "snapshot", "timestamp");
    }

    private Task<UpdateException> Refused(UpdateCode code) => Refusals.ThrowsAsync(code, () => _device.Download(Path));
}
