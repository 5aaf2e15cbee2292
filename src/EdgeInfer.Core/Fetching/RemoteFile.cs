using System.Net.Http.Headers;

namespace EdgeInfer.Fetching;

/// <summary>A file of a model, and where to get it.</summary>
/// <param name="Name">Relative to the model's folder, with <c>/</c>.</param>
/// <param name="Url">Its address.</param>
/// <param name="Digest">What its bytes must hash to.</param>
/// <param name="Bytes">Its size; null where it is not known beforehand.</param>
/// <param name="Authorization">For the address's own host alone; null for none.</param>
internal sealed record RemoteFile(string Name, Uri Url, ExpectedDigest Digest, long? Bytes, AuthenticationHeaderValue? Authorization)
{
    private const int NameLimit = 255;

    /// <summary>Whether a name from elsewhere is one of a file below the model's folder, in characters that every shell takes.</summary>
    public static bool IsSafe(string name)
    {
        if (name.Length is 0 or > NameLimit) return false;
        return name.Split('/').All(static part => part.Length > 0 && part[0] != '.' && part.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ' ' or '+' or '@'));
    }
}

/// <summary>The files that make up a model, and what to call it.</summary>
/// <param name="Name">What the reference suggests.</param>
/// <param name="Files">One of them is <c>model.onnx</c>.</param>
/// <param name="Beside">Files that belong to the model only if its graph keeps weights in them, by the name that the graph uses.</param>
internal sealed record FetchPlan(string Name, IReadOnlyList<RemoteFile> Files, IReadOnlyDictionary<string, RemoteFile> Beside)
{
    /// <summary>No other files.</summary>
    public static IReadOnlyDictionary<string, RemoteFile> NothingBeside { get; } = new Dictionary<string, RemoteFile>();
}

/// <summary>Where a model comes from.</summary>
internal interface IModelOrigin
{
    /// <summary>Finds out the model's files.</summary>
    /// <exception cref="Diagnostics.FaultException">There is no such model, or it may not be had.</exception>
    Task<FetchPlan> Plan(CancellationToken stop);
}
