using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Arm64;

/// <summary>The published arm64 executable under qemu-user, as on a Debian 11 device with a Raspberry Pi 4's processor.</summary>
internal static class EmulatedAgent
{
    /// <summary>Emulation is about a hundred times slower.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Starts a verb.</summary>
    public static ChildProcess Start(params string[] arguments)
    {
        Peer.Program("qemu-aarch64");
        string executable = PublishedBinary.Require(Path.Combine(PublishedBinary.Root, "artifacts", "linux-arm64", "edgeinfer"), "run ./publish.sh linux-arm64 first");
        return ChildProcess.Start(Path.Combine(PublishedBinary.Root, "tests", "arm64", "qemu.sh"), [executable, .. arguments]);
    }

    /// <summary>Runs a verb to its end.</summary>
    public static async Task<(int ExitCode, string Output)> Run(params string[] arguments)
    {
        await using ChildProcess child = Start(arguments);
        int code = await child.Exit(Patience);
        return (code, child.Output);
    }
}
