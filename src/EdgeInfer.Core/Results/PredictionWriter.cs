using System.Runtime.InteropServices;

namespace EdgeInfer.Results;

/// <summary>
/// Writes predictions as <c>edgeinfer/prediction/1</c>, each into the same buffer: no managed bytes per message once the largest
/// has been seen. One thread at a time.
/// </summary>
internal sealed class PredictionWriter(PredictionEnvelope envelope, Random random)
{
    private readonly JsonBuffer _json = new();
    private readonly ResultIds _ids = new(random);

    /// <summary>Writes one prediction; scores have 3 decimals, milliseconds 2, boxes are whole pixels within the frame.</summary>
    /// <param name="prediction">The result.</param>
    /// <param name="isClockSynced">Whether the capture time can be trusted.</param>
    /// <param name="source">The input as given, for one-shot inference; null leaves it out.</param>
    /// <param name="sequence">The message's number in its stream; null takes the result's own.</param>
    /// <returns>The message, valid until the next call.</returns>
    public ReadOnlySpan<byte> Write(Prediction prediction, bool isClockSynced, string? source = null, long? sequence = null)
    {
        JsonBuffer json = _json;
        json.Clear();
        json.Raw("{\"schema\":\"edgeinfer/prediction/1\",\"id\":\""u8);
        _ids.Write(prediction.Frame.CapturedAt, json.Take(ResultIds.Length));
        json.Raw(envelope.Head);
        json.Number(sequence ?? prediction.Sequence);
        json.Raw(",\"captured_at\":"u8);
        json.Time(prediction.Frame.CapturedAt);
        json.Raw(isClockSynced ? ",\"clock\":\"synced\",\"age_ms\":"u8 : ",\"clock\":\"unsynced\",\"age_ms\":"u8);
        json.Fixed(prediction.AgeMilliseconds, 2);
        json.Raw(envelope.Model);
        json.Number(prediction.FrameWidth);
        json.Raw(",\"height\":"u8);
        json.Number(prediction.FrameHeight);
        json.Raw("}"u8);
        if (source is not null)
        {
            json.Raw(",\"source\":"u8);
            json.Text(source);
        }

        if (!prediction.Frame.Id.IsEmpty)
        {
            json.Raw(",\"frame_id\":"u8);
            json.Text(prediction.Frame.Id.Utf8);
        }

        WriteTiming(prediction.Timing);
        switch (envelope.Shape)
        {
            case ResultShape.Detections: WriteDetections(prediction); break;
            case ResultShape.Classes: WriteClasses(prediction); break;
            default: WriteValues(prediction); break;
        }

        json.Raw("}"u8);
        return json.Written;
    }

    private void WriteTiming(in StageTimes times)
    {
        _json.Raw(",\"timing_ms\":{\"decode\":"u8);
        _json.Fixed(times.DecodeMilliseconds, 2);
        _json.Raw(",\"preprocess\":"u8);
        _json.Fixed(times.PreprocessMilliseconds, 2);
        _json.Raw(",\"inference\":"u8);
        _json.Fixed(times.InferenceMilliseconds, 2);
        _json.Raw(",\"postprocess\":"u8);
        _json.Fixed(times.PostprocessMilliseconds, 2);
        _json.Raw("}"u8);
    }

    private void WriteDetections(Prediction prediction)
    {
        _json.Raw(",\"detections\":["u8);
        bool isFirst = true;
        foreach (ref readonly Detection detection in CollectionsMarshal.AsSpan(prediction.Detections))
        {
            if (!isFirst) _json.Raw(","u8);
            isFirst = false;
            WriteScore(detection.Class, detection.Score);
            int left = Pixel(detection.X, prediction.FrameWidth);
            int top = Pixel(detection.Y, prediction.FrameHeight);
            _json.Raw(",\"box\":["u8);
            _json.Number(left);
            _json.Raw(","u8);
            _json.Number(top);
            _json.Raw(","u8);
            _json.Number(Math.Max(0, Pixel(detection.X + detection.Width, prediction.FrameWidth) - left));
            _json.Raw(","u8);
            _json.Number(Math.Max(0, Pixel(detection.Y + detection.Height, prediction.FrameHeight) - top));
            _json.Raw("]}"u8);
        }

        _json.Raw("]"u8);
    }

    private void WriteClasses(Prediction prediction)
    {
        _json.Raw(",\"classes\":["u8);
        bool isFirst = true;
        foreach (ref readonly ClassScore score in CollectionsMarshal.AsSpan(prediction.Classes))
        {
            if (!isFirst) _json.Raw(","u8);
            isFirst = false;
            WriteScore(score.Class, score.Score);
            _json.Raw("}"u8);
        }

        _json.Raw("]"u8);
    }

    /// <summary>An output of one element is a number, any other a list.</summary>
    private void WriteValues(Prediction prediction)
    {
        _json.Raw(",\"values\":{"u8);
        ReadOnlySpan<float> numbers = CollectionsMarshal.AsSpan(prediction.RawValues);
        bool isFirst = true;
        foreach ((string name, int count) in prediction.RawOutputs)
        {
            if (!isFirst) _json.Raw(","u8);
            isFirst = false;
            _json.Text(name);
            _json.Raw(count == 1 ? ":"u8 : ":["u8);
            for (int i = 0; i < count; i++)
            {
                if (i > 0) _json.Raw(","u8);
                _json.Shortest(numbers[i]);
            }

            if (count != 1) _json.Raw("]"u8);
            numbers = numbers[count..];
        }

        _json.Raw("}"u8);
    }

    private void WriteScore(int @class, float score)
    {
        ReadOnlySpan<byte> label = envelope.ScoreOf(@class);
        if (label.IsEmpty)
        {
            _json.Raw("{\"label\":\""u8);
            _json.Number(@class);
            _json.Raw("\",\"class\":"u8);
            _json.Number(@class);
            _json.Raw(",\"score\":"u8);
        }
        else
        {
            _json.Raw(label);
        }

        _json.Fixed(score, 3);
    }

    /// <summary>The whole pixel nearest to an edge, within 0 and the frame's size.</summary>
    private static int Pixel(float edge, int size) => float.IsNaN(edge) ? 0 : (int)Math.Clamp(MathF.Round(edge, MidpointRounding.AwayFromZero), 0, size);
}
