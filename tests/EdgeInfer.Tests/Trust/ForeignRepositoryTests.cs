using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Trust;

/// <summary>What the public conformance suite's test_static_repositories is about: files that others wrote, read as they are.</summary>
public sealed class ForeignRepositoryTests : IDisposable
{
    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public ForeignRepositoryTests()
    {
        _repository.Files.Clear();
        foreach ((string name, string text) in ForeignRepository.Files) _repository.Files[name] = Encoding.UTF8.GetBytes(text);
        _device = new Device(_repository);
    }

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task A_repository_that_another_implementation_wrote_is_read_to_its_target()
    {
        Assert.Equal("""{"schemaVersion":2}"""u8.ToArray(), await _device.Download("models/parts/12"));
        Assert.Equal("models 7, root 2, snapshot 5, targets 3, timestamp 9", _device.Trusted);
        Assert.Equal(RepositorySimulator.Day0, _device.Clock().Floor);
        SignedTarget target = (await _device.Client.Find("models/parts/12", Device.Stop))!;
        Assert.Equal(2, target.Custom!.Value.GetProperty("edgeinfer").GetProperty("😀").GetInt32());
    }

    [Theory]
    [InlineData("metadata/2.root.json", "Bj\\u00f8rn", "Bj\\u00f9rn")]
    [InlineData("metadata/timestamp.json", "\"version\": 9", "\"version\": 8")]
    [InlineData("metadata/2.root.json", "\\n\\t", "\\t\\n")]
    public async Task One_changed_character_of_it_is_refused(string file, string from, string to)
    {
        string text = ForeignRepository.Files[file];
        Assert.Contains(from, text, StringComparison.Ordinal);
        _repository.Files[file] = Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal));
        await Refusals.ThrowsAsync(UpdateCode.Signature, async () => await _device.Refresh());
    }

    // The suite's own two repositories, where its checkout is: its files are not ours to copy.
    [Theory]
    [InlineData("sigstore-root-signing", "trusted_root.json")]
    [InlineData("tuf-on-ci-0.11", "delegatedrole/artifact")]
    public async Task A_repository_of_the_conformance_suite_is_read_to_its_target(string name, string path)
    {
        string? all = Environment.GetEnvironmentVariable("TUF_CONFORMANCE_STATIC_DATA");
        if (all is null) Assert.Skip("TUF_CONFORMANCE_STATIC_DATA does not name the suite's static_data");
        string folder = Path.Combine(all, name);
        FakeTimeProvider time = new(DateTimeOffset.Parse(File.ReadAllText(Path.Combine(folder, "faketime"))));
        UpdateClock clock = new(_device.Store, time, DateTimeOffset.UnixEpoch);
        TrustClient client = TrustClient.Open(_device.Store, RootPin.OfBytes(File.ReadAllBytes(Path.Combine(folder, "initial_root.json"))), clock);
        await client.Refresh(new FolderSource(folder), Device.Stop);
        SignedTarget target = (await client.Find(path, Device.Stop))!;
        Assert.Equal(target.Length, (await client.ReadTarget(target, 1 << 20, Device.Stop)).Length);
    }

    private sealed class FolderSource(string folder) : IRoleSource
    {
        public ValueTask<byte[]?> Fetch(string name, int maxBytes, CancellationToken stop)
            => ValueTask.FromResult(File.Exists(Path.Combine(folder, name)) ? File.ReadAllBytes(Path.Combine(folder, name)) : null);
    }
}
