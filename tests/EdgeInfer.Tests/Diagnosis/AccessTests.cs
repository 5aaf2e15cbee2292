using EdgeInfer.Diagnosis;
using EdgeInfer.Sources.Camera;

namespace EdgeInfer.Tests.Diagnosis;

/// <summary>Whose rights count, and what they come to.</summary>
public sealed class AccessTests
{
    private const UnixFileMode ForGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const string Users = "root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n";
    private const string Groups = "root:x:0:\nvideo:x:44:pi\ni2c:x:994:\npi:x:1000:\nedgeinfer:x:985:\n";

    // The video group's number on Debian and Ubuntu.
    private static readonly FileRights s_camera = new(ForGroup, 0, 44);

    [Fact]
    public void Run_by_root_the_services_own_rights_count()
    {
        using FakeSystem system = new();
        Accounts accounts = Of(system.As(0, 0), Users + "edgeinfer:x:990:985::/nonexistent:/usr/sbin/nologin\n", Groups);
        ServiceUser user = accounts.Service();
        Assert.Equal(("edgeinfer", 990u, false), (user.Name, user.Id, user.IsSelf));
        NodeAccess access = NodeAccess.Of("/dev/video0", s_camera, user, accounts);
        Assert.False(access.MayOpen);
        Assert.Equal("rw-rw---- root:video", access.ToString());
        Assert.Equal("sudo usermod -aG video edgeinfer, and start the service again", access.Cure);
    }

    [Fact]
    public void In_the_group_it_may()
    {
        using FakeSystem system = new();
        Accounts accounts = Of(system.As(0, 0), Users + "edgeinfer:x:990:985::/nonexistent:/usr/sbin/nologin\n", "video:x:44:pi,edgeinfer\nedgeinfer:x:985:\n");
        NodeAccess access = NodeAccess.Of("/dev/video0", s_camera, accounts.Service(), accounts);
        Assert.True(access.MayOpen);
        Assert.Null(access.Cure);
    }

    [Fact]
    public void Without_a_user_of_its_own_whoever_asks_counts()
    {
        using FakeSystem system = new();
        Accounts accounts = Of(system.As(1000, 1000), Users, "root:x:0:\nvideo:x:44:\n");
        ServiceUser user = accounts.Service();
        Assert.Equal(("pi", true), (user.Name, user.IsSelf));
        Assert.Equal("sudo usermod -aG video pi, and log in again", NodeAccess.Of("/dev/video0", s_camera, user, accounts).Cure);
    }

    [Fact]
    public void A_membership_that_is_newer_than_the_login_is_told_from_none()
    {
        using FakeSystem system = new();
        Accounts accounts = Of(system.As(1000, 1000), Users, Groups);
        Assert.StartsWith("log in again: pi is in the group video", NodeAccess.Of("/dev/video0", s_camera, accounts.Service(), accounts).Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void Roots_own_node_needs_a_udev_rule_rather_than_a_membership()
    {
        using FakeSystem system = new();
        Accounts accounts = Of(system.As(1000, 1000), Users, Groups);
        FileRights closed = new(UnixFileMode.UserRead | UnixFileMode.UserWrite, 0, 0);
        Assert.Contains("KERNEL==\"video0\", GROUP=\"video\", MODE=\"0660\"", NodeAccess.Of("/dev/video0", closed, accounts.Service(), accounts).Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_tried_counts_more_than_the_bits()
    {
        using FakeSystem system = new();
        Accounts accounts = Of(system.As(1000, 1000), Users, "video:x:44:\n");
        // A desktop's login gives its user an access list on the camera.
        Assert.True(NodeAccess.Of("/dev/video0", s_camera, accounts.Service(), accounts, opened: true).MayOpen);
    }

    [Fact]
    public void Nodes_are_listed_with_their_names_and_ports_that_no_board_has_left_out()
    {
        using FakeSystem system = new();
        Accounts accounts = Of(system.As(0, 0), Users + "edgeinfer:x:990:985::/nonexistent:/usr/sbin/nologin\n", Groups);
        system.With("/dev/i2c-1", "").With("/sys/class/i2c-dev/i2c-1/name", "bcm2835 (i2c@7e804000)\n").With("/dev/ttyS0", "").With("/sys/class/tty/ttyS0/type", "0\n")
            .With("/dev/ttyUSB0", "").With("/dev/snd/pcmC1D0c", "").With("/dev/snd/pcmC0D0p", "").With("/proc/asound/card1/id", "Device\n")
            .With("/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\nGCC version:  gcc\n");
        NodeSurvey survey = new(system.Files, accounts, accounts.Service(), path => new FileRights(ForGroup, 0, path.Contains("i2c", StringComparison.Ordinal) ? 994u : 985u));
        IReadOnlyList<SurveyedNode> nodes = survey.Read();
        Assert.Equal(["i2c /dev/i2c-1 bcm2835 (i2c@7e804000)", "serial /dev/ttyUSB0 ", "audio /dev/snd/pcmC1D0c Device"], nodes.Select(n => $"{n.Kind} {n.Path} {n.Name}"));
        Section section = survey.Examine(nodes);
        Assert.Equal("550.54.14", section.FactOf("nvidia_driver"));
        Assert.Contains("i2c: /dev/i2c-1 (bcm2835 (i2c@7e804000)): edgeinfer may not open it -> sudo usermod -aG i2c edgeinfer, and start the service again", section.Said(FindingLevel.Info));
        Assert.Contains("serial: /dev/ttyUSB0", section.Said(FindingLevel.Ok));
    }

    [Fact]
    public void A_configuration_that_the_service_cannot_read_is_a_problem()
    {
        using FakeSystem system = new();
        Accounts accounts = Of(system.As(0, 0), Users + "edgeinfer:x:990:985::/nonexistent:/usr/sbin/nologin\n", Groups);
        Section section = new ServiceExamination(accounts.Service(), accounts, _ => new FileRights(UnixFileMode.UserRead | UnixFileMode.UserWrite, 0, 0)).Examine("/etc/edgeinfer/edgeinfer.yaml");
        Assert.Equal(
            "/etc/edgeinfer/edgeinfer.yaml: user edgeinfer may not read the configuration -> sudo chown root:edgeinfer /etc/edgeinfer/edgeinfer.yaml && sudo chmod 640 /etc/edgeinfer/edgeinfer.yaml",
            Assert.Single(section.Said(FindingLevel.Problem)));
    }

    private static Accounts Of(FakeSystem system, string users, string groups) => new(system.With("/etc/passwd", users).With("/etc/group", groups).Files);
}
