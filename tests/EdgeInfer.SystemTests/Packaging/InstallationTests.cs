using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary>The Debian package in a Debian 12 without systemd: what its scripts make, keep and take away.</summary>
public sealed class InstallationTests(PackageRoot root) : IClassFixture<PackageRoot>
{
    [Fact]
    public async Task Its_dependencies_are_what_a_Debian_has()
    {
        string output = await Succeeds("""
            install_package edgeinfer.deb > /dev/null
            dpkg --audit
            echo missing: $(ldd /usr/lib/edgeinfer/libonnxruntime.so /usr/lib/edgeinfer/edgeinfer | grep -c 'not found')
            """);
        Assert.Equal("missing: 0", output.Split('\n')[^1]);
    }

    [Fact]
    public async Task It_runs_checks_its_own_example_and_finds_what_is_on_a_picture()
    {
        string output = await Succeeds("""
            install_package edgeinfer.deb > /dev/null
            edgeinfer --version
            cp /usr/share/doc/edgeinfer/examples/edgeinfer.yaml /etc/edgeinfer/
            edgeinfer check
            edgeinfer predict parts-detector /usr/share/edgeinfer/models/parts-detector/golden/belt-27.jpg --json
            """);
        Assert.Contains(PackageFolder.Version, output.Split('\n')[0], StringComparison.Ordinal);
        Assert.Contains("ok: /etc/edgeinfer/edgeinfer.yaml", output, StringComparison.Ordinal);
        Assert.Contains("\"detections\":[{\"label\":", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_init_names_next_is_the_service_and_not_a_run_as_root()
    {
        string output = await Succeeds("""
            install_package edgeinfer.deb > /dev/null
            edgeinfer init
            """);
        Assert.EndsWith("wrote /etc/edgeinfer/edgeinfer.yaml; next:\n  edgeinfer check\n  systemctl restart edgeinfer", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_makes_a_user_in_those_of_the_groups_that_exist_folders_that_nobody_else_reads_and_enables_the_unit()
    {
        string output = await Succeeds("""
            for group in i2c render; do getent group $group > /dev/null || groupadd --system $group; done
            getent group gpio > /dev/null && groupdel gpio || true
            install_package edgeinfer.deb > /dev/null
            id -nG edgeinfer | tr ' ' '\n' | sort | paste -sd' '
            getent passwd edgeinfer | cut -d: -f6,7
            edgeinfer model add /usr/share/edgeinfer/models/parts-detector --name mine > /dev/null
            stat -c '%n %a %U:%G' /etc/edgeinfer /var/lib/edgeinfer /var/lib/edgeinfer/models /var/cache/edgeinfer
            readlink /etc/systemd/system/multi-user.target.wants/edgeinfer.service
            """);
        Assert.Equal(
            """
            audio dialout edgeinfer i2c render video
            /var/lib/edgeinfer:/usr/sbin/nologin
            /etc/edgeinfer 750 root:edgeinfer
            /var/lib/edgeinfer 700 edgeinfer:edgeinfer
            /var/lib/edgeinfer/models 700 edgeinfer:edgeinfer
            /var/cache/edgeinfer 700 edgeinfer:edgeinfer
            /lib/systemd/system/edgeinfer.service
            """, output);
    }

    [Fact]
    public async Task It_says_what_would_not_work_here_and_what_comes_next_and_installs_whatever_doctor_does()
    {
        string output = await Succeeds("install_package edgeinfer.deb");
        Assert.Contains($"EdgeInfer {PackageFolder.Version}, for user edgeinfer:", output, StringComparison.Ordinal);
        Assert.Contains("Next: sudo edgeinfer init", output, StringComparison.Ordinal);

        // A device whose processor does not run the program.
        output = await Succeeds("""
            dpkg-deb --raw-extract /packages/edgeinfer.deb /tmp/broken
            printf '#!/bin/sh\nkill -ILL $$\n' > /tmp/broken/usr/lib/edgeinfer/edgeinfer
            dpkg-deb -Znone --build /tmp/broken /tmp/broken.deb > /dev/null
            dpkg --force-unsafe-io --install /tmp/broken.deb
            dpkg-query --show --showformat='${db:Status-Abbrev}\n' edgeinfer
            """);
        Assert.Contains("doctor ended without a report", output, StringComparison.Ordinal);
        Assert.StartsWith("ii", output.Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upgrade_keeps_configuration_models_waiting_results_and_what_the_administrator_decided()
    {
        await root.Repack("newer.deb", "99.0.0");
        string output = await Succeeds("""
            install_package edgeinfer.deb > /dev/null
            echo 'mine: 1' > /etc/edgeinfer/edgeinfer.yaml
            chmod 0700 /etc/edgeinfer
            mkdir -p /var/lib/edgeinfer/models/mine && echo model > /var/lib/edgeinfer/models/mine/model.onnx
            echo results > /var/lib/edgeinfer/outbox.db
            rm /etc/systemd/system/multi-user.target.wants/edgeinfer.service
            install_package newer.deb > /tmp/log
            dpkg-query --show edgeinfer
            cat /etc/edgeinfer/edgeinfer.yaml /var/lib/edgeinfer/models/mine/model.onnx /var/lib/edgeinfer/outbox.db
            stat -c %a /etc/edgeinfer
            ls /etc/systemd/system/multi-user.target.wants/ | grep -c edgeinfer || true
            grep -c Next: /tmp/log || true
            """);
        Assert.Equal("edgeinfer\t99.0.0\nmine: 1\nmodel\nresults\n700\n0\n0", output);
    }

    [Fact]
    public async Task Every_script_may_run_again()
    {
        await Succeeds("""
            install_package edgeinfer.deb > /dev/null
            /var/lib/dpkg/info/edgeinfer.postinst configure 0.0.1
            /var/lib/dpkg/info/edgeinfer.postinst configure ''
            /var/lib/dpkg/info/edgeinfer.postinst abort-upgrade 99
            /var/lib/dpkg/info/edgeinfer.prerm upgrade 99
            /var/lib/dpkg/info/edgeinfer.prerm remove
            /var/lib/dpkg/info/edgeinfer.postrm upgrade 99
            for script in preinst postinst prerm postrm; do test -x /var/lib/dpkg/info/edgeinfer.$script; done
            cp /var/lib/dpkg/info/edgeinfer.postrm /tmp/postrm
            dpkg --purge edgeinfer > /dev/null
            /tmp/postrm purge
            """);
    }

    [Fact]
    public async Task Removal_keeps_what_is_the_users_and_purge_leaves_nothing()
    {
        string output = await Succeeds("""
            everything > /tmp/before
            cp /etc/passwd /etc/group /tmp/
            install_package edgeinfer.deb > /dev/null
            cp /usr/share/doc/edgeinfer/examples/edgeinfer.yaml /etc/edgeinfer/
            mkdir -p /etc/edgeinfer/secrets /var/lib/edgeinfer/models/mine /run/edgeinfer && touch /var/lib/edgeinfer/version /var/cache/edgeinfer/graph /run/edgeinfer/ring
            dpkg --remove edgeinfer > /dev/null
            ls /etc/edgeinfer/edgeinfer.yaml /var/lib/edgeinfer/version
            test ! -e /usr/bin/edgeinfer
            dpkg --purge edgeinfer > /dev/null
            everything > /tmp/after
            echo left: $(diff /tmp/before /tmp/after)
            echo users: $(diff /tmp/passwd /etc/passwd) groups: $(diff /tmp/group /etc/group)
            """);
        Assert.Equal("/etc/edgeinfer/edgeinfer.yaml\n/var/lib/edgeinfer/version\nleft:\nusers: groups:", output);
    }

    [Fact]
    public async Task A_package_that_does_not_know_the_state_is_refused_while_the_newer_one_stays()
    {
        await root.Repack("ahead.deb", "99.0.0", state: 7);
        string output = await Succeeds("""
            install_package ahead.deb > /dev/null
            echo 7 > /var/lib/edgeinfer/version
            if install_package edgeinfer.deb > /dev/null 2> /tmp/refused; then echo installed; fi
            grep '^edgeinfer: ' /tmp/refused
            dpkg-query --show --showformat='${Version} ${db:Status-Abbrev}\n' edgeinfer
            edgeinfer --version > /dev/null
            echo 1 > /var/lib/edgeinfer/version
            install_package edgeinfer.deb > /dev/null 2>&1
            dpkg-query --show --showformat='${Version}\n' edgeinfer
            """);
        string[] lines = output.Split('\n');
        Assert.StartsWith($"edgeinfer: a newer EdgeInfer wrote /var/lib/edgeinfer (version 7, this package knows {EdgeInfer.Durability.StateVersion.Current}); keep the newer package", lines[0], StringComparison.Ordinal);
        Assert.Equal(["99.0.0 ii ", PackageFolder.Version], lines[1..]);
    }

    [Fact]
    public async Task The_program_itself_does_not_touch_the_state_of_a_newer_one()
    {
        (int code, string output) = await root.Run("""
            install_package edgeinfer.deb > /dev/null
            cp /usr/share/doc/edgeinfer/examples/edgeinfer.yaml /etc/edgeinfer/
            echo 7 > /var/lib/edgeinfer/version
            edgeinfer run
            """);
        Assert.Equal(78, code);
        Assert.Contains($"/var/lib/edgeinfer/version: a newer EdgeInfer wrote this state (version 7, this program knows {EdgeInfer.Durability.StateVersion.Current})", output, StringComparison.Ordinal);
        Assert.Single(output.Split('\n'), line => line.Contains("newer", StringComparison.Ordinal));
    }

    private async Task<string> Succeeds(string script)
    {
        (int code, string output) = await root.Run(script);
        Assert.True(code == 0, $"the script ended with {code}:\n{output}");

        // Debian's helper says on standard error that it has enabled the unit.
        return string.Join('\n', output.Split('\n').Where(line => !line.StartsWith("Created symlink", StringComparison.Ordinal)));
    }
}
