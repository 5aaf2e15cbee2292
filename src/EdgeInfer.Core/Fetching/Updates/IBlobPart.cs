namespace EdgeInfer.Fetching.Updates;

/// <summary>
/// A blob that is being gathered in the device's store. Room for all of it is there; the disk's refusals are
/// <see cref="Diagnostics.UpdateException"/> (Space) or <see cref="Diagnostics.FaultException"/>. Letting go of it keeps what has come.
/// </summary>
internal interface IBlobPart : IDownloadPart, IDisposable
{
    /// <summary>The bytes are all here: they are checked and become the store's.</summary>
    /// <exception cref="Diagnostics.UpdateException">Digest: they are others, and are gone.</exception>
    void Complete();
}
