using System.Globalization;
using System.Text;
using EdgeInfer.Sinks;

namespace EdgeInfer.Commands;

/// <summary>A status message as one screen of text, at most <see cref="Width"/> columns wide.</summary>
internal static class StatusText
{
    /// <summary>The longest line.</summary>
    public const int Width = 100;

    private const int IndentColumns = 10;

    /// <summary>The lines.</summary>
    /// <param name="status">What the agent says.</param>
    /// <param name="now">Now, on this machine's clock.</param>
    public static IEnumerable<string> Of(StatusMessage status, DateTimeOffset now)
    {
        string up = status.StartedAt is { } started ? $"up {Ago(started, now)}" : "";
        foreach (string line in Row(status.Device, Parts(Word(status.State), $"EdgeInfer {status.Version}", status.Onnxruntime is { } runtime ? $"ONNX Runtime {runtime}" : "", $"boot {status.Boot}", up, $"clock {status.Clock}"))) yield return line;
        if (status.Broker is { } broker)
        {
            foreach (string line in Row("broker", Parts($"{broker.State} {broker.Url}", Since(broker.Since, now)))) yield return line;
            foreach (string line in Row("", broker.Cause ?? broker.Warning ?? "")) yield return line;
        }

        if (status.Configuration?.Fault is { } fault)
            foreach (string line in Row("config", $"not reloaded: {fault}")) yield return line;
        foreach ((string head, string text) in Delivery(status))
            foreach (string line in Row(head, text)) yield return line;

        foreach (string line in Row("memory", status.Memory is { } memory ? Memory(memory) : "")) yield return line;
        foreach ((string head, string text) in Heat(status.Heat, now))
            foreach (string line in Row(head, text)) yield return line;

        foreach ((string name, PipelineReport pipeline) in status.Pipelines ?? new Dictionary<string, PipelineReport>())
        {
            yield return "";
            foreach (string line in Pipeline(name, pipeline, status, now)) yield return line;
        }
    }

    private static IEnumerable<(string Head, string Text)> Delivery(StatusMessage status)
    {
        if (status.Delivery is { } d)
            yield return ("", $"{d.Published} sent, {d.Acknowledged} acknowledged, {d.Queued} queued, {d.Dropped} dropped, {d.Refused} refused");
        if (status.Outbox is not { } o) yield break;
        string gaps = o.Lost > 0 || o.Gaps > 0 ? $"{o.Lost} declared lost, {o.Gaps} gaps to publish" : "";
        string dead = o.DeadLetters > 0 ? $"{o.DeadLetters} refused for good" : "";
        yield return ("outbox", Parts($"{(o.State == "ok" ? "" : "memory only, ")}{o.Accepted} accepted, {o.Delivered} delivered since the start, {o.Waiting} in memory, {o.Stored} on disk", gaps, dead));
        yield return ("", o.Cause ?? "");
        foreach ((string stream, string cause) in o.Held ?? new Dictionary<string, string>()) yield return ("", $"{stream} is held: {cause}");
    }

    private static string Memory(MemoryReport memory)
    {
        string used = memory.UsedBytes is { } bytes ? $"{bytes >> 20} of " : "at most ";
        string kills = memory.Kills > 0 ? $"{memory.Kills} processes killed" : "";
        return Parts($"{used}{memory.LimitBytes >> 20} MiB", kills, memory.Cause ?? "");
    }

    private static IEnumerable<(string Head, string Text)> Heat(HeatReport? heat, DateTimeOffset now)
    {
        if (heat is null) yield break;
        CultureInfo plain = CultureInfo.InvariantCulture;
        string hottest = heat.Hottest is { } zone ? string.Create(plain, $"{zone.Celsius:0.#} °C ({zone.Zone})") : "";
        string frequency = heat.CpuMhz is { Now: { } mhz } cpu ? string.Create(plain, $"cpu {mhz}{(cpu.Allowed is { } most ? $" of {most}" : "")} MHz") : "";
        string throttled = heat.Throttled switch
        {
            { Now.Count: > 0 } t => $"{string.Join(", ", t.Now)} now",
            { SinceStart.Count: > 0 } t => $"{string.Join(", ", t.SinceStart)} at times since the device was switched on",
            _ => "",
        };
        string mode = heat.PowerMode is { } power ? $"power mode {power}" : "";
        string governed = heat.Governor.Rate < 1 ? string.Create(plain, $"inference at {heat.Governor.Rate * 100:0} % of its rate {Since(heat.Governor.Since, now)}") : "";
        yield return ("heat", Parts(hottest, frequency, mode, throttled, governed));
        yield return ("", heat.Governor.Cause ?? "");
    }

    private static IEnumerable<string> Pipeline(string name, PipelineReport p, StatusMessage status, DateTimeOffset now)
    {
        string age = p.FrameAgeMs is { } a ? string.Create(CultureInfo.InvariantCulture, $"frame age {a.P50:0.#} ms (max {a.Max:0.#})") : "";
        string last = p.LastFrame is { } frame ? $"last frame {Ago(frame, now)} ago" : "no frame yet";
        string rate = string.Create(CultureInfo.InvariantCulture, $"{p.Fps:0.##} results/s");
        List<(string Head, string Text)> rows =
        [
            (name, Parts($"{Word(p.State)} {Since(p.Since, now)}", rate, age, last)),
            ("", p.Cause ?? ""),
            ("  source", p.Source ?? ""),
            .. Models(p, status),
            ("  frames", $"{p.Received} received, {p.Displaced} displaced, {p.Lost} lost, {p.Corrupt} corrupt"),
            ("  results", $"{p.Results} made, {p.Published} published, {p.Dropped} dropped"),
        ];
        return rows.SelectMany(static row => Row(row.Head, row.Text));
    }

    /// <summary>A line for the model; of several a line for each, with its state and what it gave, and its cause below.</summary>
    private static IEnumerable<(string Head, string Text)> Models(PipelineReport p, StatusMessage status)
    {
        if (p.Models is not { } models)
            return [("  model", p.Model is null ? "" : Model(p.Model, p.Provider, p.ProviderNodes, p.Nodes, status)), .. Provider(p.NodeProviders, p.Provider, p.PassedOver, p.Build)];
        return models.SelectMany(m => ((string, string)[])
        [
            ("  model", Parts(Model(m.Model, m.Provider, m.ProviderNodes, m.Nodes, status), Word(m.State), $"{m.Results} made, {m.Published} published, {m.Dropped} dropped")),
            ("", m.Cause ?? ""),
            .. Provider(m.NodeProviders, m.Provider, m.PassedOver, m.Build),
        ]);
    }

    /// <summary>Where the other nodes run, why no provider before that one is in use, and how far one is that is being made ready.</summary>
    private static IEnumerable<(string Head, string Text)> Provider(
        IReadOnlyDictionary<string, int>? nodes, string? used, IReadOnlyDictionary<string, string>? passedOver, ProviderBuildReport? build)
    {
        IEnumerable<string> others = (nodes ?? new Dictionary<string, int>()).Where(n => n.Key != used).Select(static n => $"{n.Value} on {n.Key}");
        yield return ("", string.Join(", ", others) is { Length: > 0 } text ? $"its other nodes: {text}" : "");
        foreach ((string provider, string why) in passedOver ?? new Dictionary<string, string>())
            if (build is not { State: "running" } running || running.Provider != provider) yield return ("", $"not on {provider}: {why}");
        if (build is { State: "running" or "done" } b)
            yield return ("", string.Create(CultureInfo.InvariantCulture, $"{b.Provider} {(b.State == "done" ? "was made ready in" : "is being made ready, for")} {b.Seconds:0} s{(b.State == "done" ? "" : " now")}"));
    }

    private static string Model(string name, string? provider, int? providerNodes, int? nodes, StatusMessage status)
    {
        string what = status.Models?.GetValueOrDefault(name) is { } m ? $"{name} = {m.Name} {m.Version} {m.Digest[..Math.Min(12, m.Digest.Length)]}" : name;
        string share = providerNodes is { } own && nodes is { } all ? $" ({own} of {all} nodes)" : "";
        return provider is null ? what : $"{what} on {provider}{share}";
    }

    private static string Since(DateTimeOffset? since, DateTimeOffset now) => since is { } s ? $"for {Ago(s, now)}" : "";

    /// <summary>A time that has passed, in its two largest units; what lies ahead (another clock) counts as none.</summary>
    private static string Ago(DateTimeOffset then, DateTimeOffset now)
    {
        TimeSpan t = now > then ? now - then : TimeSpan.Zero;
        CultureInfo plain = CultureInfo.InvariantCulture;
        return t switch
        {
            { TotalSeconds: < 10 } => string.Create(plain, $"{t.TotalSeconds:0.0} s"),
            { TotalMinutes: < 1 } => string.Create(plain, $"{t.Seconds} s"),
            { TotalHours: < 1 } => string.Create(plain, $"{t.Minutes} min {t.Seconds} s"),
            { TotalDays: < 1 } => string.Create(plain, $"{t.Hours} h {t.Minutes} min"),
            _ => string.Create(plain, $"{t.Days} d {t.Hours} h"),
        };
    }

    private static string Word<T>(T state)
        where T : struct, Enum => state switch
        {
            PipelineState.NoSignal => "no_signal",
            PipelineState.NoModel => "no_model",
            _ => state.ToString().ToLowerInvariant(),
        };

    private static string Parts(params IEnumerable<string> parts) => string.Join("  ", parts.Where(static p => p.Length > 0));

    /// <summary>A head and its text, which goes on below itself where the line is full; nothing where there is no text.</summary>
    private static IEnumerable<string> Row(string head, string text)
    {
        if (text.Length == 0) yield break;
        StringBuilder line = new(ReceivedText.Printable(head).PadRight(IndentColumns));
        if (line[^1] != ' ') line.Append(' ');
        bool isFresh = true;
        foreach (string word in ReceivedText.Printable(text, int.MaxValue).Split(' '))
        {
            if (!isFresh && line.Length + 1 + word.Length > Width)
            {
                yield return line.ToString().TrimEnd();
                line.Clear().Append(' ', IndentColumns);
                isFresh = true;
            }

            if (!isFresh) line.Append(' ');
            line.Append(word);
            isFresh = false;
        }

        yield return line.ToString().TrimEnd();
    }
}
