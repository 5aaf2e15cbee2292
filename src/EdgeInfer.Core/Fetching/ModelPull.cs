using System.Net;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Models.Onnx;

namespace EdgeInfer.Fetching;

/// <summary>Brings a model to this device: downloads and checks its files, inspects the whole, and installs it under a name in one step.</summary>
/// <param name="options">How.</param>
/// <param name="environment">The environment, for accounts at the servers.</param>
/// <param name="home">The user's folder, likewise.</param>
/// <param name="proxy">For hosts beyond this machine.</param>
/// <param name="time">For deadlines and pauses.</param>
/// <param name="random">For pauses.</param>
/// <param name="report">Is told.</param>
internal sealed class ModelPull(
    PullOptions options, IReadOnlyDictionary<string, string> environment, string home, IWebProxy proxy, TimeProvider time, Random random, IPullReport report)
{
    private readonly FetchLimits _limits = options.Limits;

    /// <summary>Pulls one model.</summary>
    /// <returns>Where it lies now.</returns>
    /// <exception cref="FaultException">It was not installed; says why and what to do.</exception>
    /// <exception cref="OperationCanceledException">What came so far is kept.</exception>
    public async Task<InstalledModel> Run(RemoteReference reference, CancellationToken stop)
    {
        CheckOptions();
        using HttpFetch http = new(_limits, proxy, time);
        Attempts attempts = new(_limits, time, random, report);
        (IModelOrigin origin, string unauthorised) = OriginOf(reference, http, attempts);
        using PullStaging staging = PullStaging.Open(options.Store, reference, _limits.PartsKept, time);
        FetchPlan plan = await origin.Plan(stop).ConfigureAwait(false);
        string folder = staging.ModelFolder(plan.Name);
        List<RemoteFile> files = [.. plan.Files];
        await Download(plan.Files).ConfigureAwait(false);
        try
        {
            RemoteFile[] weights = [.. Weights(folder).Except(files.Select(static f => f.Name)).Where(plan.Beside.ContainsKey).Select(name => plan.Beside[name])];
            files.AddRange(weights);
            await Download(weights).ConfigureAwait(false);
        }
        catch (FaultException e) when (IsAbout(e, folder))
        {
            // Bytes that are no graph are good for nothing, however right their digest.
            staging.Clear();
            throw new FaultException([.. e.Faults.Select(f => Named(f, folder, reference))], e);
        }

        RemoveOthers(folder, files);
        AddOwn(folder);
        InstalledModel installed = Install(folder, reference);
        staging.Clear();
        return installed;

        async Task Download(IReadOnlyList<RemoteFile> wanted)
        {
            CheckBounds(reference, files, folder);
            foreach (RemoteFile file in wanted)
            {
                string target = Path.Combine(folder, file.Name);
                if (IsHere(target, file)) continue;
                FileDownload download = new(http, file, new PartFile(staging.Part(file.Name)), _limits, report);
                await download.Run(target, unauthorised, attempts, stop).ConfigureAwait(false);
            }
        }
    }

    private (IModelOrigin Origin, string Unauthorised) OriginOf(RemoteReference reference, HttpFetch http, Attempts attempts)
    {
        switch (reference)
        {
            case HuggingFaceReference hub:
                HuggingFaceAccount account = HuggingFaceAccount.From(environment, home);
                return (new HuggingFaceOrigin(hub, account, options.Sha256, http, attempts, report), account.Cure(hub));
            case OciReference oci:
                OciRegistry registry = new(oci, DockerLogins.From(environment, home), http, attempts);
                return (new OciOrigin(oci, options.Sha256, registry, report), registry.Cure);
            default:
                return (new HttpOrigin((HttpReference)reference, options.Sha256), "download the file with what its server asks for, and use 'edgeinfer model add'");
        }
    }

    private void CheckOptions()
    {
        if (options.Name is { } name && !ModelName.IsValid(name)) throw FaultException.Of(FaultKind.Usage, "--name", $"'{name}' is no name of a model", ModelName.Rule);
        // The store refuses it as well, but only after the download.
        if (options.Name is { } managed) ManagedModel.RefuseManaged(Path.Combine(Path.GetFullPath(options.Store), managed));
        foreach ((string option, string? path) in new[] { ("--contract", options.Contract), ("--labels", options.Labels) })
            if (path is not null && !File.Exists(path)) throw FaultException.Of(FaultKind.NoInput, path, $"{option} names no file", "name a file of this device");
    }

    private void CheckBounds(RemoteReference reference, List<RemoteFile> files, string folder)
    {
        if (files.Count > _limits.Files) throw FaultException.Of(FaultKind.Data, reference.Display, $"{files.Count} files, and at most {_limits.Files} are taken", "name the folder that holds the model alone");
        // Sizes are the server's word: below zero or beyond the bound they are refused before they are added up, which would overflow.
        if (files.FirstOrDefault(f => f.Bytes < 0 || f.Bytes > _limits.ModelBytes) is { } odd)
            throw FaultException.Of(FaultKind.Data, reference.Display, $"{odd.Name} is said to have {odd.Bytes} bytes, and at most {_limits.ModelBytes} are taken", "check the reference; a larger model can be downloaded by hand and added with 'edgeinfer model add'");
        long bytes = files.Sum(static f => f.Bytes ?? 0);
        if (bytes > _limits.ModelBytes) throw FaultException.Of(FaultKind.Data, reference.Display, $"{bytes} bytes, and at most {_limits.ModelBytes} are taken", "download it yourself and use 'edgeinfer model add'");
        long needed = files.Where(f => !File.Exists(Path.Combine(folder, f.Name))).Sum(static f => f.Bytes ?? 0);
        long free = FreeSpace.At(Path.Combine(options.Store, "any"));
        if (needed > free + PartBytes(folder)) throw FreeSpace.Lacking(Path.Combine(options.Store, "any"), needed - PartBytes(folder), free, null);
    }

    private static long PartBytes(string folder)
    {
        string parts = Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(folder)!)!, "parts");
        return Directory.Exists(parts) ? Directory.EnumerateFiles(parts).Sum(static f => new FileInfo(f).Length) : 0;
    }

    // A pull that was refused for its contract left its files.
    private static bool IsHere(string path, RemoteFile file)
    {
        if (!File.Exists(path) || (file.Bytes is { } bytes && new FileInfo(path).Length != bytes)) return false;
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 128 << 10, FileOptions.SequentialScan);
        using IncrementalHash hash = file.Digest.Begin(stream.Length);
        byte[] buffer = new byte[128 << 10];
        for (int read; (read = stream.Read(buffer)) > 0;) hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset()) == file.Digest.Hex;
    }

    private static IEnumerable<string> Weights(string folder)
        => OnnxReader.Read(Path.Combine(folder, ModelFolder.OnnxName)).ExternalData.Select(static d => d.Location).Distinct(StringComparer.Ordinal);

    private static bool IsAbout(FaultException e, string folder) => e.Fault.Where.StartsWith(folder, StringComparison.Ordinal);

    private static Fault Named(Fault fault, string folder, RemoteReference reference)
        => fault with { Where = fault.Where.StartsWith(folder, StringComparison.Ordinal) ? (reference.Display + " " + fault.Where[folder.Length..].TrimStart('/')).TrimEnd() : fault.Where };

    // Files of an earlier attempt at another commit or tag, and a contract that was tried.
    private static void RemoveOthers(string folder, List<RemoteFile> files)
    {
        HashSet<string> wanted = [.. files.Select(f => Path.GetFullPath(Path.Combine(folder, f.Name)))];
        foreach (string path in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            if (!wanted.Contains(path)) File.Delete(path);
    }

    private void AddOwn(string folder)
    {
        if (options.Contract is not null) File.Copy(options.Contract, Path.Combine(folder, ModelFolder.YamlName), overwrite: true);
        if (options.Labels is not null) File.Copy(options.Labels, Path.Combine(folder, ModelFolder.LabelsName), overwrite: true);
    }

    private InstalledModel Install(string folder, RemoteReference reference)
    {
        try
        {
            return new ModelStore(options.Store).Adopt(folder, options.Name);
        }
        catch (FaultException e) when (e.Faults.Any(f => f.Where.StartsWith(folder, StringComparison.Ordinal)))
        {
            report.Say($"not installed; what was downloaded is kept: 'edgeinfer model inspect {folder} --write DIR' prepares a model.yaml, then pull again with --contract DIR/model.yaml");
            throw new FaultException([.. e.Faults.Select(f => Named(f, folder, reference))], e);
        }
    }
}
