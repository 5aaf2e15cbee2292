using System.Collections.Concurrent;
using System.Text;
using EdgeInfer.Tests.Fetching.Updates;

namespace EdgeInfer.Tests.Fetching;

/// <summary>What a registry of the distribution specification answers to pushes to <c>fleet/models</c>; a test may answer before it.</summary>
internal sealed class FakeRegistry
{
    public const string Repository = "/v2/fleet/models/";

    private int _uploads;

    /// <summary>Blobs by their sha256.</summary>
    public ConcurrentDictionary<string, byte[]> Blobs { get; } = new();

    /// <summary>Manifests by their tag.</summary>
    public ConcurrentDictionary<string, byte[]> Manifests { get; } = new();

    /// <summary>Answers in its place; null for its own answer.</summary>
    public Func<Request, Reply?> Instead { get; set; } = static _ => null;

    /// <summary>Where uploads go.</summary>
    public string Place { get; set; } = Repository + "blobs/uploads/";

    public Reply Answer(Request request)
    {
        if (Instead(request) is { } other) return other;
        if (request.Target.StartsWith(Place, StringComparison.Ordinal) && request.Method == "PUT") return Take(request);
        return (request.Method, request.Target[Repository.Length..]) switch
        {
            ("HEAD", var target) when target.StartsWith("blobs/sha256:", StringComparison.Ordinal) => Blobs.TryGetValue(target["blobs/sha256:".Length..], out byte[]? blob) ? new Reply(200, blob) : Reply.Empty(404),
            ("POST", "blobs/uploads/") => Reply.Empty(202, $"Location: {Place}{Interlocked.Increment(ref _uploads)}?_state=a%2Bb"),
            ("HEAD", var target) when target.StartsWith("manifests/", StringComparison.Ordinal) => Manifests.TryGetValue(target["manifests/".Length..], out byte[]? manifest)
                ? new Reply(200, manifest, $"Docker-Content-Digest: sha256:{UpdateBench.Sha256(manifest)}") : Reply.Empty(404),
            ("PUT", var target) when target.StartsWith("manifests/", StringComparison.Ordinal) => Tag(target["manifests/".Length..], request.Body),
            _ => Refusal(400, "UNSUPPORTED", "not asked for in this test"),
        };
    }

    /// <summary>An answer that says no, as the specification has it.</summary>
    public static Reply Refusal(int status, string code, string message) => new(
        status, Encoding.UTF8.GetBytes($$"""{"errors":[{"code":"{{code}}","message":"{{message}}","detail":{"x":[1]} }]}"""), "Content-Type: application/json");

    public static Reply Challenge(string realm, string actions = "pull")
        => Reply.Empty(401, $"WWW-Authenticate: Bearer realm=\"{realm}\",service=\"registry\",scope=\"repository:fleet/models:{actions}\"");

    private Reply Take(Request request)
    {
        string sha256 = UpdateBench.Sha256(request.Body);
        if (!request.Target.EndsWith($"?_state=a%2Bb&digest=sha256%3A{sha256}", StringComparison.Ordinal)) return Refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
        Blobs[sha256] = request.Body;
        return Reply.Empty(201, $"Docker-Content-Digest: sha256:{sha256}", $"Location: {Repository}blobs/sha256:{sha256}");
    }

    private Reply Tag(string tag, byte[] manifest)
    {
        Manifests[tag] = manifest;
        return Reply.Empty(201, $"Docker-Content-Digest: sha256:{UpdateBench.Sha256(manifest)}");
    }
}
