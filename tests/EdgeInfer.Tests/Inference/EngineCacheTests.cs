using EdgeInfer.Configuration;
using EdgeInfer.Inference;
using EdgeInfer.Inference.Interop;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Inference;

public sealed class EngineCacheTests : IDisposable
{
    private static readonly GpuIdentity s_orin = new("Orin", "8.7");
    private static readonly EngineKey s_key = new(new string('a', 64), "1.31.1", 100300, s_orin, "x Float32 1x3x640x640", new());
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-engines-");
    private readonly EngineCache _cache;

    public EngineCacheTests() => _cache = new(_folder.FullName, NullLogger.Instance);

    public void Dispose() => _folder.Delete(recursive: true);

    public static TheoryData<string> Differences => ["model", "runtime", "tensorrt", "gpu", "capability", "shape", "fp16", "int8", "memory", "own", "value"];

    [Theory]
    [MemberData(nameof(Differences))]
    public void An_engine_is_good_for_one_model_runtime_TensorRT_GPU_shape_and_precision(string difference)
    {
        EngineKey other = difference switch
        {
            "model" => s_key with { ModelDigest = new string('b', 64) },
            "runtime" => s_key with { RuntimeVersion = "1.31.0" },
            "tensorrt" => s_key with { TensorRtVersion = 100400 },
            "gpu" => s_key with { Gpu = new("NVIDIA L4", "8.7") },
            "capability" => s_key with { Gpu = new("Orin", "8.9") },
            "shape" => s_key with { Shapes = "x Float32 1x3x320x320" },
            "fp16" => s_key with { Options = new() { IsHalf = true } },
            "int8" => s_key with { Options = new() { IsInt8 = true } },
            "memory" => s_key with { Options = new() { MemoryBytes = 1 << 30 } },
            "own" => s_key with { Options = Own(("trt_dla_enable", "1")) },
            _ => s_key with { Options = Own(("trt_dla_enable", "0")) },
        };
        Assert.NotEqual(s_key.Folder, other.Folder);
        if (difference == "value") Assert.NotEqual((s_key with { Options = Own(("trt_dla_enable", "1")) }).Folder, other.Folder);
    }

    [Fact]
    public void The_order_of_the_options_in_the_file_makes_no_other_engine()
        => Assert.Equal((s_key with { Options = Own(("a", "1"), ("b", "2")) }).Folder, (s_key with { Options = Own(("b", "2"), ("a", "1")) }).Folder);

    [Fact]
    public void What_runs_into_one_another_makes_another_engine()
        => Assert.NotEqual((s_key with { Gpu = new("A", "8.7") }).Folder, (s_key with { Gpu = new("A8", ".7") }).Folder);

    [Fact]
    public void The_device_and_the_background_make_no_other_engine()
        => Assert.Equal(s_key.Folder, (s_key with { Options = new() { Device = 1, IsBackground = true } }).Folder);

    [Fact]
    public void Measured_times_of_kernels_are_shared_by_all_models_of_one_GPU_and_TensorRT()
    {
        Assert.Equal(s_key.TimingFolder, (s_key with { ModelDigest = new string('b', 64), Shapes = "" }).TimingFolder);
        Assert.NotEqual(s_key.TimingFolder, (s_key with { TensorRtVersion = 80600 }).TimingFolder);
        Assert.NotEqual(s_key.TimingFolder, (s_key with { Gpu = new("Orin", "8.9") }).TimingFolder);
    }

    [Fact]
    public void An_engine_is_ready_only_after_it_has_run()
    {
        Assert.False(_cache.IsReady(s_key));
        string path = Write(s_key, "engine", "abc");
        Assert.False(_cache.IsReady(s_key));
        _cache.Keep(s_key);
        Assert.True(_cache.IsReady(s_key));

        // printf abc | sha256sum
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  engine", Assert.Single(File.ReadAllLines(Path.Combine(path, "complete.sha256"))));
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("abd")]
    [InlineData("")]
    public void An_engine_that_is_not_as_it_was_is_built_anew(string content)
    {
        string path = Write(s_key, "engine", "abc");
        _cache.Keep(s_key);
        File.WriteAllText(Path.Combine(path, "engine"), content);
        Assert.False(_cache.IsReady(s_key));
        Assert.NotNull(_cache.Prepare(s_key));
        Assert.False(File.Exists(Path.Combine(path, "engine")));
    }

    [Fact]
    public void A_file_more_or_less_is_no_whole_engine()
    {
        string path = Write(s_key, "engine", "abc");
        _cache.Keep(s_key);
        File.WriteAllText(Path.Combine(path, "other"), "");
        Assert.False(_cache.IsReady(s_key));
        File.Delete(Path.Combine(path, "other"));
        Assert.True(_cache.IsReady(s_key));
        File.Delete(Path.Combine(path, "engine"));
        Assert.False(_cache.IsReady(s_key));
    }

    [Fact]
    public void A_build_that_was_cut_off_leaves_nothing_that_is_read()
    {
        string path = Write(s_key, "engine", "half of i");
        Assert.NotNull(_cache.Prepare(s_key));
        Assert.False(File.Exists(Path.Combine(path, "engine")));
    }

    [Fact]
    public void TensorRT_is_told_both_folders()
    {
        Dictionary<string, string> settings = _cache.Prepare(s_key)!;
        Assert.Equal(("1", Path.Combine(_folder.FullName, s_key.Folder)), (settings["trt_engine_cache_enable"], settings["trt_engine_cache_path"]));
        Assert.Equal(("1", Path.Combine(_folder.FullName, s_key.TimingFolder)), (settings["trt_timing_cache_enable"], settings["trt_timing_cache_path"]));
        Assert.All([settings["trt_engine_cache_path"], settings["trt_timing_cache_path"]], static p => Assert.True(Directory.Exists(p)));
    }

    [Fact]
    public void Other_engines_of_a_model_go_only_when_the_new_one_has_run()
    {
        EngineKey newer = s_key with { TensorRtVersion = 100400 };
        Keep(s_key);
        Write(newer, "engine", "new");
        Assert.True(_cache.IsReady(s_key));
        _cache.Keep(newer);
        Assert.False(_cache.IsReady(s_key));
        Assert.True(_cache.IsReady(newer));
    }

    [Fact]
    public void The_eight_newest_models_are_kept()
    {
        EngineKey[] keys = [.. Enumerable.Range(0, 10).Select(i => s_key with { ModelDigest = new string((char)('a' + i), 64) })];
        for (int i = 0; i < keys.Length; i++)
        {
            Keep(keys[i]);
            Directory.SetLastWriteTimeUtc(Path.Combine(_folder.FullName, keys[i].Folder), new DateTime(2026, 1, 1 + i, 0, 0, 0, DateTimeKind.Utc));
        }

        Assert.Equal(keys[2..], keys.Where(_cache.IsReady));
    }

    [Fact]
    public void What_is_being_built_is_left_alone()
    {
        EngineKey built = s_key with { ModelDigest = new string('b', 64) };
        string path = Write(built, "engine", "half");
        Keep(s_key);
        Assert.True(Directory.Exists(path));
    }

    // Number and start: above pid_max of every 64-bit kernel, an earlier process of a number that is taken again, and what a power cut leaves.
    [Theory]
    [InlineData("4194305 1")]
    [InlineData("{self} 1")]
    [InlineData("{self}")]
    [InlineData("")]
    [InlineData("/ 1")]
    public void What_was_being_built_by_a_process_that_is_gone_goes(string builder)
    {
        string path = Write(s_key with { ModelDigest = new string('b', 64) }, "engine", "half");
        File.WriteAllText(Path.Combine(path, "builder.pid"), builder.Replace("{self}", $"{Environment.ProcessId}", StringComparison.Ordinal));
        Keep(s_key);
        Assert.False(Directory.Exists(path));
        Assert.True(_cache.IsReady(s_key));
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_no_whole_engine()
    {
        Keep(s_key);
        File.CreateSymbolicLink(Path.Combine(_folder.FullName, s_key.Folder, "other"), "/nowhere");
        Assert.False(_cache.IsReady(s_key));
        Assert.NotNull(_cache.Prepare(s_key));
        Assert.False(File.Exists(Path.Combine(_folder.FullName, s_key.Folder, "engine")));
    }

    [Fact]
    public void With_an_engine_that_is_refused_the_measured_times_go_too_and_their_folder_stays()
    {
        Keep(s_key);
        string timing = _cache.Prepare(s_key)!["trt_timing_cache_path"];
        File.WriteAllText(Path.Combine(timing, "TensorrtExecutionProvider_cache_sm87.timing"), "half of i");
        _cache.Forget(s_key);
        Assert.Empty(Directory.GetFileSystemEntries(timing));
    }

    [Fact]
    public void A_kept_engine_that_TensorRT_refuses_is_forgotten()
    {
        Keep(s_key);
        _cache.Forget(s_key);
        Assert.False(_cache.IsReady(s_key));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_keeps_nothing_and_stops_nobody()
    {
        string file = Path.Combine(_folder.FullName, "file");
        File.WriteAllText(file, "");
        EngineCache broken = new(file, NullLogger.Instance);
        Assert.Null(broken.Prepare(s_key));
        broken.Keep(s_key);
        Assert.False(broken.IsReady(s_key));
    }

    private static ProviderOptions Own(params (string Key, string Value)[] own) => new() { Own = own.ToDictionary(static o => o.Key, static o => o.Value) };

    private void Keep(EngineKey key)
    {
        Write(key, "engine", key.Folder);
        _cache.Keep(key);
    }

    private string Write(EngineKey key, string name, string content)
    {
        string path = _cache.Prepare(key)!["trt_engine_cache_path"];
        File.WriteAllText(Path.Combine(path, name), content);
        return path;
    }
}
