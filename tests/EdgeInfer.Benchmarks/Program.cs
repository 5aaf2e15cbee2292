using EdgeInfer.Benchmarks;

return args is [string name, .. string[] rest]
    ? name switch
    {
        "preprocess" => PreprocessBenchmark.Run(rest),
        "digest" => PreprocessDigest.Run(rest),
        _ => throw new ArgumentException($"no benchmark is named {name}"),
    }
    : 64;
