using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Inference;

/// <summary><c>runtime.onnxruntime</c>: the user's own library in place of the one beside the executable.</summary>
public sealed class RuntimeLibraryTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_library_of_the_users_own_is_the_one_that_runs()
    {
        string beside = Path.Combine(Path.GetDirectoryName(PublishedBinary.Path)!, "libonnxruntime.so");
        string own = _folder.Copy(PublishedBinary.Require(beside, "run ./publish.sh again"), "own/libonnxruntime.so");
        await using ChildProcess agent = Run($"onnxruntime: {own}");
        await agent.Line("runs on cpu (");

        string[] loaded = [.. File.ReadLines($"/proc/{agent.Id}/maps").Where(static line => line.EndsWith("libonnxruntime.so", StringComparison.Ordinal)).Select(static line => line[line.IndexOf('/', StringComparison.Ordinal)..]).Distinct()];

        Assert.Equal([own], loaded);
        Assert.Equal(0, await agent.Terminate(ChildProcess.Patience));
    }

    [Fact]
    public async Task An_older_library_ends_it_with_one_line_that_names_both_versions()
    {
        string source = _folder.Write("old.c", """
            #include <stdlib.h>
            static const void* GetApi(unsigned version) { abort(); }
            static const char* GetVersionString(void) { return "1.18.0"; }
            static const struct { const void* (*api)(unsigned); const char* (*version)(void); } base = { GetApi, GetVersionString };
            const void* OrtGetApiBase(void) { return &base; }
            """);
        (int compiled, string said) = await ChildProcess.Run(Peer.Program("cc"), "-shared", "-fPIC", "-w", "-o", _folder["old.so"], source);
        Assert.True(compiled == 0, said);

        await using ChildProcess agent = Run($"onnxruntime: {_folder["old.so"]}");

        Assert.Equal(69, await agent.Exit(ChildProcess.Patience));
        Assert.Contains("is ONNX Runtime 1.18.0, older than 1.31", agent.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", agent.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_is_not_there_is_passed_over_aloud_and_the_second_start_reads_the_kept_graph()
    {
        await using (ChildProcess first = Run("providers: [cuda, cpu]"))
        {
            Assert.Contains("not in this build of ONNX Runtime", await first.Line("does not run on cuda"), StringComparison.Ordinal);
            await first.Line("runs on cpu (");
            Assert.Equal(0, await first.Terminate(ChildProcess.Patience));
        }

        string graph = Assert.Single(Directory.GetFiles(_folder["cache"], "*.graph.onnx"));
        DateTime written = File.GetLastWriteTimeUtc(graph);
        await using ChildProcess second = Run("providers: [cuda, cpu]");
        await second.Line("runs on cpu (");
        Assert.Equal(0, await second.Terminate(ChildProcess.Patience));
        Assert.Equal(written, File.GetLastWriteTimeUtc(graph));
        Assert.DoesNotContain("optimised graph", second.Output, StringComparison.Ordinal);
    }

    // No broker listens there, which the agent must be able to start without.
    private ChildProcess Run(string runtime) => ChildProcess.Start(PublishedBinary.Path, ["run", "-c", _folder.Write("edgeinfer.yaml", $$"""
        device: { id: press-3 }
        mqtt: { url: "mqtt://127.0.0.1:1" }
        runtime: { {{runtime}}, state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache }
        models: { parts: { path: {{TestFolder.BundledModel}} } }
        pipelines: { belt: { source: { synthetic: conveyor, size: 640x480, fps: 5, seed: 1 }, model: parts } }
        """)]);
}
