using System.Security.Cryptography;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Updates;

/// <summary>A release folder, and the published verbs at work on it.</summary>
/// <param name="folder">The folder.</param>
internal sealed class Publisher(string folder)
{
    /// <summary>What a shell that runs the verbs needs to know: passphrases are asked for at a terminal, and tests have none.</summary>
    public static IReadOnlyDictionary<string, string> Passphrases { get; } = new Dictionary<string, string>
    {
        ["EDGEINFER_PASSPHRASE_ROOT"] = "correct horse battery staple",
        ["EDGEINFER_PASSPHRASE_CI"] = "paper clip on the desk",
    };

    /// <summary>The release folder.</summary>
    public string Folder => folder;

    /// <summary>What devices fetch.</summary>
    public string Repository => Path.Combine(folder, "repository");

    /// <summary>The digest that a device is enrolled with.</summary>
    public string RootSha256 => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Repository, "metadata", "1.root.json"))));

    /// <summary>Runs <c>edgeinfer release</c> in this folder.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> Run(params string[] arguments)
    {
        bool takesFolder = arguments[0] != "golden";
        await using ChildProcess verb = ChildProcess.Start(PublishedBinary.Path, ["release", .. arguments, .. takesFolder ? ["--dir", folder] : (string[])[]], Passphrases);
        int code = await verb.Exit(ChildProcess.Patience);
        Assert.True(code == 0, $"release {string.Join(' ', arguments)}: {verb.Output}");
        return verb.Output;
    }

    /// <summary>Publishes a model for every device.</summary>
    /// <param name="model">Its folder.</param>
    /// <param name="seq">The release's number.</param>
    public async Task Publish(string model, long seq)
    {
        await Run("pack", model, "--name", "parts", "--seq", $"{seq}");
        await Run("publish");
        await Run("rollout", "parts", "--to", $"{seq}");
    }

    /// <summary>What somebody has who has broken into the machine that signs releases: all but root's key, which is not there.</summary>
    /// <param name="target">Where his copy goes.</param>
    public Publisher Stolen(string target)
    {
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) == "root.pem") continue;
            string copy = Path.Combine(target, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return new(target);
    }
}
