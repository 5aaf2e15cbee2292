using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Pipeline;

namespace EdgeInfer.Updates;

/// <summary>What serves models, as updates see it. Any thread.</summary>
internal interface IModelHost
{
    /// <summary>The live end of a managed model.</summary>
    LiveModel Live(string model);

    /// <summary>Whether a model was loaded, and so has the digest that its folder must have.</summary>
    /// <param name="path">A folder.</param>
    bool IsOpen(string path);

    /// <summary>Loads a model and runs it once, so that it can go live without a pause.</summary>
    /// <param name="path">A folder.</param>
    /// <exception cref="FaultException">It cannot be loaded.</exception>
    void Open(string path);

    /// <summary>Lets go of a model that is not live any more.</summary>
    void Close(string path);

    /// <summary>Pipelines that wait to open the model look at it again now.</summary>
    void TryNow();

    /// <summary>What the configuration asks of a model and this one does not have: a label of a pipeline that uses it; null where nothing is missing.</summary>
    string? Missing(string model, Model candidate);

    /// <summary>Resident memory of this process in bytes; null where it is not known.</summary>
    long? RssBytes { get; }
}
