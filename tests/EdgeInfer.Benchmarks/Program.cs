using EdgeInfer.Benchmarks;

return args switch
{
    ["render", .. string[] rest] => RenderCommand.Run(rest),
    ["camera-probe", .. string[] rest] => CameraProbeCommand.Run(rest),
    _ => 64,
};
