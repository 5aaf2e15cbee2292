using System.Globalization;
using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;
using EdgeInfer.Pipeline;
using EdgeInfer.Results;
using EdgeInfer.Sources.Synthetic;

namespace EdgeInfer.Commands;

/// <summary>Listens to the demo's predictions as any MQTT client would, prints them, and holds them against the camera's own truth.</summary>
internal sealed class DemoListener : IAsyncDisposable
{
    private static readonly TimeSpan s_summary = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private readonly BeltScore _score;
    private readonly MqttSubscriber _subscriber;
    private readonly ITimer _timer;
    private long _told;
    private readonly List<Detection> _detections = [];

    /// <summary>Prepares to listen.</summary>
    /// <param name="broker">The embedded broker.</param>
    /// <param name="belt">The camera, whose truth is known.</param>
    /// <param name="services">Clock and log.</param>
    /// <param name="output">Where lines go.</param>
    public DemoListener(Uri broker, SyntheticOptions belt, AgentServices services, TextWriter output)
    {
        _output = output;
        _time = services.Time;
        _score = new(new BeltTruth(new BeltScene(belt.Size, belt.FramesPerSecond, belt.Seed)));
#pragma warning disable CA5394 // Makes the client id unique.
        _subscriber = new(new() { Url = broker }, ["edgeinfer/demo/+/prediction"], Received, services.Time, new Random(services.Random.Next()), services.Logger);
#pragma warning restore CA5394
        _timer = services.Time.CreateTimer(static l => ((DemoListener)l!).Summarise(), this, s_summary, s_summary);
    }

    /// <summary>Connects.</summary>
    public void Start() => _subscriber.Start();

    /// <summary>Prints the final figures.</summary>
    /// <returns>0, or 69 where no prediction ever arrived.</returns>
    public int Finish()
    {
        lock (_lock)
        {
            if (_score.Frames == 0 || _score.Frames != _told) Summarise();
            return _score.Frames > 0 ? CommandLine.Success : (int)FaultKind.Unavailable;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _subscriber.DisposeAsync();
    }

    /// <summary>Reads a prediction; anyone on this machine may publish to the demo's broker, and what is none is passed over.</summary>
    /// <param name="payload">Anything.</param>
    /// <param name="frame">The camera's number of the frame.</param>
    /// <param name="found">Where the detections are put.</param>
    /// <param name="line">The prediction for a terminal.</param>
    internal static bool TryRead(ReadOnlySpan<byte> payload, out long frame, List<Detection> found, out string line)
    {
        frame = 0;
        found.Clear();
        line = "";
        using JsonDocument? document = ReceivedText.Parse(payload);
        if (document is null) return false;
        try
        {
            JsonElement root = document.RootElement;
            foreach (JsonElement detection in root.GetProperty("detections").EnumerateArray())
            {
                JsonElement box = detection.GetProperty("box");
                found.Add(new(
                    detection.GetProperty("class").GetInt32(), detection.GetProperty("score").GetSingle(),
                    box[0].GetSingle(), box[1].GetSingle(), box[2].GetSingle(), box[3].GetSingle()));
            }

            line = PredictionText.Of(root);
            return long.TryParse(root.GetProperty("frame_id").GetString(), CultureInfo.InvariantCulture, out frame);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            return false;
        }
    }

    private void Received(in ReceivedMessage message)
    {
        lock (_lock)
        {
            if (!TryRead(message.Payload, out long frame, _detections, out string line)) return;
            _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_time.GetLocalNow():HH:mm:ss.fff}  {line}"));
            _score.Add(frame, _detections);
        }
    }

    private void Summarise()
    {
        lock (_lock)
        {
            _told = _score.Frames;
            _output.WriteLine(_score.Frames == 0
                ? "-- no prediction yet"
                : string.Create(CultureInfo.InvariantCulture, $"-- {_score.Frames} frames against the camera's own truth: precision {_score.Precision:0.000}, recall {_score.Recall:0.000}  ({_score.Right} right, {_score.Wrong} wrong, {_score.Missed} missed)"));
        }
    }
}
