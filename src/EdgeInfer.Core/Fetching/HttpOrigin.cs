using EdgeInfer.Models;

namespace EdgeInfer.Fetching;

/// <summary>One graph at an address; only a digest that the user has from elsewhere says whether it is the right one.</summary>
internal sealed class HttpOrigin(HttpReference reference, string? sha256) : IModelOrigin
{
    /// <inheritdoc/>
    public Task<FetchPlan> Plan(CancellationToken stop)
    {
        if (sha256 is null)
        {
            throw RemoteReference.Wrong(
                reference.Display, "a file from an address needs the digest it must have",
                "add --sha256 HEX: its publisher may state it, or download the file once where you trust the network, try it, and run: sha256sum FILE");
        }

        RemoteFile graph = new(ModelFolder.OnnxName, reference.Url, new(false, sha256), null, null);
        return Task.FromResult(new FetchPlan(ModelName.From(Path.GetFileNameWithoutExtension(reference.FileName)), [graph], FetchPlan.NothingBeside));
    }
}
