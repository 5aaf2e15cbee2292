using EdgeInfer.Benchmarks;

return args switch
{
    ["render", .. string[] rest] => RenderCommand.Run(rest),
    _ => 64,
};
