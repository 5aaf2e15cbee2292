using System.Net;
using EdgeInfer.Commands;
using EdgeInfer.Releasing;
using EdgeInfer.Serving;
using EdgeInfer.Tests.Releasing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeInfer.Tests.Commands;

/// <summary><c>enroll</c> as it is typed, before a repository on the loopback.</summary>
public sealed class EnrollCommandTests : IAsyncLifetime
{
    private readonly string _outer = Directory.CreateTempSubdirectory("edgeinfer-enroll-").FullName;
    private readonly FixedPassphrases _passphrases = new();
    private RepositoryServer? _server;
    private ReleaseSettings? _settings;

    private ReleaseFolder Folder => new(Path.Combine(_outer, "release"));

    private string State => Path.Combine(_outer, "state");

    private string[] Typed => ["--repository", $"http://{_server!.Address}", "--root-sha256", _settings!.RootSha256, "--state-folder", State];

    public async ValueTask InitializeAsync()
    {
        _settings = Init(Folder);
        _server = await RepositoryServer.StartAsync(Folder.Repository, new(IPAddress.Loopback, 0), TimeProvider.System, NullLogger.Instance, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        Directory.Delete(_outer, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_enrolment_that_was_killed_behind_its_root_is_ended_by_the_same_command(bool isRotated)
    {
        if (isRotated)
        {
            using ReleaseDesk desk = ReleaseDesk.Open(Folder, [], _passphrases, TimeProvider.System);
            ReleaseRotate.Run(desk, new(KeyPurpose.Ci) { Rounds = ReleaseRig.FewRounds });
        }

        (int code, string printed, _) = Run([.. Typed, "--model", "parts"]);
        Assert.Equal(0, code);
        Assert.Contains("models: { parts: { managed: parts } }", printed, StringComparison.Ordinal);
        string tuf = Path.Combine(State, "tuf");
        foreach (string file in Directory.GetFiles(tuf))
            if (Path.GetFileName(file) != "root.json") File.Delete(file);
        (int again, string printedAgain, string errors) = Run([.. Typed, "--model", "parts"]);
        Assert.Equal("", errors);
        Assert.Equal(0, again);
        Assert.Equal(printed, printedAgain);
    }

    [Fact]
    public void Another_fleet_is_refused_and_the_trusted_root_stays()
    {
        Assert.Equal(0, Run([.. Typed, "--model", "parts"]).Code);
        byte[] root = File.ReadAllBytes(Path.Combine(State, "tuf", "root.json"));
        string[] typed = Typed;
        typed[3] = new string('0', 64);
        (int code, _, string errors) = Run([.. typed, "--model", "parts"]);
        Assert.Equal($"edgeinfer: {State}/tuf: this device trusts a fleet already; to change to another fleet, remove this folder first; a new root of the same fleet comes by itself\n", errors);
        Assert.Equal(64, code);
        Assert.Equal(root, File.ReadAllBytes(Path.Combine(State, "tuf", "root.json")));
    }

    [Fact]
    public void A_model_is_printed_once_and_one_that_the_configuration_would_refuse_is_refused()
    {
        (int code, _, string errors) = Run([.. Typed, "--model", "Parts.X"]);
        Assert.Equal("edgeinfer: --model: 'Parts.X' is no name of a model in the configuration; expected 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit\n", errors);
        Assert.Equal(64, code);
        Assert.False(Directory.Exists(State));
        Assert.Contains("models: { parts: { managed: parts } }\n", Run([.. Typed, "--model", "parts", "--model", "parts"]).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_and_a_key_are_read_before_anything_is_trusted()
    {
        string text = Path.Combine(_outer, "text.pem");
        File.WriteAllText(text, "no PEM\n");
        foreach (string file in (string[])[text, Path.Combine(_outer, "nothing.pem")])
        {
            (int code, _, string errors) = Run([.. Typed, "--model", "parts", "--certificate", file, "--key", file]);
            Assert.StartsWith("edgeinfer: --certificate: ", errors, StringComparison.Ordinal);
            Assert.Contains(file, errors, StringComparison.Ordinal);
            Assert.Equal(78, code);
            Assert.False(Directory.Exists(State));
        }
    }

    private ReleaseSettings Init(ReleaseFolder folder) => ReleaseInit.Run(folder, new() { Rounds = ReleaseRig.FewRounds }, _passphrases, TimeProvider.System);

    private static (int Code, string Output, string Errors) Run(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int code = CommandLine.Invoke(["enroll", .. arguments], output, errors);
        return (code, output.ToString(), errors.ToString());
    }
}
