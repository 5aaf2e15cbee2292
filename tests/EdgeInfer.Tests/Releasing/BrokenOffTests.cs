using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;

namespace EdgeInfer.Tests.Releasing;

/// <summary>Verbs that make keys and are cut off: the same command again ends what was begun, and no key is ever written over.</summary>
public sealed class BrokenOffTests : IDisposable
{
    private readonly string _outer = Directory.CreateTempSubdirectory("edgeinfer-broken-").FullName;
    private readonly FixedPassphrases _passphrases = new();

    private ReleaseFolder Folder => new(Path.Combine(_outer, "release"));

    public void Dispose() => Directory.Delete(_outer, recursive: true);

    [Theory]
    [InlineData("keys/root.pem")]
    [InlineData("keys/ci.pem")]
    [InlineData("repository/metadata/1.targets.json")]
    [InlineData("repository/metadata/1.snapshot.json")]
    [InlineData("repository/metadata/1.root.json")]
    [InlineData("repository/metadata/timestamp.json")]
    [InlineData("release.json")]
    public async Task An_init_that_broke_off_at_any_file_is_ended_by_the_same_command(string file)
    {
        string inTheWay = Directory.CreateDirectory(Path.Combine(Folder.Root, file + ".new")).FullName;
        Assert.ThrowsAny<Exception>(() => Init());
        Directory.Delete(inTheWay);
        Dictionary<string, string> keys = Keys();
        ReleaseSettings settings = Init();
        Assert.All(keys, k => Assert.Equal(k.Value, File.ReadAllText(k.Key)));
        Assert.Equal(["ci.pem", "root.pem"], Directory.GetFiles(Path.Combine(Folder.Root, "keys")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.False(Folder.InitKeys.IsThere);
        using (ReleaseDesk desk = Open()) ReleaseRefresh.Run(desk);
        await new LookingDevice(Path.Combine(_outer, "device"), Folder.Repository, settings.RootSha256, TimeProvider.System).Look();
    }

    [Fact]
    public void An_init_whose_signer_failed_takes_up_the_keys_that_it_made()
    {
        Dictionary<string, OuterKey> broken = new() { ["root"] = new("false", PublicHalf()) };
        Assert.Equal(FaultKind.Unavailable, Assert.Throws<FaultException>(() => Init(new() { Outer = broken })).Fault.Kind);
        Assert.Empty(Folder.MetadataNames());
        string ci = File.ReadAllText(KeyFile("ci"));
        Init();
        Assert.Equal(ci, File.ReadAllText(KeyFile("ci")));
    }

    [Fact]
    public void A_key_that_broke_off_and_does_not_open_is_named_and_left_as_it_is()
    {
        Assert.Throws<FaultException>(() => Init(new() { Outer = new Dictionary<string, OuterKey> { ["root"] = new("false", PublicHalf()) } }));
        string ci = File.ReadAllText(KeyFile("ci"));
        FaultException refused = Assert.Throws<FaultException>(() => ReleaseInit.Run(Folder, new() { Rounds = ReleaseRig.FewRounds }, new OtherPassphrases(), TimeProvider.System));
        Assert.Equal(KeyFile("ci"), refused.Fault.Where);
        Assert.Contains("the passphrase does not open this key", refused.Fault.What, StringComparison.Ordinal);
        Assert.Equal("give the passphrase that it was made with; or remove this file and repeat the command, which makes another key", refused.Fault.Cure);
        Assert.Equal(ci, File.ReadAllText(KeyFile("ci")));
        File.Delete(KeyFile("ci"));
        ReleaseInit.Run(Folder, new() { Rounds = ReleaseRig.FewRounds }, new OtherPassphrases(), TimeProvider.System);
    }

    [Fact]
    public void Keys_that_no_init_here_has_made_are_not_taken_up()
    {
        Init();
        string keys = Path.Combine(Folder.Root, "keys");
        Dictionary<string, string> before = Keys();
        FaultException refused = Assert.Throws<FaultException>(() => ReleaseInit.Run(new(Path.Combine(_outer, "other")), new() { Rounds = ReleaseRig.FewRounds, KeysFolder = keys }, _passphrases, TimeProvider.System));
        Assert.Equal(FaultKind.Usage, refused.Fault.Kind);
        Assert.Equal(
            $"{keys}/root.pem: this file is there already (and ci.pem), and keys are never replaced; name another folder with --keys DIR; or, where no fleet trusts them, remove {keys}/root.pem and {keys}/ci.pem",
            refused.Fault.ToString());
        Assert.Equal(before, Keys());
    }

    [Fact]
    public void A_live_repository_without_its_settings_is_not_begun_anew()
    {
        Init();
        string settings = File.ReadAllText(Folder.SettingsPath);
        File.Delete(Folder.SettingsPath);
        Directory.Delete(Path.Combine(Folder.Root, "keys"), recursive: true);
        File.Delete(Path.Combine(Folder.Root, ".lock"));
        string[] before = Everything();
        FaultException refused = Assert.Throws<FaultException>(() => Init());
        Assert.Equal(FaultKind.Usage, refused.Fault.Kind);
        Assert.Equal(
            $"{Folder.Repository}: signed metadata lie here already, and release.json, which belongs to them, is missing in {Folder.Root}; "
            + "put release.json back from a copy of the release folder; or name another folder with --dir DIR",
            refused.Fault.ToString());
        Assert.Equal(before, Everything());
        File.WriteAllText(Folder.SettingsPath, settings);
        using ReleaseDesk desk = Open();
    }

    [Fact]
    public void A_live_repository_is_not_begun_anew_by_the_note_of_an_init_that_broke_off()
    {
        Init();
        using (ReleaseDesk desk = Open()) ReleaseRefresh.Run(desk);
        File.Delete(Folder.SettingsPath);
        Folder.InitKeys.Begin();
        Assert.StartsWith("signed metadata lie here already", Assert.Throws<FaultException>(() => Init()).Fault.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keys/ci-2.pem", false)]
    [InlineData("release.json", false)]
    [InlineData("repository/metadata/2.targets.json", false)]
    [InlineData("repository/metadata/2.snapshot.json", false)]
    [InlineData("repository/metadata/timestamp.json", false)]
    [InlineData("repository/metadata/2.root.json", false)]
    [InlineData("release.json", true)]
    [InlineData("repository/metadata/timestamp.json.next", true)]
    [InlineData("repository/metadata/2.root.json", true)]
    public async Task A_rotation_that_broke_off_at_any_file_is_ended_by_the_same_command(string file, bool isLost)
    {
        ReleaseSettings settings = Init();
        LookingDevice device = new(Path.Combine(_outer, "device"), Folder.Repository, settings.RootSha256, TimeProvider.System);
        await device.Look();
        if (isLost) File.Move(KeyFile("ci"), Path.Combine(_outer, "ci.lost"));
        string inTheWay = Directory.CreateDirectory(Path.Combine(Folder.Root, file + ".new")).FullName;
        Assert.ThrowsAny<Exception>(() => Rotate(new(KeyPurpose.Ci) { IsOldLost = isLost }));
        Directory.Delete(inTheWay);
        await device.Look();
        string? made = File.Exists(KeyFile("ci-2")) ? File.ReadAllText(KeyFile("ci-2")) : null;

        Assert.Equal(("ci", "ci-2"), Rotate(new(KeyPurpose.Ci) { IsOldLost = isLost }));

        if (made is not null) Assert.Equal(made, File.ReadAllText(KeyFile("ci-2")));
        Assert.False(File.Exists(KeyFile("ci-3")));
        Assert.False(Folder.RotateKeys.IsThere);
        await device.Look();
        if (!isLost) File.Move(KeyFile("ci"), Path.Combine(_outer, "ci.taken"));
        File.Move(KeyFile("root"), Path.Combine(_outer, "root.taken"));
        using ReleaseDesk desk = Open();
        ReleaseRefresh.Run(desk);
        Assert.Equal(2, desk.Settings.KnownKeys.Count(static k => k.Purpose == KeyPurpose.Ci));
        await device.Look();
    }

    [Fact]
    public async Task A_rotation_whose_signer_failed_names_nothing_and_ends_with_a_signer_that_signs()
    {
        ReleaseSettings settings = Init();
        Assert.Throws<FaultException>(() => Rotate(new(KeyPurpose.Ci) { Outer = new("false", PublicHalf()) }));
        using (ReleaseDesk desk = Open()) Assert.Equal(["root", "ci"], desk.Settings.KnownKeys.Select(static k => k.Name));
        Assert.Equal(("ci", "ci-2"), Rotate(new(KeyPurpose.Ci)));
        await new LookingDevice(Path.Combine(_outer, "device"), Folder.Repository, settings.RootSha256, TimeProvider.System).Look();
    }

    [Fact]
    public void A_file_that_no_rotation_here_has_made_costs_its_number_alone()
    {
        Init();
        File.WriteAllText(KeyFile("ci-2"), "a stranger's\n");
        Assert.Equal(("ci", "ci-3"), Rotate(new(KeyPurpose.Ci)));
        Assert.Equal("a stranger's\n", File.ReadAllText(KeyFile("ci-2")));
    }

    [Fact]
    public void A_new_rotation_takes_the_key_of_delegated_roles_along_when_it_is_another_than_roots()
    {
        Init();
        string inTheWay = Directory.CreateDirectory(Folder.FileOf("metadata/2.root.json.new")).FullName;
        Assert.ThrowsAny<Exception>(() => Rotate(new(KeyPurpose.Ci)));
        Directory.Delete(inTheWay);
        File.Delete(KeyFile("ci-2"));
        Assert.Equal(("ci", "ci-3"), Rotate(new(KeyPurpose.Ci)));
        using ReleaseDesk desk = Open();
        string id = desk.Settings.KnownKeys.Single(static k => k.Name == "ci-3").KeyId;
        Assert.Equal([id], desk.Published.Root.Document.Roles["timestamp"].KeyIds);
        Assert.All(desk.Published.Targets.Document.Delegations!.Roles, r => Assert.Equal([id], r.Keys.KeyIds));
    }

    [Fact]
    public void A_lock_that_is_a_link_to_nowhere_is_named_as_what_it_is()
    {
        Init();
        string path = Path.Combine(Folder.Root, ".lock");
        File.Delete(path);
        File.CreateSymbolicLink(path, Path.Combine(_outer, "nowhere", "lock"));
        FaultException refused = Assert.Throws<FaultException>(Open);
        Assert.Equal($"{path}: this is no file, and no lock can be taken on it; remove it: a command makes it anew", refused.Fault.ToString());
    }

    [Fact]
    public void A_second_command_waits_for_the_first()
    {
        Init();
        using ReleaseDesk desk = Open();
        FaultException refused = Assert.Throws<FaultException>(Open);
        Assert.Equal("another release command is at work in this folder", refused.Fault.What);
        Assert.Equal(FaultKind.Unavailable, refused.Fault.Kind);
    }

    [Fact]
    public void A_file_in_the_place_of_the_folder_is_said_to_be_one()
    {
        File.WriteAllText(Folder.Root, "");
        FaultException refused = Assert.Throws<FaultException>(() => Init());
        Assert.Equal($"--dir: {Folder.Root} is a file; name a folder, or one that is not there yet", refused.Fault.ToString());
        Assert.Equal(FaultKind.Usage, refused.Fault.Kind);
        Assert.StartsWith("there is no release folder here", Assert.Throws<FaultException>(Open).Fault.What, StringComparison.Ordinal);
    }

    private ReleaseSettings Init(InitOptions? options = null) => ReleaseInit.Run(Folder, (options ?? new()) with { Rounds = ReleaseRig.FewRounds }, _passphrases, TimeProvider.System);

    private ReleaseDesk Open() => ReleaseDesk.Open(Folder, [], _passphrases, TimeProvider.System);

    private (string Old, string New) Rotate(RotateOptions options)
    {
        using ReleaseDesk desk = Open();
        return ReleaseRotate.Run(desk, options with { Rounds = ReleaseRig.FewRounds });
    }

    private string KeyFile(string name) => KeyRing.FileOf(Path.Combine(Folder.Root, "keys"), name);

    private Dictionary<string, string> Keys()
    {
        string keys = Path.Combine(Folder.Root, "keys");
        return Directory.Exists(keys) ? Directory.GetFiles(keys, "*.pem").ToDictionary(static f => f, File.ReadAllText) : [];
    }

    private string[] Everything() => [.. Directory.GetFileSystemEntries(Folder.Root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(static f => File.Exists(f) ? f + File.ReadAllText(f) : f)];

    private string PublicHalf()
    {
        string path = Path.Combine(_outer, "public.pem");
        using System.Security.Cryptography.ECDsa key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        File.WriteAllText(path, key.ExportSubjectPublicKeyInfoPem());
        return path;
    }

    private sealed class OtherPassphrases : IPassphrases
    {
        public string? Find(string keyName) => "another horse";

        public string Require(string keyName, bool isNew) => "another horse";
    }
}
