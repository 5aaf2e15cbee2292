using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeInfer.Control;
using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnostics;
using EdgeInfer.Pipeline;
using EdgeInfer.Posix;
using EdgeInfer.Recording;
using EdgeInfer.Results;
using EdgeInfer.Sinks;

namespace EdgeInfer.Hosting;

/// <summary>What can be asked of the agent, over its socket and over MQTT alike. Answers from before the agent is up: models may take long to load.</summary>
/// <param name="reload">Reads the configuration again.</param>
/// <param name="doctor">Examines the device.</param>
/// <param name="self">Begins this process anew.</param>
internal sealed class AgentOperations(Func<Task<ReloadOutcome>> reload, DoctorChild doctor, SelfReplacement self)
{
    private readonly TaskCompletionSource _restart = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isExamining;
    private volatile Agent? _agent;
    private volatile AgentUpdates? _updates;

    /// <summary>Ends when the process is to begin anew.</summary>
    public Task RestartRequested => _restart.Task;

    /// <summary>What the control socket answers.</summary>
    public ControlOperations ForSocket() => new(new Dictionary<string, ControlOperation>
    {
        ["status"] = (_, _) => ValueTask.FromResult(ControlAnswer.Done("status", Running().Status().Encode())),
        ["reload"] = ReloadAsync,
        ["capture"] = (request, _) => ValueTask.FromResult(Capture(request)),
        ["ping"] = Ping,
        ["doctor"] = DoctorAsync,
        ["snapshot"] = SnapshotAsync,
        ["update_status"] = (request, _) => ValueTask.FromResult(UpdateOperations.Status(Updates(), request)),
        ["update_approve"] = (request, _) => ValueTask.FromResult(UpdateOperations.Approve(Updates(), request)),
        ["update_retry"] = (request, _) => UpdateOperations.RetryAsync(Updates(), request),
        ["update_resume"] = (request, _) => UpdateOperations.ResumeAsync(Updates(), request),
        ["update_apply"] = (request, stop) => UpdateOperations.ApplyAsync(Updates(), request, stop),
        ["model_activate"] = (request, _) => UpdateOperations.ActivateAsync(Updates(), request),
        ["model_rollback"] = (request, _) => UpdateOperations.RollBackAsync(Updates(), request),
        ["restart"] = (request, stop) =>
        {
            // The line is out long before the agent has stopped.
            ControlAnswer answer = Restart();
            Restarted();
            return ValueTask.FromResult(answer);
        },
    });

    /// <summary>What is answered over MQTT.</summary>
    public ControlOperations ForMessages() => new(new Dictionary<string, ControlOperation>
    {
        ["ping"] = Ping,
        ["doctor"] = DoctorAsync,
        ["reload"] = ReloadAsync,
        ["restart"] = (_, _) => ValueTask.FromResult(Restart()),
        ["snapshot"] = SnapshotAsync,
        ["capture"] = (request, stop) => ValueTask.FromResult(StoreCapture(request, stop)),
    });

    /// <summary>How those of <see cref="ForMessages"/> are done.</summary>
    public Dictionary<string, CommandRule> Rules() => new()
    {
        ["ping"] = new(TimeSpan.FromSeconds(5)),
        ["doctor"] = new(TimeSpan.FromSeconds(90)),
        ["reload"] = new(TimeSpan.FromSeconds(120)),
        ["restart"] = new(TimeSpan.FromSeconds(10), Afterwards: Restarted),
        ["snapshot"] = new(TimeSpan.FromSeconds(15), TakesPipeline: true),
        ["capture"] = new(TimeSpan.FromSeconds(120), TakesPipeline: true),
    };

    /// <summary>The agent is up.</summary>
    /// <param name="agent">The agent.</param>
    /// <param name="updates">Its models' updates; null where no model is managed.</param>
    public void Serve(Agent agent, AgentUpdates? updates) => (_updates, _agent) = (updates, agent);

    private Agent Running() => _agent ?? throw FaultException.Of(FaultKind.Unavailable, "control", "the agent is starting: its models are being loaded", "ask again in a few seconds");

    private Updates.UpdateService Updates()
    {
        _ = Running();
        return (_updates ?? throw FaultException.Of(FaultKind.Unavailable, "update", "no model of this device is managed", "write models: { NAME: { managed: NAME } } and updates: in its configuration")).Service;
    }

    private ValueTask<ControlAnswer> Ping(ControlRequest request, CancellationToken stop)
    {
        StatusMessage status = Running().Status();
        return ValueTask.FromResult(ControlAnswer.Done("ping", Json(json =>
        {
            json.WriteString("version", status.Version);
            json.WriteNumber("boot", status.Boot);
            json.WriteNumber("uptime_s", Math.Round(Running().Uptime.TotalSeconds, 3));
            json.WriteString("clock", status.Clock);
            json.WriteStartObject("pipelines");
            foreach ((string name, PipelineReport pipeline) in status.Pipelines!)
                json.WriteString(name, JsonSerializer.SerializeToElement(pipeline.State, StatusJson.Default.PipelineState).GetString());
            json.WriteEndObject();
        })));
    }

    private async ValueTask<ControlAnswer> DoctorAsync(ControlRequest request, CancellationToken stop)
    {
        if (Interlocked.Exchange(ref _isExamining, 1) != 0)
            throw FaultException.Of(FaultKind.Unavailable, "doctor", "an examination is under way", "ask again in a minute");
        try
        {
            return ControlAnswer.Done("doctor", await doctor.ExamineAsync(stop));
        }
        finally
        {
            Volatile.Write(ref _isExamining, 0);
        }
    }

    private async ValueTask<ControlAnswer> ReloadAsync(ControlRequest request, CancellationToken stop)
    {
        ReloadOutcome outcome = await reload().WaitAsync(stop);
        if (!outcome.IsApplied) return ControlAnswer.Refused(outcome.Faults[0], outcome.Faults);
        ReloadReport report = new(outcome.Added, outcome.Restarted, outcome.Removed, outcome.Unchanged, outcome.IsBrokerChanged);
        return ControlAnswer.Done("reload", JsonSerializer.SerializeToUtf8Bytes(report, ControlJson.Default.ReloadReport));
    }

    private ControlAnswer Restart()
    {
        if (self.Obstacle is { } obstacle) throw new FaultException(obstacle);
        long boot = Running().Boot;
        return ControlAnswer.Done("restart", Json(json => json.WriteNumber("boot", boot)));
    }

    private void Restarted() => _restart.TrySetResult();

    private async ValueTask<ControlAnswer> SnapshotAsync(ControlRequest request, CancellationToken stop)
    {
        string pipeline = Pipeline(request);
        Snapshot snapshot = await Running().SnapshotAsync(pipeline, stop);
        return ControlAnswer.Done("snapshot", Json(json =>
        {
            json.WriteString("pipeline", pipeline);
            json.WriteNumber("width", snapshot.Picture.Width);
            json.WriteNumber("height", snapshot.Picture.Height);
            Span<byte> at = stackalloc byte[Rfc3339.Length];
            Rfc3339.Write(snapshot.CapturedAt, at);
            json.WriteString("captured_at", at);
            if (snapshot.FrameId is not null) json.WriteString("frame_id", snapshot.FrameId);
            json.WriteBase64String("jpeg", snapshot.Picture.Jpeg);
        }));
    }

    private ControlAnswer Capture(ControlRequest request)
    {
        string pipeline = Pipeline(request);
        RecordingAttachment recording = new(Running().Capture(pipeline));
        return ControlAnswer.Done("capture", Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""
            {"pipeline":"{{pipeline}}","frames":{{recording.Frames}},"bytes":{{recording.LengthBytes}}}
            """)), recording);
    }

    private ControlAnswer StoreCapture(ControlRequest request, CancellationToken stop)
    {
        string pipeline = Pipeline(request);
        StoredCapture stored = Running().StoreCapture(pipeline, stop);
        return ControlAnswer.Done("capture", Json(json =>
        {
            json.WriteString("pipeline", pipeline);
            json.WriteNumber("frames", stored.Frames);
            json.WriteNumber("bytes", stored.LengthBytes);
            json.WriteString("path", stored.Path);
            json.WriteString("sha256", stored.Sha256);
        }));
    }

    private static string Pipeline(ControlRequest request) => request.Pipeline
        ?? throw FaultException.Of(FaultKind.Usage, request.Op, "no pipeline is named", """write "pipeline":"NAME" """.TrimEnd());

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> bytes = new(256);
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }
}
