using System.Security.Cryptography;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Releasing;

/// <summary>A file's bytes in one word.</summary>
internal static class FileDigest
{
    /// <summary>sha256 in 64 hexadecimal digits, and the number of bytes it is of.</summary>
    /// <exception cref="FaultException">The file cannot be read.</exception>
    public static (string Sha256, long Bytes) Of(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
            string digest = Convert.ToHexStringLower(SHA256.HashData(file));
            return (digest, file.Position);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FaultException.Of(FaultKind.InputOutput, path, $"the file cannot be read: {e.Message}", "check its permissions and the disk", e);
        }
    }
}
