using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Releasing;

/// <summary>Signing anew, from cron, and what the clock has to do with it.</summary>
public sealed class RefreshTests
{
    [Fact]
    public async Task A_repository_that_is_refreshed_every_day_never_expires()
    {
        using ReleaseRig rig = new();
        LookingDevice device = new(Path.Combine(rig.Outer, "device"), rig.Folder.Repository, rig.Settings.RootSha256, rig.Time);
        for (int week = 0; week < 60; week++)
        {
            rig.Time.Advance(TimeSpan.FromDays(6.9));
            rig.Do(ReleaseRefresh.Run);
            await device.Look();
        }
    }

    [Fact]
    public async Task Without_it_a_device_takes_nothing_after_seven_days()
    {
        using ReleaseRig rig = new();
        rig.Time.Advance(TimeSpan.FromDays(7));
        UpdateException refused = await Assert.ThrowsAsync<UpdateException>(new LookingDevice(Path.Combine(rig.Outer, "device"), rig.Folder.Repository, rig.Settings.RootSha256, rig.Time).Look);
        Assert.Equal(UpdateCode.Expired, refused.Code);

        // Expiry is what a refresh cures.
        rig.Do(ReleaseRefresh.Run);
        await new LookingDevice(Path.Combine(rig.Outer, "device"), rig.Folder.Repository, rig.Settings.RootSha256, rig.Time).Look();
    }

    [Fact]
    public void A_role_is_due_when_a_third_of_its_time_is_left_and_is_told_where_its_key_is_not_at_hand()
    {
        using ReleaseRig rig = new();
        rig.Passphrases.Unknown.Add("root");
        rig.Time.Advance(TimeSpan.FromDays(20) - TimeSpan.FromSeconds(1));
        Assert.Equal(["snapshot", "timestamp"], rig.Do(ReleaseRefresh.Run).Select(r => r.Role));
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["rollout", "snapshot", "timestamp"], rig.Do(ReleaseRefresh.Run).Select(r => r.Role));
        rig.Time.Advance(TimeSpan.FromDays(100));
        IReadOnlyList<Refreshed> refreshed = rig.Do(ReleaseRefresh.Run);
        Assert.Equal([("targets", false), ("models", true), ("rollout", true), ("snapshot", true), ("timestamp", true)], refreshed.Select(r => (r.Role, r.IsSigned)));
        Assert.Equal(ReleaseRig.Start.AddDays(180), refreshed[0].Expires);
        Assert.Equal(rig.Time.GetUtcNow().AddDays(180), refreshed[1].Expires);

        // Nobody is asked: cron has no terminal.
        Assert.DoesNotContain("root", rig.Passphrases.Required.Skip(2));
        rig.Passphrases.Unknown.Clear();
        Assert.Contains(rig.Do(ReleaseRefresh.Run), r => r is { Role: "targets", IsSigned: true });
    }

    [Fact]
    public void Versions_rise_by_one_and_the_timestamp_says_when_it_was_signed()
    {
        using ReleaseRig rig = new();
        rig.Time.Advance(TimeSpan.FromHours(1));
        rig.Do(ReleaseRefresh.Run);
        PublishedRoles published = rig.Do(desk => desk.Published);
        Assert.Equal((2, 2, 1, 1), (published.Timestamp.Document.Version, published.Snapshot.Document.Version, published.Targets.Document.Version, published.Root.Document.Version));
        Assert.Equal(ReleaseRig.Start.AddHours(1), published.Timestamp.Document.SignedAt);
        Assert.Equal(ReleaseRig.Start.AddHours(1).AddDays(7), published.Timestamp.Document.Expires);
        Assert.Equal(ReleaseRig.Start.AddHours(1).AddDays(30), published.Snapshot.Document.Expires);
    }

    [Fact]
    public void A_clock_that_went_back_signs_nothing()
    {
        using ReleaseRig rig = new();
        using ReleaseDesk desk = ReleaseDesk.Open(rig.Folder, [], rig.Passphrases, new Microsoft.Extensions.Time.Testing.FakeTimeProvider(ReleaseRig.Start.AddDays(-1)));
        FaultException refused = Assert.Throws<FaultException>(() => ReleaseRefresh.Run(desk));
        Assert.Equal("clock: it says 2027-02-28 12:00:00Z, which is before the last signature (2027-03-01 12:00:00Z); set the clock of this machine", refused.Fault.ToString());
    }

    [Fact]
    public void Somebody_elses_metadata_are_not_signed_over()
    {
        using ReleaseRig rig = new();
        string path = rig.Folder.FileOf("metadata/1.models.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"targets\":{}", "\"targets\":{\"models/parts/1\":{\"length\":1,\"hashes\":{\"sha256\":\"" + new string('a', 64) + "\"}}}", StringComparison.Ordinal));
        Assert.Equal(UpdateCode.Digest, Assert.Throws<UpdateException>(() => rig.Do(ReleaseRefresh.Run)).Code);
        using ReleaseRig other = new();
        File.Copy(other.Folder.FileOf("metadata/1.root.json"), rig.Folder.FileOf("metadata/1.root.json"), overwrite: true);
        Assert.StartsWith("this is another root than the one", Assert.Throws<FaultException>(() => rig.Do(ReleaseRefresh.Run)).Fault.What, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_command_that_was_cut_off_left_is_written_over()
    {
        using ReleaseRig rig = new();
        File.WriteAllText(rig.Folder.FileOf("metadata/2.snapshot.json"), "half of");
        File.WriteAllText(rig.Folder.FileOf("metadata/timestamp.json.new"), "half of");
        rig.Do(ReleaseRefresh.Run);
        Assert.Equal(2, rig.Do(desk => desk.Published.Snapshot.Document.Version));
    }

    [Fact]
    public void Two_commands_are_never_at_work_in_one_folder()
    {
        using ReleaseRig rig = new();
        using ReleaseDesk first = rig.Open();
        FaultException refused = Assert.Throws<FaultException>(rig.Open);
        Assert.Equal($"{rig.Folder.Root}: another release command is at work in this folder; wait until it has ended", refused.Fault.ToString());
    }

    [Fact]
    public void A_command_that_signs_is_given_the_bytes_and_the_keys_id()
    {
        string outer = Directory.CreateTempSubdirectory("edgeinfer-signer-").FullName;
        if (!File.Exists("/usr/bin/openssl")) Assert.Skip("/usr/bin/openssl is not here");
        try
        {
            // As a key service would: the private half is seen by this script alone.
            Run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", Path.Combine(outer, "key.pem"));
            Run("pkey", "-in", Path.Combine(outer, "key.pem"), "-pubout", "-out", Path.Combine(outer, "pub.pem"));
            string script = Path.Combine(outer, "sign.sh");
            File.WriteAllText(script, $"#!/bin/sh\necho \"$1\" > {outer}/id\nexec openssl dgst -sha256 -sign {outer}/key.pem\n");
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            ReleaseFolder folder = new(Path.Combine(outer, "release"));
            ReleaseSettings settings = ReleaseInit.Run(folder, new() { Outer = new Dictionary<string, OuterKey> { ["ci"] = new(script, Path.Combine(outer, "pub.pem")) }, Rounds = ReleaseRig.FewRounds }, new FixedPassphrases(), TimeProvider.System);
            Assert.Equal(["root.pem"], Directory.GetFiles(Path.Combine(folder.Root, "keys")).Select(Path.GetFileName));
            Assert.Equal(settings.KnownKeys[1].KeyId, File.ReadAllText(Path.Combine(outer, "id")).Trim());
            using (ReleaseDesk desk = ReleaseDesk.Open(folder, [], new FixedPassphrases(), TimeProvider.System)) ReleaseRefresh.Run(desk);

            // Another key than the one whose public half was given.
            Run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", Path.Combine(outer, "key.pem"));
            using ReleaseDesk again = ReleaseDesk.Open(folder, [], new FixedPassphrases(), TimeProvider.System);
            FaultException refused = Assert.Throws<FaultException>(() => ReleaseRefresh.Run(again));
            Assert.StartsWith($"signer '{script}': what it wrote is no signature by key {settings.KnownKeys[1].KeyId[..12]}", refused.Fault.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(outer, recursive: true);
        }

        static void Run(params string[] arguments)
        {
            using System.Diagnostics.Process run = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("/usr/bin/openssl", arguments))!;
            run.WaitForExit();
            Assert.Equal(0, run.ExitCode);
        }
    }
}
