using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Slots;

/// <summary>Where everything lies in the state folder. Names are checked before they become a path.</summary>
/// <param name="state">The state folder.</param>
internal sealed class StoreFolders(string state)
{
    /// <summary>The state folder, absolute.</summary>
    public string State { get; } = Path.GetFullPath(state);

    /// <summary>Fetched files, each under its digest.</summary>
    public string Blobs => Path.Combine(State, "blobs", "sha256");

    /// <summary>Fetched files whose bytes have changed on this disk.</summary>
    public string Quarantine => Path.Combine(State, "blobs", "quarantine");

    /// <summary>What is not finished, or is being removed.</summary>
    public string Staging => Path.Combine(State, "staging");

    /// <summary>The models' folders.</summary>
    public string Models => Path.Combine(State, "models");

    /// <summary>The running or last job of each model.</summary>
    public string Jobs => Path.Combine(State, "jobs");

    /// <summary>What was refused of each model. A folder: a model may have any name that ends a file's.</summary>
    public string Refused => Path.Combine(Jobs, "refused");

    /// <summary>All that must be there, outer ones first.</summary>
    public IReadOnlyList<string> All => [Path.Combine(State, "blobs"), Blobs, Quarantine, Staging, Models, Jobs, Refused];

    /// <summary>A file under its digest.</summary>
    public string Blob(string sha256) => Path.Combine(Blobs, Sound(sha256));

    /// <summary>What has come of a file.</summary>
    public string Part(string sha256) => Path.Combine(Staging, Sound(sha256) + ".part");

    /// <summary>A model's folder.</summary>
    public string Model(string model) => Path.Combine(Models, Named(model));

    /// <summary>The only commit point of a model.</summary>
    public string Slots(string model) => Path.Combine(Model(model), ManagedModel.SlotsName);

    /// <summary>A model's generations.</summary>
    public string Generations(string model) => Path.Combine(Model(model), ManagedModel.GenerationsName);

    /// <summary>Where a model's generations are built.</summary>
    public string Building(string model) => Path.Combine(Staging, Named(model), ManagedModel.GenerationsName);

    /// <summary>Where a model's generations go to be removed.</summary>
    public string Leaving(string model) => Path.Combine(Staging, Named(model), "old");

    /// <summary>A model's job.</summary>
    public string Job(string model) => Path.Combine(Jobs, Named(model) + ".json");

    /// <summary>What was refused of a model.</summary>
    public string RefusedOf(string model) => Path.Combine(Refused, Named(model) + ".json");

    private static string Named(string model) => ModelName.IsValid(model)
        ? model
        : throw FaultException.Of(FaultKind.Usage, "model", $"'{OneLine.Short(model)}' is no name of a model", ModelName.Rule);

    private static string Sound(string sha256)
    {
        BlobName.Require("blob", sha256);
        return sha256;
    }
}
