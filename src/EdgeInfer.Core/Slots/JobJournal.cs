using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Slots;

/// <summary>
/// The jobs and the refusals, a file each per model. Neither decides what serves: a damaged one is set aside and said, a job begins anew
/// from the next offer, and a release whose refusal is forgotten has to pass the gate again.
/// </summary>
internal sealed class JobJournal
{
    /// <summary>Refusals that are remembered per model.</summary>
    public const int RefusalLimit = 64;

    private const string JobSchema = "edgeinfer/job/1";
    private const string RefusalSchema = "edgeinfer/refused/1";
    private const int LargestBytes = 256 << 10;

    private readonly StoreFolders _folders;
    private readonly StoreDisk _disk;
    private readonly Action<Fault> _warn;

    internal JobJournal(StoreFolders folders, StoreDisk disk, Action<Fault> warn)
    {
        _folders = folders;
        _disk = disk;
        _warn = warn;
    }

    /// <summary>The running or last job of a model; null where there is none.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public UpdateJob? Read(string model) => Read(_folders.Job(model), JobJson.Default.StoredJob) is { } stored
        ? stored.Schema == JobSchema && stored.Job.IsSound(model) ? stored.Job : Forget<UpdateJob>(_folders.Job(model), "it is something else")
        : null;

    /// <summary>Writes a job down: from then on it is in this state, whatever happens.</summary>
    /// <exception cref="UpdateException">Space: it is as it was.</exception>
    /// <exception cref="FaultException">It is as it was, or may not last.</exception>
    public void Write(UpdateJob job) => Write(_folders.Job(job.Model), new(JobSchema, job), JobJson.Default.StoredJob);

    /// <summary>Models that have a job, in order.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public IReadOnlyList<string> Models() => StoreFaults.Guard(_folders.Jobs, () => (IReadOnlyList<string>)
        [.. Directory.EnumerateFiles(_folders.Jobs, "*.json").Select(static p => Path.GetFileNameWithoutExtension(p)).Where(EdgeInfer.Models.ModelName.IsValid).Order(StringComparer.Ordinal)]);

    /// <summary>What was refused of a model, the latest last.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public IReadOnlyList<RefusedRelease> Refused(string model)
    {
        string path = _folders.RefusedOf(model);
        if (Read(path, JobJson.Default.StoredRefusals) is not { } stored) return [];
        return stored.Schema == RefusalSchema && stored.Model == model ? stored.Releases : Forget<IReadOnlyList<RefusedRelease>>(path, "it is something else") ?? [];
    }

    /// <summary>The refusal of a release; null where it may be tried.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public RefusedRelease? RefusalOf(string model, string manifest) => Refused(model).LastOrDefault(r => r.Manifest == manifest);

    /// <summary>
    /// Remembers a release that is not to be tried again. Where there are too many, those below the floor are forgotten first, which no
    /// device takes any more; then the oldest.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="release">The release.</param>
    /// <param name="floor">The model's floor.</param>
    /// <exception cref="UpdateException">Space: it is not remembered.</exception>
    /// <exception cref="FaultException">It is not, or not for long.</exception>
    public void Refuse(string model, RefusedRelease release, long floor)
    {
        List<RefusedRelease> releases = [.. Refused(model).Where(r => r.Manifest != release.Manifest), release with { Reason = UpdateJob.Line(release.Reason) }];
        while (releases.Count > RefusalLimit) releases.RemoveAt(Math.Max(0, releases.FindIndex(r => r.Seq < floor)));
        Write(_folders.RefusedOf(model), new(RefusalSchema, model, releases), JobJson.Default.StoredRefusals);
    }

    /// <summary>Everything that was refused of a model may be tried again.</summary>
    /// <exception cref="FaultException">The disk refused.</exception>
    public void ForgetRefused(string model)
    {
        string path = _folders.RefusedOf(model);
        StoreFaults.Guard(path, () =>
        {
            _disk.RemoveFile(path);
            _disk.SyncFolder(_folders.Refused);
        });
    }

    private void Write<T>(string path, T value, JsonTypeInfo<T> type)
    {
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(value, type);
        // What is larger would not be read again.
        if (content.Length > LargestBytes) throw FaultException.Of(FaultKind.Internal, path, $"{content.Length} bytes are more than the {LargestBytes} that such a file may have", "report this");
        StoreFaults.Guard(path, () => _disk.WriteChecked(path, content));
    }

    private T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        string? damage = null;
        byte[]? content = StoreFaults.Guard(path, () => CheckedFile.Read(path, LargestBytes, out damage));
        if (content is null) return damage is null ? null : Forget<T>(path, damage);
        try
        {
            return JsonSerializer.Deserialize(content, type) ?? Forget<T>(path, "it is empty");
        }
        catch (JsonException e)
        {
            return Forget<T>(path, $"it is no such file: {e.Message}");
        }
    }

    private T? Forget<T>(string path, string damage)
        where T : class
    {
        _warn(new(FaultKind.InputOutput, path, $"what is known of this model's updates is damaged: {damage}", $"it is forgotten; {DurableMove.SetAside(path)}; check the disk"));
        return null;
    }
}
