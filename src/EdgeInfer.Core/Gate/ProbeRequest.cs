using System.Buffers;
using System.Text.Json;
using EdgeInfer.Configuration;

namespace EdgeInfer.Gate;

/// <summary>An input that the probe runs.</summary>
/// <param name="File">Relative to the model's folder.</param>
/// <param name="Floor">The score down to which results are wanted.</param>
internal sealed record ProbeInput(string File, double Floor);

/// <summary>What a probe is to do, as it reads it from its standard input.</summary>
/// <param name="Folder">The model's folder.</param>
/// <param name="Inputs">Golden inputs, in order; none makes it run a picture of its own.</param>
/// <param name="Runtime">The library, the providers and their settings, threads, cache: those that will serve.</param>
/// <param name="DataBytes">Most memory of its own that it may have (RLIMIT_DATA); null for no limit.</param>
internal sealed record ProbeRequest(string Folder, IReadOnlyList<ProbeInput> Inputs, RuntimeOptions Runtime, long? DataBytes)
{
    /// <summary>The argument that starts this program so. Hidden: nobody but this program does.</summary>
    public const string Argument = "--probe-model";

    /// <summary>The largest request.</summary>
    public const int MostBytes = 1 << 20;

    /// <summary>The request as one JSON object.</summary>
    public byte[] Encode()
    {
        ArrayBufferWriter<byte> bytes = new(1024);
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            json.WriteString("model", Folder);
            json.WriteStartArray("inputs");
            foreach (ProbeInput input in Inputs)
            {
                json.WriteStartObject();
                json.WriteString("file", input.File);
                json.WriteNumber("floor", input.Floor);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (DataBytes is { } most) json.WriteNumber("data_bytes", most);
            Write(json, Runtime);
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Reads a request.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static ProbeRequest Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, GoldenReader.Strict);
            JsonElement root = document.RootElement;
            return new(
                root.GetProperty("model").GetString()!,
                [.. root.GetProperty("inputs").EnumerateArray().Select(static i => new ProbeInput(i.GetProperty("file").GetString()!, i.GetProperty("floor").GetDouble()))],
                ReadRuntime(root.GetProperty("runtime")),
                root.TryGetProperty("data_bytes", out JsonElement most) ? most.GetInt64() : null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"this is no request: {e.Message}", e);
        }
    }

    private static void Write(Utf8JsonWriter json, RuntimeOptions runtime)
    {
        json.WriteStartObject("runtime");
        json.WriteStartArray("providers");
        foreach (string provider in runtime.Providers) json.WriteStringValue(provider);
        json.WriteEndArray();
        json.WriteBoolean("required", runtime.IsFirstProviderRequired);
        if (runtime.OnnxRuntime is { } library) json.WriteString("library", library);
        json.WriteNumber("threads", runtime.Threads);
        json.WriteString("cache", runtime.CacheFolder);
        json.WriteStartObject("plugins");
        foreach ((string name, string path) in runtime.Plugins) json.WriteString(name, path);
        json.WriteEndObject();
        json.WriteStartObject("options");
        foreach ((string provider, ProviderOptions options) in runtime.Options) Write(json, provider, options);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string provider, ProviderOptions options)
    {
        json.WriteStartObject(provider);
        if (options.Device is { } device) json.WriteNumber("device", device);
        if (options.MemoryBytes is { } memory) json.WriteNumber("memory", memory);
        if (options.IsHalf is { } isHalf) json.WriteBoolean("fp16", isHalf);
        if (options.IsInt8 is { } isInt8) json.WriteBoolean("int8", isInt8);
        if (options.IsBackground is { } isBackground) json.WriteBoolean("background", isBackground);
        json.WriteStartObject("own");
        foreach ((string key, string value) in options.Own) json.WriteString(key, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static RuntimeOptions ReadRuntime(JsonElement runtime) => new()
    {
        Providers = [.. runtime.GetProperty("providers").EnumerateArray().Select(static p => p.GetString()!)],
        IsFirstProviderRequired = runtime.GetProperty("required").GetBoolean(),
        OnnxRuntime = runtime.TryGetProperty("library", out JsonElement library) ? library.GetString() : null,
        Threads = runtime.GetProperty("threads").GetInt32(),
        CacheFolder = runtime.GetProperty("cache").GetString()!,
        Plugins = Texts(runtime.GetProperty("plugins")),
        Options = runtime.GetProperty("options").EnumerateObject().ToDictionary(static p => p.Name, static p => ReadOptions(p.Value)),
    };

    private static ProviderOptions ReadOptions(JsonElement options)
    {
        return new()
        {
            Device = options.TryGetProperty("device", out JsonElement device) ? device.GetInt32() : null,
            MemoryBytes = options.TryGetProperty("memory", out JsonElement memory) ? memory.GetInt64() : null,
            IsHalf = IsOn("fp16"),
            IsInt8 = IsOn("int8"),
            IsBackground = IsOn("background"),
            Own = Texts(options.GetProperty("own")),
        };

        bool? IsOn(string key) => options.TryGetProperty(key, out JsonElement value) ? value.GetBoolean() : null;
    }

    private static Dictionary<string, string> Texts(JsonElement texts) => texts.EnumerateObject().ToDictionary(static p => p.Name, static p => p.Value.GetString()!);
}
