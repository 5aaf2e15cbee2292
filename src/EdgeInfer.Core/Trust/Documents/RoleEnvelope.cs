using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Trust.Documents;

/// <summary>One signature of an envelope.</summary>
/// <param name="KeyId">The key that is said to have made it.</param>
/// <param name="Text">Hex of the signature; what is no hex is a signature that never fits.</param>
internal sealed record RoleSignature(string KeyId, string Text);

/// <summary>A metadata file: what is signed, and the signatures over its canonical form.</summary>
internal sealed class RoleEnvelope
{
    /// <summary>Signatures in one file, at most: each may cost a verification.</summary>
    public const int MaxSignatures = 64;

    private RoleEnvelope(JsonElement signed, byte[] signedBytes, IReadOnlyList<RoleSignature> signatures) => (Signed, SignedBytes, Signatures) = (signed, signedBytes, signatures);

    /// <summary>What is signed, as received: members that nobody knows included.</summary>
    public JsonElement Signed { get; }

    /// <summary>Its canonical form, which the signatures are over.</summary>
    public byte[] SignedBytes { get; }

    /// <summary>The signatures, one per key id.</summary>
    public IReadOnlyList<RoleSignature> Signatures { get; }

    /// <summary>Reads a file. Nothing is verified.</summary>
    /// <exception cref="UpdateException">It is no envelope (<see cref="UpdateCode.Signature"/>).</exception>
    public static RoleEnvelope Read(ReadOnlyMemory<byte> bytes, string where)
    {
        JsonMembers file = new(CanonicalJson.Read(bytes, where), where, "the file");
        JsonElement signed = file.Take("signed");
        List<RoleSignature> signatures = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        foreach (JsonElement item in file.List("signatures"))
        {
            JsonMembers signature = new(item, where, "a signature");
            RoleSignature next = new(signature.Text("keyid"), signature.Text("sig"));
            if (!ids.Add(next.KeyId)) throw signature.Refused($"is there twice for key {Short(next.KeyId)}");
            if (signatures.Count == MaxSignatures) throw signature.Refused($"comes after {MaxSignatures} others");
            signatures.Add(next);
        }

        return new(signed, CanonicalJson.Encode(signed), signatures);
    }

    /// <summary>Signs a document.</summary>
    public static RoleEnvelope Sign(RoleDocument document, IEnumerable<IRoleSigner> signers) => Sign(CanonicalJson.Build(document.Write), signers);

    /// <summary>Signs what a document was written as.</summary>
    public static RoleEnvelope Sign(JsonElement signed, IEnumerable<IRoleSigner> signers)
    {
        byte[] bytes = CanonicalJson.Encode(signed);
        return new(signed, bytes, [.. signers.Select(s => new RoleSignature(s.Key.Id, Convert.ToHexStringLower(s.Sign(bytes))))]);
    }

    /// <summary>The same with another signature, in place of one of the same key: several people sign one after the other.</summary>
    public RoleEnvelope With(IRoleSigner signer) => new(
        Signed, SignedBytes,
        [.. Signatures.Where(s => s.KeyId != signer.Key.Id), new RoleSignature(signer.Key.Id, Convert.ToHexStringLower(signer.Sign(SignedBytes)))]);

    /// <summary>The file.</summary>
    public byte[] Write() => CanonicalJson.Text(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("signatures");
        foreach (RoleSignature signature in Signatures)
        {
            writer.WriteStartObject();
            writer.WriteString("keyid", signature.KeyId);
            writer.WriteString("sig", signature.Text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WritePropertyName("signed");
        Signed.WriteTo(writer);
        writer.WriteEndObject();
    });

    /// <summary>Demands a threshold of valid signatures of different keys of a role.</summary>
    /// <param name="role">The role's name, for the fault.</param>
    /// <param name="keys">Keys by id.</param>
    /// <param name="demand">The role's keys and threshold.</param>
    /// <param name="where">The file, for the fault.</param>
    /// <exception cref="UpdateException">Too few: <see cref="UpdateCode.Signature"/> where one by a key of the role does not fit, else <see cref="UpdateCode.Threshold"/>.</exception>
    public void Require(string role, IReadOnlyDictionary<string, TrustKey> keys, RoleKeys demand, string where)
    {
        HashSet<string> valid = new(StringComparer.Ordinal);
        string? unfit = null;
        foreach (RoleSignature signature in Signatures)
        {
            if (!demand.KeyIds.Contains(signature.KeyId) || !keys.TryGetValue(signature.KeyId, out TrustKey? key)) continue;
            if (Verifies(key, signature.Text)) valid.Add(key.Identity);
            else unfit ??= signature.KeyId;
        }

        if (valid.Count >= demand.Threshold) return;
        string count = $"{valid.Count} of {demand.Threshold} signatures that the role {OneLine.Short(role)} needs are valid";
        throw unfit is null
            ? UpdateException.Of(UpdateCode.Threshold, where, count)
            : UpdateException.Of(UpdateCode.Signature, where, $"{count}; the one by key {Short(unfit)} does not fit");
    }

    private static string Short(string keyId) => OneLine.Short(keyId.Length <= 12 ? keyId : keyId[..12]);

    private bool Verifies(TrustKey key, string signature)
    {
        byte[] bytes = new byte[signature.Length / 2];
        return Convert.FromHexString(signature, bytes, out _, out _) == System.Buffers.OperationStatus.Done && key.Verifies(SignedBytes, bytes);
    }
}
