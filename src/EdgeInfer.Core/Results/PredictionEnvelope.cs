namespace EdgeInfer.Results;

/// <summary>Which part of a <see cref="Prediction"/> a pipeline's model fills.</summary>
internal enum ResultShape
{
    /// <summary>Objects with boxes: <c>detections</c>.</summary>
    Detections,

    /// <summary>Scores per class: <c>classes</c>.</summary>
    Classes,

    /// <summary>Outputs as numbers: <c>values</c>.</summary>
    Values,
}

/// <summary>What is the same in every message of a pipeline between two starts or two models.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Pipeline">The pipeline's name.</param>
/// <param name="Boot">Counts the agent's starts.</param>
/// <param name="ModelName">The model's name.</param>
/// <param name="ModelVersion">The model's version.</param>
/// <param name="ModelDigest">At least 12 hexadecimal digits, of which the first 12 are written.</param>
/// <param name="Provider">The execution provider really used.</param>
/// <param name="Shape">Which results the model gives.</param>
/// <param name="Labels">One per class; a class without label is written as its number.</param>
/// <param name="Stream">What <c>seq</c> counts within, where that is not the pipeline: one of several models of it.</param>
internal sealed record PredictionFacts(
    string Device, string Pipeline, long Boot, string ModelName, string ModelVersion, string ModelDigest, string Provider, ResultShape Shape, IReadOnlyList<string> Labels,
    string? Stream = null);

/// <summary><see cref="PredictionFacts"/> encoded once, so that a message is copies and a few numbers.</summary>
internal sealed class PredictionEnvelope
{
    private readonly byte[][] _labels;

    /// <summary>Encodes the facts.</summary>
    public PredictionEnvelope(PredictionFacts facts)
    {
        Shape = facts.Shape;
        Head = Encode(static (json, f) =>
        {
            json.Raw("\",\"device\":"u8);
            json.Text(f.Device);
            json.Raw(",\"pipeline\":"u8);
            json.Text(f.Pipeline);
            if (f.Stream is not null)
            {
                json.Raw(",\"stream\":"u8);
                json.Text(f.Stream);
            }

            json.Raw(",\"boot\":"u8);
            json.Number(f.Boot);
            json.Raw(",\"seq\":"u8);
        }, facts);
        Model = Encode(static (json, f) =>
        {
            json.Raw(",\"model\":{\"name\":"u8);
            json.Text(f.ModelName);
            json.Raw(",\"version\":"u8);
            json.Text(f.ModelVersion);
            json.Raw(",\"digest\":"u8);
            json.Text(f.ModelDigest.AsSpan(0, Math.Min(12, f.ModelDigest.Length)));
            json.Raw("},\"provider\":"u8);
            json.Text(f.Provider);
            json.Raw(",\"frame\":{\"width\":"u8);
        }, facts);
        _labels = new byte[facts.Labels.Count][];
        for (int i = 0; i < _labels.Length; i++) _labels[i] = Label(facts.Labels[i], i);
    }

    /// <summary>Which results the messages carry.</summary>
    public ResultShape Shape { get; }

    /// <summary>Classes that have a label.</summary>
    public int LabelCount => _labels.Length;

    /// <summary>From the end of the id to the sequence number.</summary>
    internal byte[] Head { get; }

    /// <summary>From the model to the frame's width.</summary>
    internal byte[] Model { get; }

    /// <summary><c>{"label":"…","class":0,"score":</c> of a class that has a label, else empty.</summary>
    internal ReadOnlySpan<byte> ScoreOf(int @class) => (uint)@class < (uint)_labels.Length ? _labels[@class] : default;

    private static byte[] Label(string label, int @class) => Encode(static (json, x) =>
    {
        json.Raw("{\"label\":"u8);
        json.Text(x.label);
        json.Raw(",\"class\":"u8);
        json.Number(x.@class);
        json.Raw(",\"score\":"u8);
    }, (label, @class));

    private static byte[] Encode<T>(Action<JsonBuffer, T> write, T state)
    {
        JsonBuffer json = new();
        write(json, state);
        return json.Written.ToArray();
    }
}
