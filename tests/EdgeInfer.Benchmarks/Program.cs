using EdgeInfer.Benchmarks;

return args switch
{
    ["render", .. string[] rest] => RenderCommand.Run(rest),
    ["camera-probe", .. string[] rest] => CameraProbeCommand.Run(rest),
    ["evaluate", .. string[] rest] => EvaluateCommand.Run(rest),
    ["golden", .. string[] rest] => GoldenCommand.Run(rest),
    ["preprocess", .. string[] rest] => PreprocessBenchmark.Run(rest),
    ["record"] => RecordBenchmark.Run(),
    ["ring"] => RingBenchmark.Run(),
    ["formats", .. string[] rest] => FrameFormatBenchmark.Run(rest),
    ["digest", .. string[] rest] => PreprocessDigest.Run(rest),
    _ => 64,
};
