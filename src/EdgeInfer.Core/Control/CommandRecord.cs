using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Control;

/// <summary>
/// Answers that were given, by operation and id, so that a command that comes twice is done once: the newest in memory, and those that
/// end this process in <c>commands.json</c> of the state folder, written before they are done. One thread at a time.
/// </summary>
internal sealed class CommandRecord
{
    /// <summary>The most answers in memory.</summary>
    public const int MostAnswers = 64;

    /// <summary>The most that they take; one alone may take more.</summary>
    public const int MostBytes = 2 << 20;

    private const string Schema = "edgeinfer/commands/1";
    private const int MostKept = 16;
    private const int LargestFileBytes = 256 << 10;

    private readonly string _path;
    private readonly LinkedList<RecordedAnswer> _answers = [];
    private RecordedAnswer[] _kept = [];
    private int _bytes;

    private CommandRecord(string stateFolder) => _path = Path.Combine(stateFolder, "commands.json");

    /// <summary>Reads what an earlier start has kept; a file that cannot be understood is set aside.</summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="fault">Why something was not read.</param>
    public static CommandRecord Open(string stateFolder, out Fault? fault)
    {
        CommandRecord record = new(stateFolder);
        fault = record.Read();
        return record;
    }

    /// <summary>The answer that was given; null where the command is new.</summary>
    public byte[]? Find(string op, string id)
    {
        RecordedAnswer? found = _answers.LastOrDefault(a => a.Op == op && a.Id == id) ?? _kept.LastOrDefault(a => a.Op == op && a.Id == id);
        return found is null ? null : Encoding.UTF8.GetBytes(found.Answer);
    }

    /// <summary>Keeps an answer in memory.</summary>
    public void Add(string op, string id, ReadOnlySpan<byte> answer)
    {
        RecordedAnswer added = new(op, id, Encoding.UTF8.GetString(answer));
        _answers.AddLast(added);
        _bytes += added.Answer.Length;
        while (_answers.Count > MostAnswers || (_bytes > MostBytes && _answers.Count > 1))
        {
            _bytes -= _answers.First!.Value.Answer.Length;
            _answers.RemoveFirst();
        }
    }

    /// <summary>Keeps an answer for the process that follows this one.</summary>
    /// <exception cref="IOException">It is not kept.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public void Keep(string op, string id, ReadOnlySpan<byte> answer)
    {
        RecordedAnswer[] next = [.. _kept.TakeLast(MostKept - 1), new(op, id, Encoding.UTF8.GetString(answer))];
        DurableFolder.Make(Path.GetDirectoryName(_path)!);
        AtomicFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(new RecordedAnswers(Schema, next), CommandJson.Default.RecordedAnswers));

        // Only what is written counts: a command that was refused since it could not be is done when it comes again.
        _kept = next;
    }

    private Fault? Read()
    {
        try
        {
            FileInfo file = new(_path);
            if (!file.Exists) return null;
            if (file.Length > LargestFileBytes) return SetAside($"it has {file.Length} bytes");
            RecordedAnswers? content = JsonSerializer.Deserialize(File.ReadAllBytes(_path), CommandJson.Default.RecordedAnswers);
            if (content is not { Schema: Schema, Answers: { } answers }) return SetAside("it is something else");
            _kept = [.. answers.Where(static a => a is { Op: not null, Id: not null, Answer: not null }).TakeLast(MostKept)];
            return null;
        }
        catch (JsonException e)
        {
            return SetAside($"it is no JSON: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(FaultKind.InputOutput, _path, $"the record of commands cannot be read: {e.Message}", "make it readable and restart");
        }
    }

    private Fault SetAside(string what)
        => new(FaultKind.InputOutput, _path, $"the record of commands cannot be understood: {what}", $"one that comes twice may be done twice; {DurableMove.SetAside(_path)}");
}

/// <summary>An answer that was given.</summary>
internal sealed record RecordedAnswer(string Op, string Id, string Answer);

/// <summary>The content of <c>commands.json</c>.</summary>
internal sealed record RecordedAnswers(string Schema, IReadOnlyList<RecordedAnswer> Answers);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(RecordedAnswers))]
internal sealed partial class CommandJson : JsonSerializerContext;
