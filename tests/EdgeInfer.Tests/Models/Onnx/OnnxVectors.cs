namespace EdgeInfer.Tests.Models.Onnx;

/// <summary>Graphs as onnx 1.12.0 writes them; made by vectors.py beside this file.</summary>
internal static class OnnxVectors
{
}
