using System.Net;

namespace EdgeInfer.Configuration;

/// <summary><c>http</c>: health and metrics over HTTP.</summary>
public sealed record HttpOptions
{
    /// <summary>Where to listen; null for nowhere.</summary>
    public IPEndPoint? Listen { get; init; }
}
