using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;
using EdgeInfer.Trust;

namespace EdgeInfer.Tests.Releasing;

/// <summary>Keys that are made, replaced, stolen and lost, as a device sees it.</summary>
public sealed class KeyRotationTests
{
    [Fact]
    public async Task A_new_repository_is_accepted_by_its_roots_digest()
    {
        using ReleaseRig rig = new();
        await Device(rig).Look();
        FaultException refused = await Assert.ThrowsAsync<UpdateException>(() => new LookingDevice(Path.Combine(rig.Outer, "b"), rig.Folder.Repository, new string('0', 64), rig.Time).Look());
        Assert.Contains("no root of the repository has the digest", refused.Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void Private_keys_are_their_owners_alone()
    {
        using ReleaseRig rig = new();
        string keys = Path.Combine(rig.Folder.Root, "keys");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(keys));
        string[] files = Directory.GetFiles(keys);
        Assert.Equal(["ci.pem", "root.pem"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(files, f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
        Assert.DoesNotContain("PRIVATE", File.ReadAllText(rig.Folder.SettingsPath), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Private_keys_are_not_put_into_a_git_work_tree(bool isLinked)
    {
        string outer = Directory.CreateTempSubdirectory("edgeinfer-tree-").FullName;
        try
        {
            // A linked work tree has a file in place of the folder.
            if (isLinked) File.WriteAllText(Path.Combine(outer, ".git"), "gitdir: elsewhere\n");
            else Directory.CreateDirectory(Path.Combine(outer, ".git"));
            ReleaseFolder folder = new(Path.Combine(outer, "inner", "release"));
            FaultException refused = Assert.Throws<FaultException>(() => ReleaseInit.Run(folder, new(), new FixedPassphrases(), TimeProvider.System));
            Assert.Equal($"{folder.Root}/keys: private keys are not kept in a git work tree ({outer}); name a folder outside of it with --keys DIR", refused.Fault.ToString());
            Assert.False(File.Exists(folder.SettingsPath));
        }
        finally
        {
            Directory.Delete(outer, recursive: true);
        }
    }

    [Fact]
    public void A_link_into_a_work_tree_is_seen_through()
    {
        string outer = Directory.CreateTempSubdirectory("edgeinfer-tree-").FullName;
        string tree = Directory.CreateDirectory(Path.Combine(outer, "tree")).FullName;
        Directory.CreateDirectory(Path.Combine(tree, ".git"));
        Directory.CreateDirectory(Path.Combine(tree, "keys"));
        Directory.CreateSymbolicLink(Path.Combine(outer, "link"), Path.Combine(tree, "keys"));
        Assert.Equal(tree, WorkTree.Around(Path.Combine(outer, "link", "deeper")));
        Assert.Null(WorkTree.Around(Path.Combine(outer, "elsewhere")));
        Directory.Delete(outer, recursive: true);
    }

    [Fact]
    public void A_second_init_touches_nothing()
    {
        using ReleaseRig rig = new();
        byte[] before = File.ReadAllBytes(rig.Folder.FileOf("metadata/1.root.json"));
        FaultException refused = Assert.Throws<FaultException>(() => ReleaseInit.Run(rig.Folder, new(), rig.Passphrases, rig.Time));
        Assert.StartsWith("this is a release folder already", refused.Fault.What, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(rig.Folder.FileOf("metadata/1.root.json")));
    }

    [Theory]
    [InlineData(RootRole, false)]
    [InlineData(CiRole, false)]
    [InlineData(CiRole, true)]
    public async Task A_device_follows_a_rotation(string role, bool isLost)
    {
        using ReleaseRig rig = new();
        LookingDevice device = Device(rig);
        await device.Look();
        if (isLost) rig.TakeAway(role);
        Assert.Equal((role, role + "-2"), rig.Do(desk => ReleaseRotate.Run(desk, new(KeyName.Purpose(role)!.Value) { Rounds = ReleaseRig.FewRounds, IsOldLost = isLost })));
        await device.Look();
        Assert.Contains("metadata/2.root.json", device.Asked);
        rig.Do(ReleaseRefresh.Run);
        await device.Look();

        // Whoever comes later begins with the first root, or with the newest.
        await new LookingDevice(Path.Combine(rig.Outer, "new"), rig.Folder.Repository, rig.Settings.RootSha256, rig.Time).Look();
    }

    [Fact]
    public async Task At_every_step_of_a_rotation_a_device_finds_a_whole_repository()
    {
        using ReleaseRig rig = new();
        string before = Copy(rig, "before");
        rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Ci) { Rounds = ReleaseRig.FewRounds }));

        // In the order of their writing: what is numbered, the timestamp, the root.
        string step = Copy(rig, "step", "metadata/2.root.json", "metadata/timestamp.json");
        File.Copy(Path.Combine(before, "metadata/timestamp.json"), Path.Combine(step, "metadata/timestamp.json"));
        await Look(step);
        File.Copy(rig.Folder.FileOf("metadata/timestamp.json"), Path.Combine(step, "metadata/timestamp.json"), overwrite: true);
        await Look(step);
        File.Copy(rig.Folder.FileOf("metadata/2.root.json"), Path.Combine(step, "metadata/2.root.json"));
        await Look(step);

        Task<TrustClient> Look(string repository)
            => new LookingDevice(Path.Combine(rig.Outer, Guid.NewGuid().ToString("N")), repository, rig.Settings.RootSha256, rig.Time).Look();
    }

    [Fact]
    public async Task A_rotation_that_cannot_write_its_root_leaves_a_whole_repository_and_can_be_done_again()
    {
        using ReleaseRig rig = new();
        LookingDevice device = Device(rig);
        string inTheWay = Directory.CreateDirectory(rig.Folder.FileOf("metadata/2.root.json.new")).FullName;
        Assert.ThrowsAny<Exception>(() => rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Ci) { Rounds = ReleaseRig.FewRounds })));
        await device.Look();
        rig.Do(ReleaseRefresh.Run);
        await device.Look();

        Directory.Delete(inTheWay);
        Assert.Equal(("ci", "ci-2"), rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Ci) { Rounds = ReleaseRig.FewRounds })));
        await device.Look();
        Assert.Contains("metadata/2.root.json", device.Asked);
    }

    [Fact]
    public async Task Keys_of_two_keepers_are_found_in_two_folders_and_a_new_one_goes_to_the_keeper_of_the_old()
    {
        using ReleaseRig rig = new();
        LookingDevice device = Device(rig);
        string stick = Directory.CreateDirectory(Path.Combine(rig.Outer, "stick")).FullName;
        File.Move(Path.Combine(rig.Folder.Root, "keys", "root.pem"), Path.Combine(stick, "root.pem"));
        foreach (KeyPurpose purpose in (KeyPurpose[])[KeyPurpose.Ci, KeyPurpose.Root])
        {
            using ReleaseDesk desk = ReleaseDesk.Open(rig.Folder, [stick], rig.Passphrases, rig.Time);
            ReleaseRotate.Run(desk, new(purpose) { Rounds = ReleaseRig.FewRounds });
        }

        await device.Look();
        Assert.Equal(["ci-2.pem", "ci.pem"], Directory.GetFiles(Path.Combine(rig.Folder.Root, "keys")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(["root-2.pem", "root.pem"], Directory.GetFiles(stick).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_rotation_without_the_old_key_that_was_cut_off_is_finished_by_the_next_command()
    {
        using ReleaseRig rig = new();
        byte[] before = File.ReadAllBytes(rig.Folder.FileOf("metadata/timestamp.json"));
        rig.TakeAway("ci");
        rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Ci) { Rounds = ReleaseRig.FewRounds, IsOldLost = true }));

        // Between the root's rename and the timestamp's.
        File.Move(rig.Folder.FileOf("metadata/timestamp.json"), rig.Folder.FileOf("metadata/timestamp.json.next"));
        File.WriteAllBytes(rig.Folder.FileOf("metadata/timestamp.json"), before);
        rig.Do(ReleaseRefresh.Run);
        await Device(rig).Look();

        // Before the root's.
        using ReleaseRig other = new();
        File.WriteAllBytes(other.Folder.FileOf("metadata/timestamp.json.next"), File.ReadAllBytes(rig.Folder.FileOf("metadata/timestamp.json")));
        other.Do(ReleaseRefresh.Run);
        await Device(other).Look();
        Assert.False(File.Exists(other.Folder.FileOf("metadata/timestamp.json.next")));
    }

    [Fact]
    public async Task What_a_thief_signs_with_the_old_key_is_refused_after_a_rotation()
    {
        using ReleaseRig rig = new();
        LookingDevice device = Device(rig);
        await device.Look();

        // The thief has the key and a copy of the repository, and runs the versions up.
        string stolen = Path.Combine(rig.Outer, "stolen");
        CopyFolder(rig.Folder.Root, stolen);
        ReleaseFolder thief = new(stolen);
        for (int i = 0; i < 5; i++)
        {
            using ReleaseDesk desk = ReleaseDesk.Open(thief, [], rig.Passphrases, rig.Time);
            ReleaseRefresh.Run(desk);
        }

        device.Repository = thief.Repository;
        await device.Look();

        rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Ci) { Rounds = ReleaseRig.FewRounds }));
        device.Repository = rig.Folder.Repository;
        await device.Look();

        using (ReleaseDesk desk = ReleaseDesk.Open(thief, [], rig.Passphrases, rig.Time)) ReleaseRefresh.Run(desk);
        File.Copy(rig.Folder.FileOf("metadata/2.root.json"), thief.FileOf("metadata/2.root.json"));
        device.Repository = thief.Repository;
        UpdateException refused = await Assert.ThrowsAsync<UpdateException>(device.Look);
        Assert.Equal(UpdateCode.Threshold, refused.Code);
        device.Repository = rig.Folder.Repository;
        await device.Look();
    }

    [Fact]
    public async Task Two_of_three_root_keys_replace_the_third()
    {
        using ReleaseRig rig = new(new() { RootKeys = 3, Threshold = 2 });
        LookingDevice device = Device(rig);
        await device.Look();
        rig.TakeAway("root-2");
        Assert.Equal("give at least 1, and at most as many as --root-keys", Assert.Throws<FaultException>(() => ReleaseInit.Run(rig.Folder, new() { RootKeys = 1, Threshold = 2 }, rig.Passphrases, rig.Time)).Fault.Cure);
        Assert.Equal("say which one with --key: root-1, root-2, root-3", Assert.Throws<FaultException>(() => rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Root) { Rounds = ReleaseRig.FewRounds }))).Fault.Cure);
        Assert.Equal(("root-2", "root-4"), rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Root) { Rounds = ReleaseRig.FewRounds, Key = "root-2", IsOldLost = true })));
        await device.Look();

        rig.TakeAway("root-1");
        rig.TakeAway("root-3");
        FaultException refused = Assert.Throws<FaultException>(() => rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Ci) { Rounds = ReleaseRig.FewRounds })));
        Assert.Equal($"{rig.Folder.Root}/keys: the role root needs 2 signatures, and 1 can be made; not here: root-1, root-3; put root-1.pem or root-3.pem there, or name the folder with --keys DIR", refused.Fault.ToString());
    }

    [Fact]
    public async Task Separate_keys_are_rotated_one_by_one()
    {
        using ReleaseRig rig = new(new() { IsSeparate = true });
        LookingDevice device = Device(rig);
        await device.Look();
        rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Models) { Rounds = ReleaseRig.FewRounds }));
        Assert.False(File.Exists(rig.Folder.FileOf("metadata/2.root.json")));
        await device.Look();
        rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Online) { Rounds = ReleaseRig.FewRounds }));
        Assert.True(File.Exists(rig.Folder.FileOf("metadata/2.root.json")));
        await device.Look();
        FaultException refused = Assert.Throws<FaultException>(() => rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Ci) { Rounds = ReleaseRig.FewRounds })));
        Assert.Equal("--role: this release folder has no key 'ci'; give root, models or online", refused.Fault.ToString());
    }

    [Fact]
    public void The_only_root_key_cannot_be_replaced_once_it_is_lost()
    {
        using ReleaseRig rig = new();
        FaultException refused = Assert.Throws<FaultException>(() => rig.Do(desk => ReleaseRotate.Run(desk, new(KeyPurpose.Root) { Rounds = ReleaseRig.FewRounds, IsOldLost = true })));
        Assert.StartsWith("--lost: without this key no root can be signed", refused.Fault.ToString(), StringComparison.Ordinal);
    }

    private const string RootRole = "root";
    private const string CiRole = "ci";

    private static LookingDevice Device(ReleaseRig rig) => new(Path.Combine(rig.Outer, "device"), rig.Folder.Repository, rig.Settings.RootSha256, rig.Time);

    private static string Copy(ReleaseRig rig, string name, params string[] without)
    {
        string to = Path.Combine(rig.Outer, name);
        CopyFolder(rig.Folder.Repository, to);
        foreach (string file in without) File.Delete(Path.Combine(to, file));
        return to;
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
