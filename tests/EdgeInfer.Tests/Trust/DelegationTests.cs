using System.Text;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust;

/// <summary>The cases of the public conformance suite's test_updater_delegation_graphs, by their tables, and bounds on what delegators can make a device do.</summary>
public sealed class DelegationTests : IDisposable
{
    private readonly RepositorySimulator _repository = new();
    private readonly Device _device;

    public DelegationTests() => _device = new Device(_repository);

    public void Dispose() => _device.Dispose();

    // "by>role", "!" for a terminating delegation, ":" before patterns other than "*".
    [Theory]
    [InlineData("one delegation", "A", "targets>A")]
    [InlineData("one level", "A B", "targets>A", "targets>B")]
    [InlineData("two levels", "A B C", "targets>A", "targets>B", "B>C")]
    [InlineData("two levels, depth first", "A C D B", "targets>A", "targets>B", "A>C", "A>D")]
    [InlineData("three levels, depth first", "A C D B", "targets>A", "targets>B", "A>C", "C>D")]
    [InlineData("two levels, terminating", "A C", "targets>A", "targets>B", "A>C!", "A>D")]
    [InlineData("three levels, terminating, its own descendants are searched", "A C D", "targets>A", "targets>B", "A>C!", "C>D")]
    [InlineData("two levels, a branch of another path is passed over", "B", "targets>A:*.py", "targets>B", "A>C")]
    [InlineData("three levels, a branch of another path is passed over", "A B", "targets>A", "targets>B", "A>C:*.py", "C>D")]
    [InlineData("a cycle", "A B C D", "targets>A", "targets>B", "B>C", "C>D", "D>B")]
    [InlineData("two roles delegate to a third", "A C B", "targets>A", "targets>B", "B>C", "A>C")]
    [InlineData("two roles delegate to a third, one for another path", "A B C", "targets>A", "targets>B", "B>C", "A>C:*.py")]
    public async Task Roles_are_searched_in_the_order_of_their_delegations_depth_first(string _, string order, params string[] delegations)
    {
        Delegate(delegations);
        Assert.Null(await _device.Download("missingpath"));
        Assert.Equal(order.Split(' ').Select(r => $"1.{r}"), _repository.MetadataRequests.Skip(4));
    }

    [Theory]
    [InlineData("no delegation", "targetfile", true, "")]
    [InlineData("a wildcard", "README.md", true, "A")]
    [InlineData("with separators", "releases/x/x_v1", true, "B C")]
    [InlineData("with separators and a suffix", "releases/y/y_v1.zip", true, "B D")]
    [InlineData("not delegated by all roles of the chain", "releases/z/z_v1.zip", false, "B")]
    [InlineData("a wildcard does not match a separator", "releases/README.md", false, "")]
    [InlineData("a question mark", "foo-1.tgz", true, "A")]
    [InlineData("a question mark is one character", "foo-alpha.tgz", false, "")]
    [InlineData("case matters", "README.MD", false, "")]
    public async Task A_target_is_found_where_every_role_of_the_chain_is_trusted_for_its_path(string _, string path, bool isFound, string visited)
    {
        Delegate("targets>A:*.doc|*.md|foo-?.tgz", "targets>B:releases/*/*", "B>C:releases/x/*", "B>D:releases/y/*.zip");
        foreach ((string role, string target) in new[]
        {
            ("targets", "targetfile"), ("A", "README.md"), ("A", "releases/README.md"), ("A", "foo-1.tgz"), ("A", "foo-alpha.tgz"),
            ("C", "releases/x/x_v1"), ("D", "releases/y/y_v1.zip"), ("D", "releases/z/z_v1.zip"),
        })
            _repository.AddTarget(role, target, Encoding.UTF8.GetBytes(target));
        _repository.Publish("A", "B", "C", "D", "targets", "snapshot", "timestamp");
        byte[]? content = await _device.Download(path);
        Assert.Equal(isFound ? path : null, content is null ? null : Encoding.UTF8.GetString(content));
        Assert.Equal(visited.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(r => $"2.{r}"), _repository.MetadataRequests.Skip(4));
    }

    [Fact]
    public async Task A_cached_role_is_verified_against_the_current_delegation()
    {
        Diamond();
        await _device.Refresh();
        SignedTarget target = (await _device.Client.Find("team-a/trusted_root.json", Device.Stop))!;
        Assert.Equal("trusted A"u8.ToArray(), await _device.Client.ReadTarget(target, 100, Device.Stop));
        await Refusals.ThrowsAsync(UpdateCode.Threshold, async () => await _device.Client.Find("team-b/trusted_root.json", Device.Stop));
        // And the way that is right stays right.
        Assert.NotNull(await _device.Client.Find("team-a/trusted_root.json", Device.Stop));
    }

    [Fact]
    public async Task A_role_kept_on_the_disk_is_verified_against_the_current_delegation_after_a_restart()
    {
        Diamond();
        Assert.Equal("trusted A"u8.ToArray(), await _device.Download("team-a/trusted_root.json"));
        Assert.Equal(1, _device.Version("delegated/release"));
        await Refusals.ThrowsAsync(UpdateCode.Threshold, () => _device.Download("team-b/trusted_root.json"));
        Assert.Equal("trusted A"u8.ToArray(), await _device.Download("team-a/trusted_root.json"));
    }

    [Fact]
    public async Task A_kept_role_is_not_trusted_by_a_delegation_whose_keys_have_changed()
    {
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.AddTarget("models", "models/parts/1", "a"u8.ToArray());
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        Assert.NotNull(await _device.Download("models/parts/1"));
        // The delegator revokes the key; the role is not signed anew.
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.Publish("targets", "snapshot", "timestamp");
        await Refusals.ThrowsAsync(UpdateCode.Threshold, () => _device.Download("models/parts/1"));
    }

    [Fact]
    public async Task A_delegated_role_is_taken_from_the_disk_while_snapshot_names_its_version()
    {
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.AddTarget("models", "models/parts/1", "a"u8.ToArray());
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        await _device.Download("models/parts/1");
        _repository.Requests.Clear();
        await _device.Download("models/parts/1");
        Assert.Equal(["2.root", "timestamp"], _repository.MetadataRequests);
        _repository.Publish("models", "snapshot", "timestamp");
        _repository.Requests.Clear();
        await _device.Download("models/parts/1");
        Assert.Equal(["2.root", "timestamp", "3.snapshot", "2.models"], _repository.MetadataRequests);
    }

    [Fact]
    public async Task A_delegation_that_snapshot_does_not_list_is_not_followed()
    {
        _repository.Delegate("targets", "delegated", ["delegatedpath/*"]);
        _repository.Publish("delegated", "targets");
        _repository.RemoveMeta("delegated");
        _repository.Publish("snapshot", "timestamp");
        await _device.Refresh();
        _repository.Requests.Clear();
        await Refusals.ThrowsAsync(UpdateCode.Signature, () => _device.Download("delegatedpath/foo"));
        Assert.Equal(["2.root", "timestamp"], _repository.MetadataRequests);
        Assert.Null(_device.Version("delegated/delegated"));
    }

    [Fact]
    public async Task A_delegated_role_needs_the_threshold_of_its_delegation()
    {
        _repository.Delegate("targets", "models", ["models/*/*"], threshold: 2);
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        await Refusals.ThrowsAsync(UpdateCode.Threshold, () => _device.Download("models/parts/1"));
    }

    [Fact]
    public async Task A_delegated_role_cannot_speak_for_paths_that_it_is_not_trusted_for()
    {
        _repository.Delegate("targets", "models", ["models/*/*"], isTerminating: true);
        _repository.Delegate("targets", "rollout", ["rollout/*"], isTerminating: true);
        _repository.AddTarget("rollout", "models/parts/13", "thief"u8.ToArray());
        _repository.AddTarget("models", "rollout/parts.json", "thief"u8.ToArray());
        _repository.Publish("models", "rollout", "targets", "snapshot", "timestamp");
        Assert.Null(await _device.Download("models/parts/13"));
        Assert.Null(await _device.Download("rollout/parts.json"));
    }

    // printf 'bins/a' | sha256sum begins with c00a, printf 'bins/b' with 9a95.
    [Theory]
    [InlineData("bins/a", true)]
    [InlineData("bins/b", false)]
    public async Task Hash_prefixes_say_which_paths_a_role_is_trusted_for(string path, bool isFound)
    {
        _repository.Delegate("targets", "bin", null, prefixes: ["c00a", "00000"]);
        _repository.AddTarget("bin", "bins/a", "a"u8.ToArray());
        _repository.AddTarget("bin", "bins/b", "b"u8.ToArray());
        _repository.Publish("bin", "targets", "snapshot", "timestamp");
        Assert.Equal(isFound, await _device.Download(path) is not null);
    }

    [Fact]
    public async Task A_delegation_with_neither_paths_nor_prefixes_is_trusted_for_none()
    {
        _repository.Delegate("targets", "A", null);
        _repository.AddTarget("A", "a", "a"u8.ToArray());
        _repository.Publish("A", "targets", "snapshot", "timestamp");
        Assert.Null(await _device.Download("a"));
        Assert.Equal(4, _repository.MetadataRequests.Count());
    }

    [Fact]
    public async Task Thirty_two_roles_are_searched_and_a_thirty_third_ends_the_search()
    {
        for (int i = 0; i < 33; i++) _repository.Delegate(i == 0 ? "targets" : $"r{i - 1}", $"r{i}", ["*"]);
        _repository.AddTarget("r31", "deep", "a"u8.ToArray());
        _repository.AddTarget("r32", "deeper", "b"u8.ToArray());
        _repository.Publish([.. Enumerable.Range(0, 33).Select(i => $"r{i}"), "targets", "snapshot", "timestamp"]);
        Assert.NotNull(await _device.Download("deep"));
        await Refusals.ThrowsAsync(UpdateCode.Size, () => _device.Download("deeper"));
        Assert.DoesNotContain("1.r32", _repository.MetadataRequests);
    }

    [Fact]
    public async Task What_is_kept_of_a_role_that_is_none_any_more_is_deleted()
    {
        _repository.Delegate("targets", "models", ["models/*/*"]);
        _repository.Publish("models", "targets", "snapshot", "timestamp");
        await _device.Download("models/parts/1");
        Assert.Equal(1, _device.Version("delegated/models"));
        _repository.RotateKeys("snapshot");
        _repository.RemoveMeta("models");
        _repository.Publish("root", "snapshot", "timestamp");
        await _device.Refresh();
        Assert.Null(_device.Version("delegated/models"));
    }

    // Two branches delegate to one role, each with a key of its own; it is signed with the first alone.
    private void Diamond()
    {
        _repository.Delegate("targets", "parent-a", ["team-a/*"]);
        _repository.Delegate("targets", "parent-b", ["team-b/*"]);
        _repository.Delegate("parent-a", "release", ["team-a/*"]);
        IRoleSigner second = _repository.Delegate("parent-b", "release", ["team-b/*"]);
        _repository.SignersOf("release").Remove(second);
        _repository.AddTarget("release", "team-a/trusted_root.json", "trusted A"u8.ToArray());
        _repository.AddTarget("release", "team-b/trusted_root.json", "malicious B"u8.ToArray());
        _repository.Publish("release", "parent-a", "parent-b", "targets", "snapshot", "timestamp");
    }

    private void Delegate(params string[] delegations)
    {
        HashSet<string> roles = [];
        foreach (string delegation in delegations)
        {
            string[] parts = delegation.Split(':');
            string[] names = parts[0].TrimEnd('!').Split('>');
            _repository.Delegate(names[0], names[1], parts.Length > 1 ? parts[1].Split('|') : ["*"], parts[0].EndsWith('!'));
            roles.UnionWith(names);
        }

        roles.Remove("targets");
        _repository.Publish([.. roles, "targets", "snapshot", "timestamp"]);
    }
}
