using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>A role's newest metadata, as they are published.</summary>
/// <typeparam name="T">Its kind of document.</typeparam>
/// <param name="Document">What it says.</param>
/// <param name="Envelope">With signatures.</param>
/// <param name="Bytes">The file.</param>
internal sealed record PublishedRole<T>(T Document, RoleEnvelope Envelope, byte[] Bytes)
    where T : RoleDocument;
