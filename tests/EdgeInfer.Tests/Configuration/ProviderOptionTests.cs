using EdgeInfer.Configuration;
using EdgeInfer.Tests.Libraries;

namespace EdgeInfer.Tests.Configuration;

public sealed class ProviderOptionTests : IDisposable
{
    private readonly CompiledLibraries _libraries = new();

    public void Dispose() => _libraries.Dispose();

    [Fact]
    public void Options_that_operators_need_have_names_of_their_own_and_all_others_are_passed_on()
    {
        RuntimeOptions runtime = Good("""
            runtime:
              providers: [tensorrt, cuda, openvino, cpu]
              options:
                tensorrt: { device: 1, memory: 1GiB, fp16: true, int8: false, background: false, trt_dla_enable: true }
                cuda: { memory: 512MiB, cudnn_conv_algo_search: HEURISTIC }
                openvino: { device_type: "GPU.1" }

            """);
        ProviderOptions tensorRt = runtime.Options["tensorrt"];
        Assert.Equal((1, 1L << 30, true, false, false), (tensorRt.Device, tensorRt.MemoryBytes, tensorRt.IsHalf, tensorRt.IsInt8, tensorRt.IsBackground));
        Assert.Equal([new("trt_dla_enable", "true")], tensorRt.Own);
        Assert.Equal((512L << 20, "HEURISTIC"), (runtime.Options["cuda"].MemoryBytes, runtime.Options["cuda"].Own["cudnn_conv_algo_search"]));
        Assert.Equal("GPU.1", runtime.Options["openvino"].Own["device_type"]);
    }

    [Fact]
    public void A_variable_sets_an_option_too()
        => Assert.Equal(2, ConfigurationText.Good(ConfigurationText.Smallest + "runtime: { providers: [cuda, cpu] }\n", ("EDGEINFER__RUNTIME__OPTIONS__CUDA__DEVICE", "2"))
            .Runtime.Options["cuda"].Device);

    [Fact]
    public void A_plug_in_may_stand_among_the_providers_and_call_its_options_what_it_likes()
    {
        string library = Library();
        RuntimeOptions runtime = Good($$"""
            runtime:
              providers: [npu, cpu]
              plugins: { npu: {{library}} }
              options: { npu: { device: 1, background: true, memory: low, fp16: "yes" } }

            """);
        Assert.Equal(["npu", "cpu"], runtime.Providers);
        Assert.Equal(library, runtime.Plugins["npu"]);
        Assert.Equal((1, true), (runtime.Options["npu"].Device, runtime.Options["npu"].IsBackground));
        Assert.Equal(["fp16=yes", "memory=low"], runtime.Options["npu"].Own.Select(static o => $"{o.Key}={o.Value}").Order());
    }

    [Fact]
    public void A_plug_in_may_take_the_place_of_a_built_in_provider()
        => Assert.Equal("HTP", Good($$"""
            runtime: { providers: [qnn, cpu], plugins: { qnn: {{Library()}} }, options: { qnn: { backend_type: HTP } } }

            """).Options["qnn"].Own["backend_type"]);

    [Theory]
    [InlineData("providers: [cpu], options: { cuda: { device: 0 } }", "runtime.options.cuda: cuda is not among runtime.providers; add it there, or remove its options")]
    [InlineData("providers: [cuda], options: { cdua: { device: 0 } }", "runtime.options: unknown provider 'cdua'; did you mean 'cuda'?")]
    [InlineData("providers: [cpu], options: { cpu: { threads: 2 } }", "runtime.options.cpu: the CPU's provider has no options; see runtime.threads")]
    [InlineData("providers: [cuda], options: { cuda: { device: -1 } }", "runtime.options.cuda.device: found '-1'; expected a whole number from 0 to 63")]
    [InlineData("providers: [cuda], options: { cuda: { memory: all } }", "runtime.options.cuda.memory: found 'all'; expected a size such as 64MiB, from 1048576 to 1099511627776 bytes")]
    [InlineData("providers: [cuda], options: { cuda: { fp16: true } }", "runtime.options.cuda.fp16: cuda has no option of this name; tensorrt, migraphx have; cuda's own keys are passed on as they are")]
    [InlineData("providers: [tensorrt], options: { tensorrt: { fp16: yes } }", "runtime.options.tensorrt.fp16: found 'yes'; expected true or false")]
    [InlineData("providers: [tensorrt], options: { tensorrt: { fp16: true, trt_fp16_enable: 1 } }", "runtime.options.tensorrt.trt_fp16_enable: 'fp16' says the same; keep one of them")]
    [InlineData("providers: [openvino], options: { openvino: { device_type: [GPU] } }", "runtime.options.openvino.device_type: found a list; expected a text or a number, which is passed on as it is")]
    [InlineData("providers: [qnn], options: { qnn: { '': HTP } }", "runtime.options.qnn: an option has a name, and no character 0 in it or in its value; write it as the provider's pages do")]
    [InlineData("providers: [qnn], options: { qnn: { backend_path: \"a\\0b\" } }", "runtime.options.qnn: an option has a name, and no character 0 in it or in its value; write it as the provider's pages do")]
    [InlineData("providers: [qnn], options: { qnn: HTP }", "runtime.options.qnn: found 'HTP'; expected a mapping")]
    [InlineData("providers: [npu, cpu], plugins: { npu: /nowhere/npu.so }", "runtime.plugins.npu: there is no file /nowhere/npu.so; name the provider's own library, such as libonnxruntime_providers_….so")]
    [InlineData("plugins: { NPU: /dev/null }", "runtime.plugins: 'NPU' cannot be a provider's name; expected 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit")]
    [InlineData("plugins: { cpu: /dev/null }", "runtime.plugins: 'cpu' cannot be a provider's name; the CPU's provider is always the built-in one")]
    [InlineData("providers: [npu, cpu]", "runtime.providers: unknown provider 'npu'; did you mean 'cpu'?")]
    public void A_fault_says_what_and_how_to_cure_it(string runtime, string expected)
        => Assert.Contains(ConfigurationText.Faults($"runtime: {{ {runtime} }}"), fault => fault.EndsWith(expected, StringComparison.Ordinal));

    [Fact]
    public void A_library_that_is_no_plug_in_is_refused_before_any_of_its_code_runs()
    {
        string path = _libraries.Make("libother.so", "int answer(void) { return 42; }");
        Assert.Contains(ConfigurationText.Faults($"runtime: {{ providers: [npu, cpu], plugins: {{ npu: {path} }} }}"), fault => fault.EndsWith(
            $"runtime.plugins.npu: the library {path} is no plug-in provider: it lacks CreateEpFactories; name the provider's own library, such as libonnxruntime_providers_….so", StringComparison.Ordinal));
    }

    [Fact]
    public void A_difference_in_one_option_is_another_runtime()
    {
        const string Text = "runtime: { providers: [cuda, cpu], options: { cuda: { device: 0, gpu_external_alloc: 1 } } }\n";
        Assert.Equal(Good(Text), Good(Text));
        Assert.NotEqual(Good(Text), Good(Text.Replace("device: 0", "device: 1", StringComparison.Ordinal)));
        Assert.NotEqual(Good(Text), Good(Text.Replace("alloc: 1", "alloc: 2", StringComparison.Ordinal)));
    }

    private static RuntimeOptions Good(string runtime) => ConfigurationText.Good(ConfigurationText.Smallest + runtime).Runtime;

    private string Library() => _libraries.Make("libnpu.so", "void CreateEpFactories(void) { }");
}
