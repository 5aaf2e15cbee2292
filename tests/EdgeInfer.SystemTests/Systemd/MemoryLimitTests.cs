using System.Globalization;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Systemd;

/// <summary>
/// A limit of memory by the kernel itself, as systemd sets it, without one: version 2 of control groups is in tests/vm.sh and, where a container
/// has a memory controller, in <see cref="SupervisionTests"/>; this is version 1, which older systems such as JetPack 5 have.
/// </summary>
public sealed class MemoryLimitTests : IDisposable
{
    private const string Version1 = "/sys/fs/cgroup/memory";
    private const int Killed = 128 + 9;

    private readonly TestFolder _folder = new();
    private readonly string _group = $"{Version1}/edgeinfer-test-{Environment.ProcessId}";

    [Fact]
    public async Task A_limit_of_version_1_is_known_with_its_kills_and_without_what_is_only_cached()
    {
        if (!Environment.IsPrivilegedProcess) Peer.Missing("only root can make a control group");
        if (!File.Exists($"{Version1}/memory.limit_in_bytes")) Assert.Skip("this machine has no version 1 of the memory controller");
        Directory.CreateDirectory(_group);
        string configuration = _folder.Configuration("mqtt://127.0.0.1:1", "{ synthetic: conveyor, size: 160x120, fps: 20 }");

        // Less than the program needs with its model.
        Limit(20 << 20);
        await using (ChildProcess tooLarge = Start(configuration, "true")) Assert.Equal(Killed, await tooLarge.Exit(ChildProcess.Patience));

        // 40 MiB that are written count as used, and can be taken back.
        Limit(256 << 20);
        await using ChildProcess agent = Start(configuration, $"head -c 40M /dev/zero > {_folder["film"]} && sync {_folder["film"]}");
        await agent.Line("memory is limited to 256 MiB by the control group");
        await agent.Line("gives frames");
        (_, string said) = await AgentProcess.Run("status", "--json", "--socket", _folder["control.sock"]);
        JsonElement memory = AgentProcess.Payload(said).GetProperty("memory");
        Assert.Equal((256 << 20, 1), (memory.GetProperty("limit_bytes").GetInt64(), memory.GetProperty("kills").GetInt64()));
        long all = long.Parse(File.ReadAllText($"{_group}/memory.usage_in_bytes"), CultureInfo.InvariantCulture);
        Assert.InRange(memory.GetProperty("used_bytes").GetInt64(), 16 << 20, all - (30 << 20));
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
    }

    public void Dispose()
    {
        _folder.Dispose();
        if (Directory.Exists(_group)) Directory.Delete(_group);
    }

    // A shell that puts itself into the group, and becomes the agent there.
    private ChildProcess Start(string configuration, string before)
        => ChildProcess.Start("/bin/sh", ["-c", $"echo $$ > {_group}/cgroup.procs && {before} && exec {PublishedBinary.Path} run -c {configuration}"]);

    private void Limit(long bytes) => File.WriteAllText($"{_group}/memory.limit_in_bytes", bytes.ToString(CultureInfo.InvariantCulture));
}
