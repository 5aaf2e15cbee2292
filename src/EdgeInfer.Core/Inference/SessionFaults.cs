using System.Text.RegularExpressions;
using EdgeInfer.Diagnostics;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference;

/// <summary>Turns what ONNX Runtime says about a model into what its owner can act on.</summary>
internal static partial class SessionFaults
{
    /// <summary>The fault of a model that did not load.</summary>
    /// <param name="path">The graph file.</param>
    /// <param name="version">ONNX Runtime's version.</param>
    /// <param name="error">What it threw.</param>
    public static FaultException Loading(string path, string version, Exception error)
    {
        string said = error is OnnxRuntimeException runtime ? Words(runtime) : error.Message;
        (FaultKind kind, string what, string cure) = Explain(path, version, said, error);
        return FaultException.Of(kind, path, what, cure, error);
    }

    /// <summary>The fault of a run that failed.</summary>
    public static FaultException Running(string model, OnnxRuntimeException error)
    {
        string said = Words(error);
        return IsOutOfMemory(said)
            ? FaultException.Of(FaultKind.Unavailable, model, $"too little memory for one inference: {said}", "use a smaller model or input, or give the service more memory", error)
            : FaultException.Of(FaultKind.Data, model, $"the model failed while running: {said}", "check the model with its own exporter", error);
    }

    /// <summary>ONNX Runtime's message without its code, source lines and line breaks.</summary>
    public static string Words(OnnxRuntimeException error) => Noise().Replace(error.Message.ReplaceLineEndings(" "), "").TrimEnd('.', ' ', ';').TrimStart();

    private static (FaultKind Kind, string What, string Cure) Explain(string path, string version, string said, Exception error)
    {
        if (error is DllNotFoundException or TypeInitializationException)
        {
            return (FaultKind.Unavailable, "ONNX Runtime's own library is missing", "put libonnxruntime.so beside the executable or set runtime.onnxruntime");
        }

        if (!File.Exists(path)) return (FaultKind.NoInput, "no such model file", "");
        if (IsOutOfMemory(said)) return (FaultKind.Unavailable, $"too little memory to load the model: {said}", "use a smaller model, or give the service more memory");
        if (Opset().Match(said) is { Success: true } opset)
        {
            return (
                FaultKind.Data, $"the model's opset {opset.Groups["wanted"].Value} is too new: ONNX Runtime {version} knows up to {opset.Groups["known"].Value}",
                "export it with an older opset, or set runtime.onnxruntime to a newer library");
        }

        if (Says(said, "IR version"))
        {
            return (FaultKind.Data, $"the model's format is too new for ONNX Runtime {version}: {said}", "save it with an older onnx package, or set runtime.onnxruntime to a newer library");
        }

        if (Says(said, "external data"))
        {
            return (FaultKind.Data, $"the model keeps weights in another file that is not usable: {said}", "copy that file beside the model, whole and under its own name");
        }

        if (Says(said, "is not a registered function/op") || Says(said, "No Op registered") || Says(said, "Could not find an implementation"))
        {
            return (FaultKind.Data, $"the model uses an operator that ONNX Runtime {version} does not have: {said}", "export it without that operator, or set runtime.onnxruntime to a library that has it");
        }

        if (Says(said, "Protobuf parsing failed") || Says(said, "INVALID_PROTOBUF") || Says(said, "ModelProto does not have a graph") || Says(said, "No graph was found"))
        {
            return (FaultKind.Data, "is not an ONNX model, or only the beginning of one", "copy it again; compare its size and checksum with the original");
        }

        if (Says(said, "denied") || Says(said, "Permission")) return (FaultKind.NoInput, $"cannot be read: {said}", "give the service's user read access");
        return (FaultKind.Data, $"ONNX Runtime {version} refuses the model: {said}", "check it with onnx.checker");
    }

    /// <summary>Whether a model could not be loaded or run for lack of memory.</summary>
    public static bool IsLackOfMemory(FaultException fault) => fault.InnerException is OutOfMemoryException || (fault.InnerException is OnnxRuntimeException error && IsOutOfMemory(error.Message));

    private static bool IsOutOfMemory(string said)
        => Says(said, "bad_alloc") || Says(said, "Failed to allocate memory") || Says(said, "out of memory") || Says(said, "Available memory of");

    private static bool Says(string said, string words) => said.Contains(words, StringComparison.OrdinalIgnoreCase);

    // "[ErrorCode:Fail] Load model from FILE failed:", "Non-zero status code returned while running X node. Name:'Y' Status Message: ", "[ONNXRuntimeError] : 11 : EP_FAIL : " and "/src/file.cc:12 int f(const a&, b) " or "file.cc:12 Function ".
    [GeneratedRegex(@"^\[ErrorCode:\w+\] |\[ONNXRuntimeError\] : \d+ : \w+ : |Non-zero status code returned while running \S+ node\. Name:'[^']*' Status Message: |Load model from .*? failed:\s?|(Error: )?\S+\.(cc|h):\d+ ([\w:<>*&, ]*?\(.*?\)( const)? |\S+ )", RegexOptions.CultureInvariant)]
    private static partial Regex Noise();

    [GeneratedRegex(@"Opset (?<wanted>\d+) is under development.*till opset (?<known>\d+)", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Opset();
}
