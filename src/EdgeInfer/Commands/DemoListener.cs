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
            Summarise();
            return _score.Frames > 0 ? CommandLine.Success : (int)FaultKind.Unavailable;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _subscriber.DisposeAsync();
    }

    private void Received(in ReceivedMessage message)
    {
        Utf8JsonReader reader = new(message.Payload);
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        JsonElement root = document.RootElement;
        lock (_lock)
        {
            _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_time.GetLocalNow():HH:mm:ss.fff}  {PredictionText.Of(root)}"));
            _detections.Clear();
            foreach (JsonElement found in root.GetProperty("detections").EnumerateArray())
            {
                JsonElement box = found.GetProperty("box");
                _detections.Add(new(found.GetProperty("class").GetInt32(), found.GetProperty("score").GetSingle(), box[0].GetSingle(), box[1].GetSingle(), box[2].GetSingle(), box[3].GetSingle()));
            }

            _score.Add(long.Parse(root.GetProperty("frame_id").GetString()!, CultureInfo.InvariantCulture), _detections);
        }
    }

    private void Summarise()
    {
        lock (_lock)
        {
            _output.WriteLine(_score.Frames == 0
                ? "-- no prediction yet"
                : string.Create(CultureInfo.InvariantCulture, $"-- {_score.Frames} frames against the camera's own truth: precision {_score.Precision:0.000}, recall {_score.Recall:0.000}  ({_score.Right} right, {_score.Wrong} wrong, {_score.Missed} missed)"));
        }
    }
}
