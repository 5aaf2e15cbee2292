using System.Net;
using System.Net.Http.Headers;
using EdgeInfer.Commands.Release;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;
using EdgeInfer.Serving;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Releasing;

/// <summary>The small server of a first try, as RFC 9110 has ranges and validators.</summary>
public sealed class RepositoryServerTests : IAsyncLifetime
{
    private const string Blob = "blobs/sha256/0123456789";

    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-serve-").FullName;
    private readonly HttpClient _client = new();
    private RepositoryServer? _server;

    public async ValueTask InitializeAsync()
    {
        Write(Blob, "0123456789");
        Write("metadata/timestamp.json", "{}");
        Write("secret.txt", "no");
        Write("metadata/.hidden", "no");
        Write("metadata/timestamp.json.new", "no");
        _server = await RepositoryServer.StartAsync(_folder, new(IPAddress.Loopback, 0), TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        _client.BaseAddress = new Uri($"http://{_server.Address}/");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_server is not null) await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_file_comes_whole_with_its_length_and_a_validator()
    {
        using HttpResponseMessage response = await _client.GetAsync(Blob);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("0123456789", await response.Content.ReadAsStringAsync());
        Assert.Equal(10, response.Content.Headers.ContentLength);
        Assert.NotNull(response.Headers.ETag);
        Assert.False(response.Headers.ETag.IsWeak);
        Assert.Contains("bytes", response.Headers.AcceptRanges);
    }

    [Theory]
    [InlineData("bytes=0-3", 206, "0123", "bytes 0-3/10")]
    [InlineData("bytes=4-", 206, "456789", "bytes 4-9/10")]
    [InlineData("bytes=-3", 206, "789", "bytes 7-9/10")]
    [InlineData("bytes=-30", 206, "0123456789", "bytes 0-9/10")]
    [InlineData("bytes=8-100", 206, "89", "bytes 8-9/10")]
    [InlineData("bytes=10-", 416, "", "bytes */10")]
    [InlineData("bytes=-0", 416, "", "bytes */10")]
    [InlineData("bytes=4-2", 200, "0123456789", null)]
    [InlineData("bytes=1-2,4-5", 200, "0123456789", null)]
    [InlineData("lines=1-2", 200, "0123456789", null)]
    public async Task A_range_comes_as_it_is_asked_for(string range, int status, string body, string? contentRange)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, Blob);
        request.Headers.TryAddWithoutValidation("Range", range);
        using HttpResponseMessage response = await _client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
        Assert.Equal(contentRange, response.Content.Headers.ContentRange?.ToString());
    }

    [Fact]
    public async Task A_range_of_a_file_that_has_changed_since_comes_whole()
    {
        EntityTagHeaderValue tag = await Tag();
        Write(Blob, "abcdefghij!");
        using HttpRequestMessage request = new(HttpMethod.Get, Blob);
        request.Headers.Range = new(4, null);
        request.Headers.IfRange = new(tag);
        using HttpResponseMessage response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("abcdefghij!", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_range_under_the_validator_it_has_comes_as_one()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, Blob);
        request.Headers.Range = new(4, null);
        request.Headers.IfRange = new(await Tag());
        using HttpResponseMessage response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
    }

    [Fact]
    public async Task What_somebody_has_already_is_not_sent_again()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, Blob);
        request.Headers.IfNoneMatch.Add(await Tag());
        using HttpResponseMessage response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotModified, response.StatusCode);
    }

    [Fact]
    public async Task Of_a_head_request_nothing_but_the_header_comes()
    {
        using HttpRequestMessage request = new(HttpMethod.Head, Blob);
        using HttpResponseMessage response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(10, response.Content.Headers.ContentLength);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task The_timestamp_alone_is_asked_for_anew_each_time()
    {
        using HttpResponseMessage timestamp = await _client.GetAsync("metadata/timestamp.json");
        Assert.True(timestamp.Headers.CacheControl!.NoCache);
        using HttpResponseMessage blob = await _client.GetAsync(Blob);
        Assert.False(blob.Headers.CacheControl!.NoCache);
    }

    [Theory]
    [InlineData("secret.txt")]
    [InlineData("metadata/.hidden")]
    [InlineData("metadata/timestamp.json.new")]
    [InlineData("metadata/%2e%2e/secret.txt")]
    [InlineData("metadata/..%2fsecret.txt")]
    [InlineData("metadata")]
    [InlineData("metadata/")]
    [InlineData("blobs/sha256")]
    [InlineData("blobs/sha256/nothing")]
    [InlineData("")]
    public async Task Nothing_else_is_served(string path)
    {
        using HttpResponseMessage response = await _client.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData("/metadata/../secret.txt")]
    [InlineData("/metadata//timestamp.json")]
    [InlineData("/blobs/sha256/..")]
    [InlineData("/blobs/a/b/c/d/e/f")]
    [InlineData("metadata/timestamp.json")]
    public void No_path_leads_out_of_the_repository(string path) => Assert.Null(RepositoryRequests.Name(path));

    [Fact]
    public async Task Nothing_is_taken()
    {
        using HttpResponseMessage response = await _client.PutAsync(Blob, new ByteArrayContent([]));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow);
    }

    [Fact]
    public async Task An_address_in_use_is_said_with_a_cure()
    {
        FaultException refused = await Assert.ThrowsAsync<FaultException>(() => RepositoryServer.StartAsync(_folder, _server!.Address, TimeProvider.System, NullLogger.Instance, CancellationToken.None));
        Assert.Equal($"{_server!.Address}: port {_server.Address.Port} is in use by another program; stop that one, or write another port in --listen", refused.Fault.ToString());
    }

    [Fact]
    public async Task The_verb_says_where_it_serves_and_how_a_device_is_enrolled()
    {
        using CancellationTokenSource stop = new();
        Announced output = new();
        ReleaseSettings settings = new() { RootSha256 = new string('a', 64), Keys = "keys", IsSeparate = false, KnownKeys = [] };
        Directory.CreateDirectory(Path.Combine(_folder, "repository", "metadata"));
        File.WriteAllText(Path.Combine(_folder, "repository", "metadata", "timestamp.json"), "{}");
        Task serving = ReleaseServeCommand.Serve(new(_folder), settings, new(IPAddress.Loopback, 0), output, stop.Token);
        string[] lines = (await output.Said.Task).Split('\n');
        string address = lines[0][lines[0].IndexOf("http://", StringComparison.Ordinal)..];
        Assert.Equal($"serving {_folder}/repository at {address}", lines[0]);
        Assert.Equal($"on a device: edgeinfer enroll --repository {address} --root-sha256 {new string('a', 64)} --model NAME", lines[1]);
        Assert.Equal("{}", await _client.GetStringAsync(new Uri(address + "metadata/timestamp.json")));
        await stop.CancelAsync();
        await serving;
    }

    private sealed class Announced : StringWriter
    {
        public TaskCompletionSource<string> Said { get; } = new();

        public override void Flush() => Said.TrySetResult(ToString());
    }

    private async Task<EntityTagHeaderValue> Tag()
    {
        using HttpResponseMessage response = await _client.GetAsync(Blob);
        return response.Headers.ETag!;
    }

    private void Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
