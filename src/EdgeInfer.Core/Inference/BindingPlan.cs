using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Signals;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>One tensor to bind.</summary>
/// <param name="Name">The graph's name.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Dimensions; null where they depend on the picture.</param>
internal sealed record BindingSlot(string Name, ElementType Type, long[]? Shape);

/// <summary>What to bind to a session, worked out once: types, shapes, and which outputs have none that is fixed.</summary>
/// <param name="Picture">The picture input.</param>
/// <param name="Others">Inputs that the contract does not speak of; they are fed zeros.</param>
/// <param name="Outputs">The contract's outputs, in its order.</param>
internal sealed record BindingPlan(BindingSlot Picture, IReadOnlyList<BindingSlot> Others, IReadOnlyList<BindingSlot> Outputs)
{
    /// <summary>For each output, whether the graph leaves its shape open, so that any found is only what was seen.</summary>
    public IReadOnlyList<bool> Undeclared { get; } = [.. Outputs.Select(static output => output.Shape is null)];

    /// <summary>Whether there is such an output.</summary>
    public bool HasUndeclared => Undeclared.Contains(true);

    /// <summary>Reads the session's declarations and, where they leave dimensions open, tries the model out.</summary>
    /// <exception cref="FaultException">The graph does not fit the contract.</exception>
    public static BindingPlan Make(Model model, InferenceSession session)
    {
        FaultList faults = new();
        BindingSlot picture = ReadPicture(model, session, faults);
        List<BindingSlot> others = [];
        foreach ((string name, NodeMetadata metadata) in session.InputMetadata)
        {
            if (name == model.Input.Name) continue;
            // A free dimension of an input nobody feeds is a batch or a sequence: one of it.
            others.Add(new(name, TypeOf(metadata), [.. metadata.Dimensions.Select(static d => (long)Math.Max(1, d))]));
            if (!metadata.IsTensor || others[^1].Type == ElementType.Unknown)
            {
                faults.Add(FaultKind.Data, model.Name, $"input '{name}' is no tensor of numbers", "export the model without it");
            }
        }

        List<BindingSlot> outputs = [];
        foreach (TensorInfo output in model.Output.Outputs) outputs.Add(ReadOutput(model, session, output, faults));
        faults.ThrowIfAny();
        BindingPlan plan = new(picture, others, outputs);
        return outputs.TrueForAll(static o => o.Shape is not null) ? plan : plan with { Outputs = Probe(plan, model, session) };
    }

    private static BindingSlot ReadPicture(Model model, InferenceSession session, FaultList faults)
    {
        PictureInput input = model.Input;
        if (!session.InputMetadata.TryGetValue(input.Name, out NodeMetadata? metadata))
        {
            faults.Add(
                FaultKind.Data, model.Name, $"the graph has no input '{input.Name}', only {string.Join(", ", session.InputNames)}",
                "correct the input's name in model.yaml");
            return new(input.Name, input.Type, input.Shape);
        }

        if (!metadata.IsTensor || TypeOf(metadata) != input.Type)
        {
            faults.Add(
                FaultKind.Data, model.Name,
                $"input '{input.Name}' is {(metadata.IsTensor ? metadata.ElementDataType : metadata.OnnxValueType)} in the graph and {input.Type} in the contract",
                "correct model.yaml");
        }

        long[] shape = input.Shape;
        bool fits = metadata.Dimensions.Length == shape.Length;
        for (int i = 0; fits && i < shape.Length; i++) fits = metadata.Dimensions[i] < 0 || metadata.Dimensions[i] == shape[i];
        if (!fits)
        {
            faults.Add(
                FaultKind.Data, model.Name,
                $"input '{input.Name}' is {Text(metadata.Dimensions)} in the graph and [{string.Join(", ", shape)}] in the contract",
                "correct the input's size or layout in model.yaml");
        }

        return new(input.Name, input.Type, shape);
    }

    private static BindingSlot ReadOutput(Model model, InferenceSession session, TensorInfo output, FaultList faults)
    {
        if (!session.OutputMetadata.TryGetValue(output.Name, out NodeMetadata? metadata))
        {
            faults.Add(
                FaultKind.Data, model.Name, $"the graph has no output '{output.Name}', only {string.Join(", ", session.OutputNames)}",
                "correct the output's name in model.yaml");
            return new(output.Name, output.Type, [1]);
        }

        if (!metadata.IsTensor || TypeOf(metadata) == ElementType.Unknown)
        {
            faults.Add(
                FaultKind.Data, model.Name, $"output '{output.Name}' is no tensor of numbers but {metadata.OnnxValueType}",
                "export the model without it (for scikit-learn: zipmap off)");
            return new(output.Name, output.Type, [1]);
        }

        bool isFixed = Array.TrueForAll(metadata.Dimensions, static d => d > 0);
        return new(output.Name, TypeOf(metadata), isFixed ? [.. metadata.Dimensions.Select(static d => (long)d)] : null);
    }

    // Most open dimensions are only undeclared: for a fixed input they come out the same every time. Two unlike pictures tell those from the
    // ones that depend on what is seen (a NonMaxSuppression inside the graph); a run that still differs later is caught there.
    private static List<BindingSlot> Probe(BindingPlan plan, Model model, InferenceSession session)
    {
        using TensorSet inputs = new([plan.Picture, .. plan.Others]);
        try
        {
            long[][] dark = Shapes(plan, inputs, session);
            FillWithNoise(inputs[0]);
            long[][] noisy = Shapes(plan, inputs, session);
            List<BindingSlot> outputs = [];
            for (int i = 0; i < dark.Length; i++)
            {
                BindingSlot declared = plan.Outputs[i];
                bool isSteady = dark[i].AsSpan().SequenceEqual(noisy[i]) && !dark[i].Contains(0);
                outputs.Add(declared.Shape is null && isSteady ? declared with { Shape = dark[i] } : declared);
            }

            return outputs;
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionFaults.Running(model.Name, e);
        }
    }

    private static long[][] Shapes(BindingPlan plan, TensorSet inputs, InferenceSession session)
    {
        using OrtIoBinding binding = session.CreateIoBinding();
        using RunOptions options = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        inputs.BindAsInputs(binding);
        foreach (BindingSlot output in plan.Outputs) binding.BindOutputToDevice(output.Name, OrtMemoryInfo.DefaultInstance);
        session.RunWithBinding(options, binding);
        using IDisposableReadOnlyCollection<OrtValue> values = binding.GetOutputValues();
        return [.. values.Select(static value => value.GetTensorTypeAndShape().Shape)];
    }

    // Noise over a pixel's usual range, whatever the scale: enough to make detections differ from those on black.
    private static void FillWithNoise(TensorBuffer tensor)
    {
        Random random = new(1);
        if (tensor.Type == ElementType.Float32)
        {
            foreach (ref float value in tensor.Elements<float>()) value = random.NextSingle();
        }
        else if (tensor.Type == ElementType.Float16)
        {
            foreach (ref Half value in tensor.Elements<Half>()) value = (Half)random.NextSingle();
        }
        else
        {
            random.NextBytes(tensor.Bytes);
        }
    }

    private static ElementType TypeOf(NodeMetadata metadata) => metadata.IsTensor ? ElementTypes.From(metadata.ElementDataType) : ElementType.Unknown;

    private static string Text(int[] dimensions) => $"[{string.Join(", ", dimensions.Select(static d => d < 0 ? "?" : d.ToString(System.Globalization.CultureInfo.InvariantCulture)))}]";
}
