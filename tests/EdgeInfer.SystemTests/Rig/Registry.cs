using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>Debian's docker-registry on a free loopback port, and a client that pushes artifacts by the calls of the distribution specification.</summary>
internal sealed class Registry : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-registry-");
    private readonly HttpClient _client = new();
    private ChildProcess? _process;

    /// <summary>Host and port.</summary>
    public string Address { get; } = $"127.0.0.1:{Mosquitto.FreePort()}";

    /// <summary>Starts a registry.</summary>
    public static Task<Registry> Start() => Start("", "");

    /// <summary>Starts a registry with TLS that wants a certificate of the same authority from its clients, and the user ci or edge with <see cref="Canary.Password"/>.</summary>
    /// <param name="own">Whose <c>server.pem</c> and <c>server.key</c> it shows.</param>
    public static Task<Registry> StartSecured(TestCertificates own)
    {
        // The password's bcrypt at the least cost, the only kind of hash that it takes.
        const string Hash = "$2b$05$abcdefghijklmnopqrstuuCtTJnP/9Zd/7eVy/WtqgB8pCamMMG3e";
        string users = own.Write("htpasswd", $"ci:{Hash}\nedge:{Hash}\n");
        return Start($", tls: {{ certificate: {own["server.pem"]}, key: {own["server.key"]}, clientcas: [{own.AuthorityFile}] }}", $"auth: {{ htpasswd: {{ realm: models, path: {users} }} }}\n");
    }

    private static async Task<Registry> Start(string http, string more)
    {
        Registry registry = new();
        string configuration = Path.Combine(registry._folder.FullName, "config.yml");
        await File.WriteAllTextAsync(
            configuration, $"version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {registry._folder.FullName}/data }} }}\nhttp: {{ addr: {registry.Address}{http} }}\n{more}");
        registry._process = ChildProcess.Start(Peer.Program("docker-registry"), ["serve", configuration]);
        await registry._process.Line("listening on");
        return registry;
    }

    /// <summary>A line of its log.</summary>
    public Task<string> Line(string text) => _process!.Line(text);

    /// <summary>Its log so far.</summary>
    public string Log => _process!.Output;

    /// <summary>Pushes files as the raw layers of an artifact.</summary>
    /// <returns>sha256 of the manifest.</returns>
    public async Task<string> Push(string repository, string tag, IEnumerable<(string Name, byte[] Bytes)> files)
    {
        List<string> layers = [];
        foreach ((string name, byte[] bytes) in files)
        {
            string digest = await PushBlob(repository, bytes);
            layers.Add($$"""{"mediaType":"application/octet-stream","digest":"{{digest}}","size":{{bytes.Length}},"annotations":{"org.opencontainers.image.title":"{{name}}"} }""");
        }

        byte[] empty = "{}"u8.ToArray();
        string configuration = await PushBlob(repository, empty);
        byte[] manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.cncf.model.manifest.v1+json",
             "config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{configuration}}","size":2},"layers":[{{string.Join(',', layers)}}]}
            """);
        using ByteArrayContent content = new(manifest);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.oci.image.manifest.v1+json");
        using HttpResponseMessage answer = await _client.PutAsync(new Uri($"http://{Address}/v2/{repository}/manifests/{tag}"), content);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        return Convert.ToHexStringLower(SHA256.HashData(manifest));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        _folder.Delete(true);
    }

    private async Task<string> PushBlob(string repository, byte[] bytes)
    {
        string digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}";
        using HttpResponseMessage begun = await _client.PostAsync(new Uri($"http://{Address}/v2/{repository}/blobs/uploads/"), null);
        string place = begun.Headers.Location!.ToString();
        using ByteArrayContent content = new(bytes);
        using HttpResponseMessage answer = await _client.PutAsync(new Uri($"{place}{(place.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={Uri.EscapeDataString(digest)}"), content);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        return digest;
    }
}
