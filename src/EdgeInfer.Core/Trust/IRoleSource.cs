using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust;

/// <summary>Where a repository's files come from: HTTPS, or a folder. Nothing that it gives is trusted.</summary>
internal interface IRoleSource
{
    /// <summary>Fetches a whole file.</summary>
    /// <param name="name">Relative to the repository, its segments quoted as an address has them: <c>metadata/timestamp.json</c>, <c>metadata/3.root.json</c>,
    /// <c>targets/models/parts/{sha256}.12</c>.</param>
    /// <param name="maxBytes">More is not taken.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <returns>Null where there is no such file.</returns>
    /// <exception cref="UpdateException">It cannot be had (<see cref="UpdateCode.Network"/>), or is larger (<see cref="UpdateCode.Size"/>).</exception>
    ValueTask<byte[]?> Fetch(string name, int maxBytes, CancellationToken stop);
}
