using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust;

/// <summary>The cases of the public conformance suite's test_updater_key_rotations, by their tables: keys of a version, its threshold, who signs it.</summary>
public sealed class KeyRotationTests
{
    [Theory]
    [InlineData("1 of 1, key rotated", "1/1/1", "2/1/2,1", "2/1/2")]
    [InlineData("1 of 1, key rotated, signatures of strangers", "1/1/3,1,4", "2/1/3,2,1,4", "2/1/3,2,4")]
    [InlineData("3 of 5, different keys each time", "0,1,2,3,4/3/0,2,4", "0,1,2,3,4/3/0,4,1", "0,1,2,3,4/3/0,1,3", "0,1,2,3,4/3/0,1,3")]
    [InlineData("3 of 5, one key rotated", "0,1,2,3,4/3/0,2,4", "0,1,3,4,5/3/0,4,1")]
    [InlineData("3 of 5, one key rotated with a step between", "0,1,2,3,4/3/0,2,4", "0,1,3,4,5/3/0,2,4,5", "0,1,3,4,5/3/0,4,5")]
    [InlineData("3 of 5, all keys rotated with a step between", "0,1,2,3,4/3/0,2,4", "5,6,7,8,9/3/0,2,4,5,6,7", "5,6,7,8,9/3/5,6,7")]
    [InlineData("1 of 3 to 2 of 3", "1,2,3/1/1", "1,2,3/2/1,2")]
    [InlineData("2 of 3 to 1 of 3", "1,2,3/2/1,2", "1,2,3/1/1,2", "1,2,3/1/1")]
    [InlineData("1 of 1 to 2 of 2", "1/1/1", "1,2/2/1,2")]
    public async Task A_root_signed_by_the_old_threshold_and_its_own_is_followed(string _, params string[] versions)
    {
        (RepositorySimulator repository, Device device) = Make(versions);
        using (device)
        {
            await device.Refresh();
            Assert.Equal(repository.Files[$"metadata/{versions.Length}.root.json"], File.ReadAllBytes(device.At("root")));
        }
    }

    [Theory]
    [InlineData("1 of 1, not signed with the old key", "1/1/1", "2/1/2,3,4")]
    [InlineData("1 of 1, not signed with the new key", "1/1/1", "2/1/1,3,4")]
    [InlineData("3 of 5, one key rotated, not signed with three new keys", "0,1,2,3,4/3/0,2,4", "0,1,3,4,5/3/0,2,4")]
    [InlineData("3 of 5, one key rotated, not signed with three old keys", "0,1,2,3,4/3/0,2,4", "0,1,3,4,5/3/0,4,5")]
    [InlineData("1 of 3 to 2 of 3, new threshold not reached", "1,2,3/1/1", "1,2,3/2/2")]
    [InlineData("2 of 3 to 1 of 3, old threshold not reached", "1,2,3/2/1,2", "1,2,3/1/1")]
    public async Task A_root_short_of_either_threshold_is_refused_and_the_one_before_it_stays(string _, params string[] versions)
    {
        (RepositorySimulator repository, Device device) = Make(versions);
        using (device)
        {
            await Refusals.ThrowsAsync(UpdateCode.Threshold, async () => await device.Refresh());
            Assert.Equal(repository.Files[$"metadata/{versions.Length - 1}.root.json"], File.ReadAllBytes(device.At("root")));
        }
    }

    [Theory]
    [InlineData("1 of 1, key rotated", "2/1/2", true)]
    [InlineData("1 of 1, signatures of strangers", "1/1/3,1,4", true)]
    [InlineData("1 of 1, not signed with the new key", "2/1/1,3,4", false)]
    [InlineData("3 of 5, one signature by a stranger", "0,1,3,4,5/3/0,2,4", false)]
    [InlineData("3 of 5, one signature missing", "0,1,3,4,5/3/0,4", false)]
    [InlineData("3 of 5, first choice", "0,1,2,3,4/3/0,2,4", true)]
    [InlineData("3 of 5, second choice", "0,1,2,3,4/3/0,4,1", true)]
    [InlineData("3 of 5, third choice", "0,1,2,3,4/3/0,1,3", true)]
    [InlineData("3 of 5, fourth choice", "0,1,2,3,4/3/1,2,3", true)]
    [InlineData("3 of 5, fifth choice", "0,1,2,3,4/3/2,3,4", true)]
    public async Task Other_roles_are_taken_with_the_threshold_of_todays_root_and_refused_without(string _, string version, bool isTaken)
    {
        RepositorySimulator repository = new();
        using Device device = new(repository);
        IRoleSigner[] signers = [.. Enumerable.Range(0, 10).Select(_ => repository.NewSigner())];
        foreach (string role in new[] { "timestamp", "snapshot", "targets" })
        {
            Set(repository, role, version, signers);
            repository.Publish("root", "targets", "snapshot", "timestamp");
            if (!isTaken)
            {
                await Refusals.ThrowsAsync(UpdateCode.Threshold, async () => await device.Refresh());
                continue;
            }

            await device.Refresh();
            string file = role == "timestamp" ? "metadata/timestamp.json" : $"metadata/{device.Version(role)}.{role}.json";
            Assert.Equal(repository.Files[file], File.ReadAllBytes(device.At(role)));
        }
    }

    [Fact]
    public async Task Rotations_beyond_the_bound_of_one_refresh_are_followed_at_the_next()
    {
        RepositorySimulator repository = new();
        using Device device = new(repository);
        for (int i = 0; i < 300; i++) repository.Publish("root");
        repository.RotateKeys("timestamp");
        repository.Publish("root", "timestamp");
        // 256 versions further, whose keys the timestamp is not signed by any more.
        await Refusals.ThrowsAsync(UpdateCode.Threshold, async () => await device.Refresh());
        Assert.Equal(257, device.Version("root"));
        await device.Refresh();
        Assert.Equal(302, device.Version("root"));
    }

    private static (RepositorySimulator Repository, Device Device) Make(string[] versions)
    {
        RepositorySimulator repository = new();
        foreach (string file in repository.Files.Keys.Where(f => f.EndsWith(".root.json", StringComparison.Ordinal)).ToArray()) repository.Files.Remove(file);
        repository.Root = repository.Root with { Version = 0 };
        IRoleSigner[] signers = [.. Enumerable.Range(0, 10).Select(_ => repository.NewSigner())];
        foreach (string version in versions)
        {
            Set(repository, "root", version, signers);
            repository.Publish("root");
        }

        repository.Publish("targets", "snapshot", "timestamp");
        return (repository, new Device(repository));
    }

    private static void Set(RepositorySimulator repository, string role, string version, IRoleSigner[] signers)
    {
        string[] parts = version.Split('/');
        repository.ClearKeys(role);
        repository.SetThreshold(role, int.Parse(parts[1]));
        foreach (string key in parts[0].Split(',')) repository.AddKey(role, signers[int.Parse(key)], signs: false);
        repository.SignersOf(role).AddRange(parts[2].Split(',').Select(s => signers[int.Parse(s)]));
    }
}
