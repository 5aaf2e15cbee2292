using EdgeInfer.Configuration;
using EdgeInfer.Models;

namespace EdgeInfer.Diagnosis;

/// <summary>
/// Writes a commented configuration from what a device has around it: what was found is set, every other common key stands beside it
/// as a comment with its default, and the whole passes <c>check</c> as it is.
/// </summary>
internal sealed class ConfigurationDraft
{
    private readonly Surroundings _found;
    private readonly string _file;
    private readonly string _folder;
    private readonly ModelFinding _model;
    private readonly DraftText _text = new();

    private ConfigurationDraft(Surroundings found, string file, ModelFinding model)
    {
        _found = found;
        _file = file;
        _folder = Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/";
        _model = model;
    }

    /// <summary>Writes the configuration.</summary>
    /// <param name="found">What was found; at least one model is ready.</param>
    /// <param name="file">The file that it is written for: relative paths begin at its folder.</param>
    /// <param name="version">The version that writes it.</param>
    public static string Write(Surroundings found, string file, string version)
    {
        ModelFinding model = found.Model ?? throw new ArgumentException("no model is ready", nameof(found));
        ConfigurationDraft draft = new(found, file, model);
        draft.Head(version);
        draft.Device();
        draft.Mqtt();
        draft.Outbox();
        draft.ModelsSection();
        draft.Runtime();
        draft.Http();
        new PipelineDraft(found, draft._text, model, ModelKey(model)).Write();
        return draft._text.ToString();
    }

    private void Head(string version)
    {
        string file = DraftText.Value(_file);
        _text.Say(0, $"EdgeInfer {version}: what {_found.Device} captures, infers and publishes. Written by 'edgeinfer init'.");
        _text.Say(0, "");
        _text.Say(0, $"  edgeinfer check -c {file}    names every fault, with its line and its cure");
        _text.Say(0, $"  edgeinfer run -c {file}      serves it, until Ctrl-C");
        _text.Say(0, "");
        _text.Say(0, "Lines such as '# key: value' show a key that is not set, with its default or an example: take the '# ' away to set it.");
        _text.Say(0, "Durations: 250ms, 5s, 10m, 2h. Sizes: 640x480. Relative paths begin at this file's folder. A misspelt key is a fault, never ignored.");
        _text.Say(0, "The environment can override each key: EDGEINFER__MQTT__URL=mqtt://other");
        _text.Gap();
    }

    private void Device()
    {
        _text.Set(0, "device:");
        _text.Unset(2, $"id: {DraftText.Value(_found.Device)}", "a level of every topic; default: the host name");
        _text.Unset(2, "labels: { site: oslo }", "free pairs, shown in the status");
        _text.Gap();
    }

    private void Mqtt()
    {
        _text.Set(0, "mqtt:");
        _text.Say(2, "mqtt://HOST, mqtts://HOST (TLS), ws://HOST/PATH, wss://HOST/PATH, or embedded://127.0.0.1: a broker inside EdgeInfer");
        BrokerFinding? broker = _found.Broker;
        string where = broker is null ? "" : $"answers on {broker.Url.Authority}: {broker.Candidate.Origin}";
        _text.Set(2, $"url: {(broker is null ? "embedded://127.0.0.1:1883" : Address(broker.Url))}", broker switch
        {
            null => "no broker was found; for this machine's own programs alone",
            { Answer: BrokerAnswer.WantsPassword } => $"{where}; it wants a user name and a password: set both below",
            _ => where,
        });
        foreach (BrokerFinding other in _found.Brokers)
        {
            bool isShown = other != broker && other.Answer != BrokerAnswer.Silent;
            if (isShown) _text.Unset(2, $"url: {Address(other.Url)}", other.Fault is { } fault ? fault.What : "answers too");
        }

        _text.Unset(2, $"username: {DraftText.Value(_found.Device)}");
        _text.Unset(2, "password: { file: /etc/edgeinfer/secrets/mqtt }", "or { env: NAME }, { credential: NAME } of systemd; never in the url");
        _text.Unset(2, "tls: { ca: ca.pem, certificate: device.pem, key: device.key }", "with mqtts:// and wss://; default: the system's authorities");
        _text.Unset(2, "prefix: edgeinfer", "topics: {prefix}/{device}/{pipeline}/prediction, {prefix}/{device}/status");
        _text.Unset(2, $"client_id: {DraftText.Value($"edgeinfer-{_found.Device}")}", "must be one of a kind at the broker");
        _text.Unset(2, "keep_alive: 30s", "how often the line is proved");
        _text.Unset(2, "in_flight: 16", "the most messages sent and not yet acknowledged");
        _text.Unset(2, "accept: [set, cmd, update]", "what the device listens to: settings, commands, hints at model updates; [] for nothing");
        _text.Unset(2, "protocol: 3.1.1", "for a broker without MQTT 5, such as nats-server; default: 5");
        _text.Gap();
    }

    private void Outbox()
    {
        _text.Set(0, "outbox:");
        _text.Unset(2, "size: 256MiB", "the most that results take on the disk while the broker is away");
        _text.Unset(2, "predictions: 24h", "how long a result is kept");
        _text.Unset(2, "rate: 500", "the most late results sent a second");
        _text.Gap();
    }

    private void ModelsSection()
    {
        _text.Set(0, "models:");
        _text.Say(2, "For each a name of your choice and its path: a folder with model.onnx, an .onnx file, or a name that 'edgeinfer model list' shows");
        _text.Set(2, $"{ModelKey(_model)}: {{ path: {ModelPath(_model)} }}", $"{What(_model)}; {Origin(_model.Place)}");
        HashSet<string> keys = [ModelKey(_model)];
        foreach (ModelFinding other in _found.Models)
        {
            if (other == _model || !keys.Add(ModelKey(other))) continue;
            _text.Unset(2, $"{ModelKey(other)}: {{ path: {ModelPath(other)} }}", other.IsReady ? $"{What(other)}; {Origin(other.Place)}" : WhyNot(other));
        }

        _text.Gap();
    }

    private void Runtime()
    {
        _text.Set(0, "runtime:");
        _text.Unset(2, "providers: [cpu]", "what runs the models, tried in order, as in [cuda, cpu]");
        _text.Unset(2, "required: true", "refuse to run on anything after the first of them");
        _text.Unset(2, "threads: auto", "of one inference; auto: 4, or fewer where fewer processors are allowed");
        _text.Unset(2, "onnxruntime: /opt/onnxruntime/lib/libonnxruntime.so", "another runtime, for providers that the bundled one does not have");
        _text.Unset(2, "control: /run/edgeinfer/control.sock", "where 'edgeinfer status' asks, or off");
        Folder("cache_folder", "/var/cache/edgeinfer", _found.CacheFolder, "what can be made again: optimised graphs");
        Folder("state_folder", "/var/lib/edgeinfer", _found.StateFolder, "what must survive: the count of starts, results that wait for the broker, settings");
        _text.Unset(2, "run_folder: /run/edgeinfer", "in memory: results on their way, which a killed agent leaves to the next start");
        _text.Gap();
    }

    private void Http()
    {
        _text.Set(0, "http:");
        _text.Unset(2, "listen: 127.0.0.1:8080", "health and metrics for Prometheus: /livez, /readyz, /metrics; nowhere by default");
        _text.Gap();
    }

    private void Folder(string key, string usual, string? own, string remark)
    {
        if (own is null) _text.Unset(2, $"{key}: {usual}", remark);
        else _text.Set(2, $"{key}: {DraftText.Value(own)}", $"{remark}; a service of root has {usual}");
    }

    private static string Address(Uri url) => url.GetLeftPart(UriPartial.Authority);

    /// <summary>The name that a model gets in the configuration.</summary>
    private static string ModelKey(ModelFinding model)
    {
        string key = string.Concat(model.Name.ToLowerInvariant().Select(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-')).TrimStart('-', '_');
        return key.Length == 0 ? "model" : key.Length > 32 ? key[..32] : key;
    }

    /// <summary>How the configuration names a model: by its name where that leads to it, beneath its own folder relative to that, else absolute.</summary>
    private string ModelPath(ModelFinding model)
    {
        string nearby = Path.Combine(_folder, model.Name);
        bool isNamed = model.Place != ModelPlace.Here && ConfiguredName.IsSound(model.Name) && !File.Exists(nearby) && !Directory.Exists(nearby);
        if (isNamed) return DraftText.Value(model.Name);
        string relative = Path.GetRelativePath(_folder, model.Path);
        return DraftText.Value(relative.StartsWith("..", StringComparison.Ordinal) ? model.Path : relative);
    }

    private static string What(ModelFinding model)
    {
        Model loaded = model.Inspection!.Model!;
        string task = loaded.Task switch { ModelTask.Detect => "detects", ModelTask.Classify => "classifies", _ => "gives raw outputs" };
        string[] reportable = [.. loaded.ReportableLabels];
        if (loaded.Task == ModelTask.Raw || reportable.Length == 0) return task;
        string labels = string.Join(", ", reportable.Take(4));
        return reportable.Length > 4 ? $"{task} {labels} and {reportable.Length - 4} more" : $"{task} {labels}";
    }

    private static string Origin(ModelPlace place) => place switch
    {
        ModelPlace.Here => "from this folder",
        ModelPlace.Installed => "added to this device",
        _ => "came with EdgeInfer",
    };

    private static string WhyNot(ModelFinding model)
    {
        string keys = string.Join(", ", model.Missing.Select(static m => m.Key));
        return keys.Length > 0
            ? $"not ready: choose {keys}; edgeinfer model inspect {DraftText.Value(model.Path)} --write {ModelKey(model)}"
            : $"not ready: {model.Faults[0].What}";
    }
}
