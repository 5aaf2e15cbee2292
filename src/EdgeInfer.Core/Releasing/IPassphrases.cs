namespace EdgeInfer.Releasing;

/// <summary>Whoever knows the passphrases of keys.</summary>
internal interface IPassphrases
{
    /// <summary>The passphrase of a key, from where nobody has to be asked; null where there is none.</summary>
    /// <param name="keyName">As in <c>root-2</c>.</param>
    string? Find(string keyName);

    /// <summary>The passphrase of a key, asked for where need be.</summary>
    /// <param name="keyName">As in <c>root-2</c>.</param>
    /// <param name="isNew">Whether it is for a key that is being made.</param>
    /// <exception cref="Diagnostics.FaultException">There is none, and nobody to ask; or it is too short for a new key.</exception>
    string Require(string keyName, bool isNew);
}
