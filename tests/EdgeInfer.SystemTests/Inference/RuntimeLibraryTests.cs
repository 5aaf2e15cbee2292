using System.Net;
using System.Net.Sockets;
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

    [Theory]
    [InlineData("text", "is no shared library; name the libonnxruntime.so itself")]
    [InlineData("pipe", "is a pipe; name the libonnxruntime.so itself")]
    [InlineData("cut", "is cut off after 4096 bytes; name the libonnxruntime.so itself")]
    [InlineData("other", "is no ONNX Runtime: it lacks OrtGetApiBase; name the libonnxruntime.so itself")]
    [InlineData("32-bit", "is for 32-bit ARM, and this is {here}; name one that was built for this processor")]
    [InlineData("machine", "is for {other}, and this is {here}; name one that was built for this processor")]
    [InlineData("old", "is ONNX Runtime 1.16.0, too old: 1.17 and newer are served; name a libonnxruntime.so of 1.17 or newer, or none for the one that comes with EdgeInfer")]
    [InlineData("major", "is ONNX Runtime 2.0.0, too new: it does not offer API version 31 any more; name a libonnxruntime.so of 1.17 to 1.31, or a newer EdgeInfer")]
    [InlineData("missing", "needs libalpha.so.1, libbeta.so.2, which are not found here; install what has them, or add their folder to /etc/ld.so.conf.d and run ldconfig")]
    public async Task What_cannot_be_the_library_is_told_alike_by_run_and_check_and_never_loaded(string kind, string said)
    {
        string library = await Bad(kind);
        string configuration = Configuration($"onnxruntime: {library}");
        said = $"{library} {said.Replace("{here}", Name(ReleasedRuntime.Here), StringComparison.Ordinal).Replace("{other}", Name(ReleasedRuntime.Other), StringComparison.Ordinal)}";

        (int checkedCode, string checkedOutput) = await ChildProcess.Run(PublishedBinary.Path, "check", "-c", configuration);
        Assert.Equal(78, checkedCode);
        Assert.EndsWith(said, checkedOutput.Split('\n')[0], StringComparison.Ordinal);
        (int code, string output) = await ChildProcess.Run(PublishedBinary.Path, "run", "-c", configuration);
        Assert.Equal(78, code);
        Assert.EndsWith(said, Assert.Single(output.Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_newer_C_library_than_this_systems_is_named_with_both_versions()
    {
        // A C library of the future to link against; the one here has no such version.
        await Compile("libc.so.6", "int later(void) { return 1; }", "-nostdlib", "-Wl,-soname,libc.so.6", $"-Wl,--version-script={_folder.Write("libc.map", "GLIBC_2.99 { global: later; };")}");
        string library = await Compile("libonnxruntime.so", "extern int later(void); void *OrtGetApiBase(void) { later(); return 0; }", "-nostdlib", _folder["libc.so.6"]);
        (_, string here) = await ChildProcess.Run(Peer.Program("getconf"), "GNU_LIBC_VERSION");

        (int code, string output) = await ChildProcess.Run(PublishedBinary.Path, "check", "-c", Configuration($"onnxruntime: {library}"));

        Assert.Equal(78, code);
        Assert.Contains($"the library {library} needs glibc 2.99, and this system has {here.Split(' ')[1]}; use a build for this release of the system, or a newer system", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_newer_library_that_has_given_up_the_packages_API_is_refused_in_one_line()
    {
        string library = await Compile("libonnxruntime.so", """
            static const void *GetApi(unsigned version) { return 0; }
            static const char *GetVersionString(void) { return "1.45.0"; }
            static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { GetApi, GetVersionString };
            const void *OrtGetApiBase(void) { return &base; }
            """);
        await using ChildProcess agent = Run($"onnxruntime: {library}");

        Assert.Equal(69, await agent.Exit(ChildProcess.Patience));
        Assert.Equal($"edgeinfer: {library}: is ONNX Runtime 1.45.0, too new: it does not offer API version 31 any more; name a libonnxruntime.so of 1.17 to 1.31, or a newer EdgeInfer", agent.Output.Split('\n')[^1]);
    }

    [Fact]
    public async Task A_table_without_functions_is_refused_in_one_line()
    {
        string library = await Compile("libonnxruntime.so", """
            static const void *table[500];
            static const void *GetApi(unsigned version) { return table; }
            static const char *GetVersionString(void) { return "1.20.1"; }
            static const struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { GetApi, GetVersionString };
            const void *OrtGetApiBase(void) { return &base; }
            """);
        await using ChildProcess agent = Run($"onnxruntime: {library}");

        Assert.Equal(69, await agent.Exit(ChildProcess.Patience));
        Assert.Equal($"edgeinfer: {library}: says that it is ONNX Runtime 1.20.1 and lacks functions of API version 20; name a libonnxruntime.so as its makers built it", agent.Output.Split('\n')[^1]);
    }

    [Theory]
    [InlineData("mqtt://127.0.0.1:1", 0)]
    [InlineData("embedded://127.0.0.1:{taken}", 69)]
    public async Task A_library_that_hangs_as_it_is_loaded_keeps_nobody_from_ending(string broker, int expected)
    {
        string library = await Compile("libonnxruntime.so", """
            #include <stdio.h>
            #include <unistd.h>
            __attribute__((constructor)) static void start(void) { fputs("hangs\n", stderr); for (;;) pause(); }
            void *OrtGetApiBase(void) { return 0; }
            """);
        using System.Net.Sockets.TcpListener taken = new(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        await using ChildProcess agent = Run($"onnxruntime: {library}", broker.Replace("{taken}", $"{((System.Net.IPEndPoint)taken.LocalEndpoint).Port}", StringComparison.Ordinal));
        if (expected == 0)
        {
            await agent.Line("hangs");
            Assert.Equal(expected, await agent.Terminate(ChildProcess.Patience));
        }
        else
        {
            Assert.Equal(expected, await agent.Exit(ChildProcess.Patience));
        }
    }

    [Fact]
    public async Task A_start_that_fails_while_a_library_is_being_loaded_ends_in_order_and_does_not_wait_for_it()
    {
        // Exit handlers in the middle of a library's start crash in it, or wait for it.
        string library = await Compile("libonnxruntime.so", $$"""
            #include <stdio.h>
            #include <unistd.h>
            __attribute__((constructor)) static void start(void) { sleep(20); fclose(fopen("{{_folder["started"]}}", "w")); }
            void *OrtGetApiBase(void) { return 0; }
            """);
        using TcpListener busy = new(IPAddress.Loopback, 0);
        busy.Start();
        int port = ((IPEndPoint)busy.LocalEndpoint).Port;
        string configuration = Configuration($"onnxruntime: {library}");
        File.WriteAllText(configuration, File.ReadAllText(configuration).Replace("mqtt://127.0.0.1:1", $"embedded://127.0.0.1:{port}", StringComparison.Ordinal));

        (int code, string output) = await ChildProcess.Run(PublishedBinary.Path, "run", "-c", configuration);

        Assert.Equal(69, code);
        Assert.StartsWith($"edgeinfer: embedded://127.0.0.1:{port}: port {port} is in use", Assert.Single(output.Split('\n')), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["started"]), "it waited for the library");
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_told_with_its_place()
    {
        (int code, string output) = await ChildProcess.Run(PublishedBinary.Path, "check", "-c", Configuration($"onnxruntime: {_folder["none.so"]}"));
        Assert.Equal(78, code);
        Assert.Contains($"runtime.onnxruntime: there is no file {_folder["none.so"]}", output, StringComparison.Ordinal);
        (code, output) = await ChildProcess.Run(PublishedBinary.Path, "bench", TestFolder.BundledModel, "--onnxruntime", _folder["none.so"]);
        Assert.Equal(66, code);
        Assert.StartsWith($"edgeinfer: {_folder["none.so"]}: no such file; ", Assert.Single(output.Split('\n')), StringComparison.Ordinal);
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

    private static string Name(string architecture) => architecture == "x64" ? "x86-64" : architecture;

    // Whoever loads one of these sees the process end.
    private async Task<string> Bad(string kind)
    {
        const string EndsTheProcess = "#include <stdlib.h>\n__attribute__((constructor)) static void start(void) { abort(); }\n";
        const string Entry = EndsTheProcess + "void *OrtGetApiBase(void) { return 0; }\n";
        switch (kind)
        {
            case "text": return _folder.Write("libonnxruntime.so", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n");
            case "pipe":
                Assert.Equal(0, (await ChildProcess.Run(Peer.Program("mkfifo"), _folder["libonnxruntime.so"])).ExitCode);
                return _folder["libonnxruntime.so"];
            case "cut": return _folder.Write("libonnxruntime.so", File.ReadAllBytes(await Compile("whole.so", Entry + "int big[50000] = { 1 };"))[..4096]);
            case "other": return await Compile("libonnxruntime.so", EndsTheProcess);
            case "machine": return await ReleasedRuntime.Library("1.17.3", ReleasedRuntime.Other);
            case "old": return await Compile("libonnxruntime.so", Entry, $"-Wl,--version-script={_folder.Write("map", "VERS_1.16.0 { global: OrtGetApiBase; local: *; };")}");
            case "major": return await Compile("libonnxruntime.so", Entry, $"-Wl,--version-script={_folder.Write("map", "VERS_2.0.0 { global: OrtGetApiBase; local: *; };")}");
            case "missing":
                string alpha = await Compile("libalpha.so.1", "int alpha(void) { return 1; }", "-Wl,-soname,libalpha.so.1"), beta = await Compile("libbeta.so.2", "int beta(void) { return 1; }", "-Wl,-soname,libbeta.so.2");
                string library = await Compile("libonnxruntime.so", "int alpha(void); int beta(void);\n" + Entry + "int both(void) { return alpha() + beta(); }", alpha, beta);
                File.Delete(alpha);
                File.Delete(beta);
                return library;
            default:
                // e_ident, ET_DYN and EM_ARM as the System V ABI has them.
                return _folder.Write("libonnxruntime.so", [0x7f, .. "ELF"u8, 1, 1, 1, .. new byte[9], 3, 0, 40, 0, .. new byte[44]]);
        }
    }

    private async Task<string> Compile(string name, string code, params string[] options)
    {
        (int compiled, string said) = await ChildProcess.Run(Peer.Program("cc"), ["-shared", "-fPIC", "-w", "-o", _folder[name], _folder.Write(name + ".c", code), .. options]);
        Assert.True(compiled == 0, said);
        return _folder[name];
    }

    // No broker listens there, which the agent must be able to start without.
    private ChildProcess Run(string runtime, string broker = "mqtt://127.0.0.1:1") => ChildProcess.Start(PublishedBinary.Path, ["run", "-c", Configuration(runtime, broker)]);

    private string Configuration(string runtime, string broker = "mqtt://127.0.0.1:1") => _folder.Write("edgeinfer.yaml", $$"""
        device: { id: press-3 }
        mqtt: { url: "{{broker}}" }
        runtime: { {{runtime}}, state_folder: {{_folder.Path}}/state, cache_folder: {{_folder.Path}}/cache }
        models: { parts: { path: {{TestFolder.BundledModel}} } }
        pipelines: { belt: { source: { synthetic: conveyor, size: 640x480, fps: 5, seed: 1 }, model: parts } }
        """);
}
