using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary>The DaemonSet agrees with the image, with the agent and with itself, and the image runs as it says.</summary>
public sealed class KubernetesTests : IDisposable
{
    private const string Node = "press-3";
    private const string Address = "10.42.0.7";

    private readonly TestFolder _folder = new();
    private readonly KubernetesManifest _manifest = KubernetesManifest.Read();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Its_objects_are_all_of_one_namespace_and_find_each_other()
    {
        Assert.Equal(["Namespace", "ConfigMap", "Secret", "DaemonSet", "NetworkPolicy"], _manifest.Kinds);
        string space = KubernetesManifest.Text(_manifest.Object("Namespace"), "metadata/name");
        foreach (string kind in _manifest.Kinds.Skip(1)) Assert.Equal(space, KubernetesManifest.Text(_manifest.Object(kind), "metadata/namespace"));
        YamlNode daemons = _manifest.Object("DaemonSet");
        string[] labels =
        [
            Label(daemons, "spec/selector/matchLabels"), Label(daemons, "spec/template/metadata/labels"), Label(_manifest.Object("NetworkPolicy"), "spec/podSelector/matchLabels"),
        ];
        Assert.All(labels, label => Assert.Equal("edgeinfer", label));
        string[] sources =
        [
            .. _manifest.Mounts.Select(m => (KubernetesManifest.Find(m.Volume, "configMap/name") ?? KubernetesManifest.Find(m.Volume, "secret/secretName")) as YamlScalar).OfType<YamlScalar>().Select(s => s.Value),
        ];
        Assert.Equal([KubernetesManifest.Text(_manifest.Object("ConfigMap"), "metadata/name"), KubernetesManifest.Text(_manifest.Object("Secret"), "metadata/name")], sources);

        // None is declared and mounted nowhere.
        Assert.Equal(KubernetesManifest.Items(_manifest.Pod, "volumes").Count, _manifest.Mounts.Length);
    }

    [Fact]
    public void It_names_the_image_of_this_version_and_takes_its_rights_away_as_the_unit_does()
    {
        Assert.EndsWith($"/edgeinfer:{PackageFolder.Version}", KubernetesManifest.Text(_manifest.Container, "image"), StringComparison.Ordinal);
        Assert.Equal("true", KubernetesManifest.Text(_manifest.Pod, "securityContext/runAsNonRoot"));
        Assert.Equal("RuntimeDefault", KubernetesManifest.Text(_manifest.Pod, "securityContext/seccompProfile/type"));
        Assert.Equal("false", KubernetesManifest.Text(_manifest.Container, "securityContext/allowPrivilegeEscalation"));
        Assert.Equal("true", KubernetesManifest.Text(_manifest.Container, "securityContext/readOnlyRootFilesystem"));
        Assert.Equal("ALL", ((YamlScalar)Assert.Single(KubernetesManifest.Items(_manifest.Container, "securityContext/capabilities/drop"))).Value);
        Assert.Equal("false", KubernetesManifest.Text(_manifest.Pod, "automountServiceAccountToken"));

        // The user of the image, wherever it is named.
        string script = File.ReadAllText(Path.Combine(PublishedBinary.Root, "packaging", "image.sh"));
        string user = KubernetesManifest.Text(_manifest.Pod, "securityContext/runAsUser");
        Assert.Contains($"\nreadonly user={user}\n", script, StringComparison.Ordinal);
        Assert.Equal((user, user), (KubernetesManifest.Text(_manifest.Pod, "securityContext/runAsGroup"), KubernetesManifest.Text(_manifest.Pod, "securityContext/fsGroup")));
        YamlNode init = Assert.Single(KubernetesManifest.Items(_manifest.Pod, "initContainers"));
        Assert.Contains($"chown {user}:{user} ", ((YamlScalar)KubernetesManifest.Items(init, "command")[^1]).Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_configuration_passes_check_and_every_folder_that_the_agent_uses_is_mounted()
    {
        const string Secret = "/run/secrets/edgeinfer/mqtt";
        Assert.Contains(Secret, _manifest.Configuration, StringComparison.Ordinal);
        string password = _folder.Write("mqtt", Canary.Password);
        File.SetUnixFileMode(password, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        string file = _folder.Write("edgeinfer.yaml", _manifest.Configuration.Replace(Secret, password, StringComparison.Ordinal));
        Dictionary<string, string> environment = _manifest.Environment(Node, Address);

        await using ChildProcess check = ChildProcess.Start(PublishedBinary.Path, ["check", "-c", file, "--json"], environment);

        Assert.True(await check.Exit(ChildProcess.Patience) == 0, check.Output);
        using JsonDocument report = JsonDocument.Parse(check.Output);
        Assert.Equal(Node, environment["EDGEINFER__DEVICE__ID"]);

        string[] written = [.. _manifest.Mounts.Where(static m => !m.IsReadOnly).Select(static m => m.Path)];
        Assert.Equal(["/run/edgeinfer", "/tmp", "/var/cache/edgeinfer", "/var/lib/edgeinfer"], written.Order(StringComparer.Ordinal));
        Assert.Equal("Memory", KubernetesManifest.Text(_manifest.Mounts.Single(static m => m.Path == "/run/edgeinfer").Volume, "emptyDir/medium"));
        Assert.NotNull(KubernetesManifest.Find(_manifest.Mounts.Single(static m => m.Path == "/var/lib/edgeinfer").Volume, "hostPath"));
        Assert.Contains(_manifest.Mounts, static m => m.IsReadOnly && Secret.StartsWith(m.Path + "/", StringComparison.Ordinal));
        Assert.Contains("mqtt", ((YamlMapping)KubernetesManifest.At(_manifest.Object("Secret"), "stringData")).Entries.Select(static e => e.Key.Value));
    }

    /// <summary>A patch with another container's name would add one, and null for what is not there would take nothing away.</summary>
    [Theory]
    [InlineData("camera-privileged.yaml")]
    [InlineData("nvidia.yaml")]
    public void A_patch_fits_the_DaemonSet(string file)
    {
        YamlNode pod = KubernetesManifest.At(KubernetesManifest.Parse(File.ReadAllText(Path.Combine(KubernetesManifest.Folder, file))), "spec/template/spec");
        YamlNode container = Assert.Single(KubernetesManifest.Items(pod, "containers"));
        Assert.Equal(KubernetesManifest.Text(_manifest.Container, "name"), KubernetesManifest.Text(container, "name"));
        Assert.All(Nulls(container, _manifest.Container), Assert.NotNull);
        string[] mounted = [.. KubernetesManifest.Items(container, "volumeMounts").Select(static m => KubernetesManifest.Text(m, "name"))];
        Assert.Equal(KubernetesManifest.Items(pod, "volumes").Select(static v => KubernetesManifest.Text(v, "name")), mounted);
        Assert.Empty(mounted.Intersect(KubernetesManifest.Items(_manifest.Pod, "volumes").Select(static v => KubernetesManifest.Text(v, "name"))));
    }

    [Fact]
    public async Task The_image_runs_as_the_pod_says_and_its_probes_are_answered()
    {
        if (!Environment.IsPrivilegedProcess) Peer.Missing("only root can enter another root file system");
        string root = await ImageRoot();
        (string volumes, string state) = Volumes();
        Dictionary<string, string> environment = _manifest.Environment(Node, Address);
        environment["ORT_DISABLE_TELEMETRY"] = "1";
        string user = KubernetesManifest.Text(_manifest.Pod, "securityContext/runAsUser");
        string groups = string.Join(',', KubernetesManifest.Items(_manifest.Pod, "securityContext/supplementalGroups").Select(static g => ((YamlScalar)g).Value).Append(user));
        string[] arguments = [.. KubernetesManifest.Items(_manifest.Container, "args").Select(static a => ((YamlScalar)a).Value)];

        await using ChildProcess agent = ChildProcess.Start(
            Path.Combine(PublishedBinary.Root, "tests", "kubernetes", "pod.sh"),
            [root, Address, user, groups, volumes, .. environment.Select(static v => $"{v.Key}={v.Value}"), "/usr/bin/edgeinfer", .. arguments]);
        await agent.Line($"runs as {Node}: belt");

        // The broker that the configuration names, with the access list that ships and the node as its user.
        await using ChildProcess broker = await Broker(agent.Id);
        await agent.Line("connected to mqtt://mosquitto.example:1883");
        foreach (string probe in (string[])["startupProbe", "livenessProbe", "readinessProbe"])
            Assert.StartsWith("HTTP/1.1 200 ", await Get(agent.Id, KubernetesManifest.Text(_manifest.Container, probe + "/httpGet/path")), StringComparison.Ordinal);
        YamlNode annotations = KubernetesManifest.At(_manifest.Object("DaemonSet"), "spec/template/metadata/annotations");
        Assert.Equal(Port, Annotation(annotations, "prometheus.io/port"));
        Assert.Contains("edgeinfer_mqtt_connected 1", await Get(agent.Id, Annotation(annotations, "prometheus.io/path")), StringComparison.Ordinal);

        Assert.Equal(0, await agent.Terminate(TimeSpan.FromSeconds(int.Parse(KubernetesManifest.Text(_manifest.Pod, "terminationGracePeriodSeconds"), CultureInfo.InvariantCulture))));
        Assert.True(File.Exists(Path.Combine(state, "boot")), string.Join(' ', Directory.GetFileSystemEntries(state)));
        Assert.DoesNotContain(agent.Output.Split('\n'), static l => l.Contains(" warn ", StringComparison.Ordinal) && !l.Contains("/dev/video0", StringComparison.Ordinal)
            && !l.Contains("http.listen", StringComparison.Ordinal) && !l.Contains("mosquitto.example", StringComparison.Ordinal));
    }

    private string Port
    {
        get
        {
            YamlNode port = Assert.Single(KubernetesManifest.Items(_manifest.Container, "ports"));
            foreach (string probe in (string[])["startupProbe", "livenessProbe", "readinessProbe"])
                Assert.Equal(KubernetesManifest.Text(port, "name"), KubernetesManifest.Text(_manifest.Container, probe + "/httpGet/port"));
            string number = KubernetesManifest.Text(port, "containerPort");
            Assert.EndsWith(":" + number, _manifest.Environment(Node, Address)["EDGEINFER__HTTP__LISTEN"], StringComparison.Ordinal);
            return number;
        }
    }

    private static string Label(YamlNode from, string path) => Annotation(KubernetesManifest.At(from, path), "app.kubernetes.io/name");

    // What the patched object has where the patch says null.
    private static IEnumerable<YamlNode?> Nulls(YamlNode patch, YamlNode? patched)
    {
        if (patch is YamlScalar { IsNull: true }) return [patched];
        return patch is YamlMapping mapping ? mapping.Entries.SelectMany(e => Nulls(e.Value, (patched as YamlMapping)?.Find(e.Key.Value))) : [];
    }

    // Its name holds a slash.
    private static string Annotation(YamlNode annotations, string name) => ((YamlScalar)((YamlMapping)annotations).Find(name)!).Value;

    /// <summary>What the kubelet would have prepared, as lines for pod.sh, and the folder of the state.</summary>
    private (string File, string State) Volumes()
    {
        StringBuilder lines = new();
        int user = int.Parse(KubernetesManifest.Text(_manifest.Pod, "securityContext/runAsUser"), CultureInfo.InvariantCulture);
        foreach ((string path, bool isReadOnly, YamlNode volume) in _manifest.Mounts)
        {
            if (KubernetesManifest.Find(volume, "emptyDir") is not null)
            {
                lines.AppendLine(CultureInfo.InvariantCulture, $"memory {path}");
                continue;
            }

            string folder = _folder["volume-" + KubernetesManifest.Text(volume, "name")];
            Directory.CreateDirectory(folder);
            if (KubernetesManifest.Find(volume, "configMap") is not null) File.WriteAllText(Path.Combine(folder, "edgeinfer.yaml"), _manifest.Configuration);
            if (KubernetesManifest.Find(volume, "secret") is not null)
            {
                string secret = Path.Combine(folder, "mqtt");
                File.WriteAllText(secret, Canary.Password);
                Own(secret, user, "0440");
            }

            if (!isReadOnly) Own(folder, user, "0700");
            lines.AppendLine(CultureInfo.InvariantCulture, $"{(isReadOnly ? "read" : "write")} {folder} {path}");
        }

        // The kubelet's own, in which a name server would be known.
        lines.AppendLine(CultureInfo.InvariantCulture, $"read {_folder.Write("hosts", "127.0.0.1 localhost mosquitto.example\n")} /etc/hosts");
        return (_folder.Write("volumes", lines.ToString()), _folder["volume-state"]);
    }

    private static void Own(string path, int user, string mode)
    {
        File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(mode, 8));
        using System.Diagnostics.Process chown = System.Diagnostics.Process.Start("chown", [$"{user}:{user}", path]);
        chown.WaitForExit();
        Assert.Equal(0, chown.ExitCode);
    }

    private async Task<ChildProcess> Broker(int pod)
    {
        string passwords = _folder["passwords"];
        (int code, string output) = await ChildProcess.Run(Peer.Program("mosquitto_passwd"), "-c", "-b", passwords, Node, Canary.Password);
        Assert.True(code == 0, output);
        string configuration = _folder.Write("mosquitto.conf", $"""
            listener 1883 127.0.0.1
            user root
            log_dest stderr
            log_type all
            allow_anonymous false
            password_file {passwords}
            acl_file {Path.Combine(PublishedBinary.Root, "packaging", "mosquitto.acl")}
            """);
        ChildProcess broker = ChildProcess.Start("nsenter", ["--net", "--target", $"{pod}", Peer.Program("mosquitto"), "-c", configuration]);
        await broker.Line("running");
        return broker;
    }

    private async Task<string> Get(int pod, string path)
    {
        string script = $"exec 3<>/dev/tcp/{Address}/{Port}; printf 'GET {path} HTTP/1.1\\r\\nHost: {Address}:{Port}\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3";
        (int code, string output) = await ChildProcess.Run("nsenter", "--net", "--target", $"{pod}", "bash", "-c", script);
        Assert.True(code == 0, output);
        return output;
    }

    /// <summary>The image of this machine's platform, its layers over one another with their owners.</summary>
    private async Task<string> ImageRoot()
    {
        string layers = _folder["image"], root = _folder["root"];
        await PackageFolder.Run("skopeo", "--insecure-policy", "--override-arch", PackageFolder.Architecture, "copy",
            $"oci-archive:{PackageFolder.File($"edgeinfer_{PackageFolder.Version}_oci.tar")}", $"dir:{layers}");
        Directory.CreateDirectory(root);
        using JsonDocument manifest = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(layers, "manifest.json"), TestContext.Current.CancellationToken));
        foreach (JsonElement layer in manifest.RootElement.GetProperty("layers").EnumerateArray())
            await PackageFolder.Run("tar", "--numeric-owner", "-xpzf", Path.Combine(layers, layer.GetProperty("digest").GetString()![7..]), "-C", root);
        return root;
    }
}
