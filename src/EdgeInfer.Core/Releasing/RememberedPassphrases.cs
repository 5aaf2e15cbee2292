namespace EdgeInfer.Releasing;

/// <summary>Passphrases for a command that signs again hours later: what was once said is not asked for, or looked up, a second time.</summary>
/// <param name="inner">Who knows them.</param>
internal sealed class RememberedPassphrases(IPassphrases inner) : IPassphrases
{
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string? Find(string keyName)
    {
        if (_known.TryGetValue(keyName, out string? known)) return known;
        return inner.Find(keyName) is { } found ? _known[keyName] = found : null;
    }

    /// <inheritdoc/>
    public string Require(string keyName, bool isNew) => Find(keyName) ?? (_known[keyName] = inner.Require(keyName, isNew));
}
