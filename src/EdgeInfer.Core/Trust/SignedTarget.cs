using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Trust;

/// <summary>What has been signed of one target, by a role that is trusted for its path.</summary>
/// <param name="Path">The path that was asked for.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Hashes">Lower-case hex by algorithm.</param>
/// <param name="Custom">Whatever the publisher added; null where there is none.</param>
/// <param name="Role">Who signed it.</param>
internal sealed record SignedTarget(string Path, long Length, IReadOnlyDictionary<string, string> Hashes, JsonElement? Custom, string Role)
{
    /// <summary>Lower-case hex.</summary>
    /// <exception cref="UpdateException">It was signed without one (<see cref="UpdateCode.Digest"/>).</exception>
    public string Sha256 => Hashes.TryGetValue(ContentHash.Sha256, out string? hex) ? hex : throw UpdateException.Of(UpdateCode.Digest, Path, "signed without a SHA-256");
}
