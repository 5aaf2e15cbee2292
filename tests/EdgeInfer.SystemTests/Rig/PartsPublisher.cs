using System.Security.Cryptography;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>A publisher with a release folder, who uses the published program's verbs, and the configuration of a device that follows him.</summary>
/// <param name="folder">Where everything lies.</param>
internal sealed class PartsPublisher(TestFolder folder)
{
    private string Passphrase => folder["passphrase"];

    /// <summary>What is published: plain files.</summary>
    public string Repository => folder["release/repository"];

    /// <summary>The first root.</summary>
    public string Root => Path.Combine(Repository, "metadata", "1.root.json");

    /// <summary>The graph of a release that was packed.</summary>
    public byte[] Graph(int seq) => File.ReadAllBytes(folder[$"model-{seq}/model.onnx"]);

    /// <summary>Its digest.</summary>
    public string GraphDigest(int seq) => Convert.ToHexStringLower(SHA256.HashData(Graph(seq)));

    /// <summary>Makes the folder and its keys.</summary>
    public async Task Init()
    {
        folder.Write("passphrase", "correct horse battery staple");
        await Must("init", "--passphrase-file", Passphrase);
    }

    /// <summary>Packs the bundled model under another version, with a graph of its own: a device has the bundled one already.</summary>
    public async Task Pack(int seq)
    {
        string source = TestFolder.BundledModel, target = folder[$"model-{seq}"];
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(source, file);
            if (name == "model.yaml") folder.Write($"model-{seq}/{name}", File.ReadAllText(file).Replace("version: 1.0.0", $"version: 1.{seq}.0", StringComparison.Ordinal));
            // ModelProto.doc_string, field 6 of onnx.proto3.
            else if (name == "model.onnx") folder.Write($"model-{seq}/{name}", [.. File.ReadAllBytes(file), (6 << 3) | 2, 1, (byte)('0' + seq)]);
            else folder.Copy(file, $"model-{seq}/{name}");
        }

        await Must("pack", target, "--name", "parts", "--seq", $"{seq}");
    }

    /// <summary>Runs a verb that signs.</summary>
    public Task<(int ExitCode, string Output)> Run(params string[] arguments)
        => AgentProcess.Run(["release", .. arguments, "--dir", folder["release"], "--passphrase-file", Passphrase]);

    /// <summary>Gives every device a release.</summary>
    public async Task Rollout(int seq) => await Must("rollout", "parts", "--to", $"{seq}", "--passphrase-file", Passphrase);

    /// <summary>Publishes what is packed.</summary>
    public async Task Publish(params string[] more) => await Must(["publish", "--passphrase-file", Passphrase, .. more]);

    /// <summary>The configuration of a device.</summary>
    /// <param name="broker">Its broker.</param>
    /// <param name="updates">Keys of <c>updates</c>.</param>
    public string Device(Mosquitto broker, string updates) => folder.Write("edge.yaml", $$"""
        device: { id: press-3 }
        mqtt: { url: "{{broker.Url}}" }
        runtime: { state_folder: state, run_folder: /dev/shm/{{Path.GetFileName(folder.Path)}}, control: control.sock, cache_folder: cache }
        models: { parts: { managed: parts, initial: {{TestFolder.BundledModel}} } }
        updates: { {{updates}}, poll: 6h, spread: 0s }
        pipelines:
          belt: { source: { synthetic: conveyor, size: 320x180, fps: 10 }, model: parts, fps: 10 }
        """);

    /// <summary>Starts the device.</summary>
    /// <param name="configuration">Its file.</param>
    /// <param name="environment">More variables.</param>
    public static async Task<ChildProcess> Start(string configuration, Dictionary<string, string>? environment = null)
    {
        ChildProcess agent = ChildProcess.Start(PublishedBinary.Path, ["run", "-c", configuration], new Dictionary<string, string>(environment ?? []) { ["EDGEINFER_TEST_TRIAL"] = "5/1s" });
        await agent.Line("runs as press-3");
        return agent;
    }

    private async Task Must(params string[] arguments)
    {
        (int code, string said) = await AgentProcess.Run(["release", .. arguments, "--dir", folder["release"]]);
        Assert.True(code == 0, said);
    }
}
