using System.Net.Http;
using System.Net.Http.Headers;

namespace EdgeInfer.Fetching.Updates;

/// <summary>Where blobs lie by their digest.</summary>
internal interface IBlobOrigin
{
    /// <summary>What to send with a request; null for nothing.</summary>
    AuthenticationHeaderValue? Authorization { get; }

    /// <summary>What to do where the origin refuses.</summary>
    string Cure { get; }

    /// <summary>A blob's address.</summary>
    /// <param name="sha256">64 hexadecimal digits in lower case.</param>
    Uri Blob(string sha256);

    /// <summary>Finds out what to send after a 401; null where there is nothing to send.</summary>
    /// <exception cref="TransferException">Who should say so does not.</exception>
    Task<AuthenticationHeaderValue?> Answer(HttpResponseMessage refused, CancellationToken stop);
}
