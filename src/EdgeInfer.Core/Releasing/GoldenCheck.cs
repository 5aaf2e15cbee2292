using EdgeInfer.Diagnostics;
using EdgeInfer.Gate;
using EdgeInfer.Models;

namespace EdgeInfer.Releasing;

/// <summary>Whether the golden inputs of a model can judge it, as the devices' gate will see them.</summary>
internal static class GoldenCheck
{
    /// <summary>Inputs with ground truth under an accuracy, at least: of fewer, one more or less decides.</summary>
    private const int LeastTruth = 20;

    private const string Again = "write them with 'edgeinfer release golden MODEL --reference FP32.onnx --input FILES'";

    /// <summary>Checks the expectations of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="metric">An accuracy on them that is demanded; null for none.</param>
    /// <param name="warnings">What works but deserves a look.</param>
    /// <exception cref="UpdateException">One cannot be used, or was made by the model itself.</exception>
    /// <exception cref="FaultException">An accuracy is demanded, and too little is known to measure it.</exception>
    public static void Run(Model model, (string Name, decimal Min)? metric, List<Fault> warnings)
    {
        GoldenSet golden = GoldenSet.Read(model);
        if (golden.Cases.Count == 0)
            warnings.Add(new(FaultKind.Usage, model.Path, "the model has no golden inputs: devices can only see that it loads and how fast it is", Again));
        if (metric is null || golden.TruthCount >= LeastTruth) return;
        throw FaultException.Of(
            FaultKind.Usage, "--metric", $"{golden.TruthCount} golden inputs have ground truth, and {metric.Value.Name} takes at least {LeastTruth}",
            "name a file with what is really there for each, as in golden: [{ input: golden/a.jpg, expect: golden/a.json, truth: golden/a.truth.json }]");
    }
}
