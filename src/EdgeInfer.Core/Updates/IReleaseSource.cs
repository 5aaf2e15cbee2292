using EdgeInfer.Diagnostics;
using EdgeInfer.Slots;
using EdgeInfer.Trust;

namespace EdgeInfer.Updates;

/// <summary>Where releases come from: a repository with its registry, or a folder that somebody carried here. Nothing that it gives is trusted.</summary>
internal interface IReleaseSource
{
    /// <summary>In words, for messages.</summary>
    string Display { get; }

    /// <summary>Gives signed metadata and targets.</summary>
    IRoleSource Roles { get; }

    /// <summary>Brings a file of a release into the store.</summary>
    /// <param name="file">Digest and size as signed.</param>
    /// <param name="store">Where it goes; it lies there under its digest when this returns.</param>
    /// <param name="received">Is told of bytes as they come.</param>
    /// <param name="stop">What came so far is kept.</param>
    /// <exception cref="UpdateException">Network, Size, Digest or Space.</exception>
    Task Fetch(StoredFile file, ManagedStore store, Action<long> received, CancellationToken stop);
}
