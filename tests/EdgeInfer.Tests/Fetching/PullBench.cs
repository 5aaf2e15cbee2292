using System.Net;
using System.Security.Cryptography;
using EdgeInfer.Diagnostics;
using EdgeInfer.Fetching;
using EdgeInfer.Models;

namespace EdgeInfer.Tests.Fetching;

/// <summary>A store, an environment and a report for one test.</summary>
internal sealed class PullBench : IPullReport, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-pull-");

    public string Store => Path.Combine(_folder.FullName, "store");

    public string Home => Path.Combine(_folder.FullName, "home");

    public Dictionary<string, string> Environment { get; } = [];

    public List<string> Said { get; } = [];

    public List<(string Name, long Received, long? Total)> Begun { get; } = [];

    /// <summary>Called with the bytes received.</summary>
    public Action<long>? OnReceived { get; set; }

    public IWebProxy Proxy { get; set; } = new NoProxy();

    public FetchLimits Limits { get; set; } = new() { Stall = TimeSpan.FromSeconds(10), FirstPause = TimeSpan.FromMilliseconds(1), LongestPause = TimeSpan.FromMilliseconds(1) };

    /// <summary>What is in the store, hidden folders included.</summary>
    public string[] Stored => Directory.Exists(Store) ? [.. Directory.GetFileSystemEntries(Store).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)] : [];

    /// <summary>Files of unfinished downloads.</summary>
    public string[] Parts => Directory.Exists(Store) ? Directory.GetFiles(Store, "*.part", SearchOption.AllDirectories) : [];

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public string Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public InstalledModel Pull(string reference, string? sha256 = null, string? name = null, string? contract = null, string? labels = null, CancellationToken stop = default)
    {
        PullOptions options = new() { Store = Store, Sha256 = sha256, Name = name, Contract = contract, Labels = labels, Limits = Limits };
        ModelPull pull = new(options, Environment, Home, Proxy, TimeProvider.System, new Random(1), this);
        return pull.Run(RemoteReference.Parse(reference), stop).GetAwaiter().GetResult();
    }

    public Fault Refused(string reference, string? sha256 = null, string? name = null, string? contract = null)
        => Assert.Throws<FaultException>(() => Pull(reference, sha256, name, contract)).Fault;

    public void Say(string line) => Said.Add(line);

    public void Begin(string name, long received, long? total) => Begun.Add((name, received, total));

    public void Received(long bytes) => OnReceived?.Invoke(bytes);

    public void End()
    {
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private sealed class NoProxy : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => null;

        public bool IsBypassed(Uri host) => true;
    }
}
