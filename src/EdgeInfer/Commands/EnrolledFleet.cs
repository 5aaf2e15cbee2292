using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;

namespace EdgeInfer.Commands;

/// <summary>Whether a device that trusts a root already was enrolled with a digest: an <c>enroll</c> that was killed is repeated as it was typed.</summary>
internal static class EnrolledFleet
{
    /// <summary>Whether the root that is trusted is the one with the digest, or came after it in the same repository.</summary>
    /// <param name="pin">The digest.</param>
    /// <param name="kept">The root that is trusted.</param>
    /// <param name="repository">Where roots lie.</param>
    /// <exception cref="UpdateException">The repository cannot be had.</exception>
    public static async Task<bool> IsOf(RootPin pin, byte[] kept, IRoleSource repository)
    {
        if (Convert.ToHexStringLower(SHA256.HashData(kept)) == pin.Sha256) return true;

        // A root was replaced since: the chain from the digest on is verified anew, beside what the device trusts.
        string scratch = Directory.CreateTempSubdirectory("edgeinfer-enroll-").FullName;
        TrustStore store = new(scratch);
        RootWatch watch = new(repository, store, kept);
        try
        {
            await TrustClient.Open(store, pin, new(store, TimeProvider.System)).Refresh(watch, CancellationToken.None);
            return watch.Look();
        }
        catch (UpdateException e) when (e.Code != UpdateCode.Network)
        {
            // Where the root that is kept was come to, whoever refreshes next says what is wrong with the rest.
            return watch.Look();
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>Sees which roots are accepted: each is in the store when the next file is asked for.</summary>
    private sealed class RootWatch(IRoleSource inner, TrustStore store, byte[] kept) : IRoleSource
    {
        private bool _hasSeenKept;

        /// <summary>Whether the kept root is, or was, accepted.</summary>
        public bool Look() => _hasSeenKept |= store.ReadRoot().AsSpan().SequenceEqual(kept);

        public ValueTask<byte[]?> Fetch(string name, int maxBytes, CancellationToken stop)
        {
            Look();
            return inner.Fetch(name, maxBytes, stop);
        }
    }
}
