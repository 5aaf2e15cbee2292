using System.Text;
using System.Text.RegularExpressions;
using EdgeInfer.Configuration;
using EdgeInfer.Signals;
using EdgeInfer.Sources;
using EdgeInfer.Sources.Streams;

namespace EdgeInfer.Tests.Sources.Streams;

public sealed class StreamCredentialsTests : IDisposable
{
    private const string Password = "c4nary: secret";

    private static readonly byte[] s_picture = [0xFF, 0xD8, 0xFF, 1, 2, 3, 0xFF, 0xD9];

    private readonly RecordingLogger _log = new();
    private readonly FrameMailbox _mailbox = new();
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        foreach (IDisposable one in _open) one.Dispose();
        _mailbox.Dispose();
    }

    [Theory]
    [InlineData("MD5", "8ca523f5e9506fed4657c9700eebdbec")]
    [InlineData("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    public void The_servers_check_gives_the_answers_of_rfc_7616(string algorithm, string response)
    {
        // Section 3.9.1.
        Assert.Equal(response, DigestCheck.Response(
            algorithm, "Mufasa", "http-auth@example.org", "Circle of Life", "GET", "/dir/index.html",
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "auth"));
    }

    [Theory]
    [InlineData("realm=\"cam\", nonce=\"abc/+=\", qop=\"auth\"")]
    [InlineData("realm=\"cam\", nonce=\"abc\", qop=\"auth\", algorithm=MD5, opaque=\"x\"")]
    [InlineData("realm=\"cam\", nonce=\"abc\", qop=\"auth\", algorithm=SHA-256")]
    [InlineData("realm=\"cam\", nonce=\"abc\"")]
    public void A_digest_challenge_is_answered(string challenge)
    {
        FakeCamera camera = Guarded($"WWW-Authenticate: Digest {challenge}\r\n", head => DigestCheck.IsRight(Authorization(head), "GET", "operator", Password));
        Start(camera.Url("/video?channel=1"));
        Take();
        Assert.DoesNotContain(Password, string.Join('\n', camera.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public void A_basic_challenge_is_answered()
    {
        // RFC 7617 section 2: base64 of user, colon, password.
        string expected = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"operator:{Password}"));
        Start(Guarded("WWW-Authenticate: Basic realm=\"cam\"\r\n", head => Authorization(head) == expected).Url());
        Take();
    }

    [Fact]
    public void Of_both_challenges_the_one_that_does_not_show_the_password_is_answered()
    {
        FakeCamera camera = Guarded(
            "WWW-Authenticate: Basic realm=\"cam\"\r\nWWW-Authenticate: Digest realm=\"cam\", nonce=\"abc\", qop=\"auth\"\r\n",
            head => DigestCheck.IsRight(Authorization(head), "GET", "operator", Password));
        Start(camera.Url());
        Take();
        Assert.DoesNotContain("Basic", string.Join('\n', camera.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public void Credentials_within_the_address_are_used_and_never_shown()
    {
        FakeCamera camera = Guarded("WWW-Authenticate: Basic realm=\"cam\"\r\n", head => Authorization(head).Length > 0);
        HttpStreamSource source = Start(new Uri($"http://operator:c4nary@127.0.0.1:{camera.Port}/video?user=me&pwd=c4nary&channel=2"), hasUser: false);
        Take();
        Assert.Equal($"http://127.0.0.1:{camera.Port}/video?user=***&pwd=***&channel=2", source.Name);
        Assert.DoesNotContain("c4nary", _log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Basic realm=\"cam\"")]
    [InlineData("Digest realm=\"cam\", nonce=\"abc\", qop=\"auth\"")]
    public void A_wrong_password_is_said_to_be_refused_and_never_shown(string challenge)
    {
        HttpStreamSource source = Start(Guarded($"WWW-Authenticate: {challenge}\r\n", _ => false).Url());
        _log.WaitFor("refused the user name or password (401)");
        Assert.Equal(SourceState.Failed, source.State);
        Assert.DoesNotContain("c4nary", _log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("operator", _log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_host_that_the_camera_sends_on_to_does_not_get_the_password()
    {
        FakeCamera other = Guarded("WWW-Authenticate: Basic realm=\"other\"\r\n", _ => false);
        FakeCamera camera = Camera(visit =>
        {
            visit.ReadRequest();
            visit.Send($"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{other.Port}/steal\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        });
        Start(camera.Url());
        _log.WaitFor("(401)");
        Assert.NotEmpty(other.Requests);
        Assert.All(other.Requests, head => Assert.Equal("", Authorization(head)));
    }

    private static string Authorization(string head) => Regex.Match(head, "^Authorization: (.*)\r$", RegexOptions.Multiline | RegexOptions.IgnoreCase).Groups[1].Value;

    private FakeCamera Guarded(string challenge, Func<string, bool> isRight) => Camera(visit =>
    {
        while (!isRight(visit.ReadRequest()))
        {
            visit.Send($"HTTP/1.1 401 Unauthorized\r\n{challenge}Content-Length: 4\r\n\r\nshut");
        }

        visit.Send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n");
        visit.SendPart(s_picture);
        visit.Stall();
    });

    private FakeCamera Camera(Action<FakeCamera.Visit> script)
    {
        FakeCamera camera = new(script);
        _open.Insert(0, camera);
        return camera;
    }

    private HttpStreamSource Start(Uri url, bool hasUser = true)
    {
        StreamOptions options = new(url, hasUser ? "operator" : null, hasUser ? new Secret(Password) : null, null);
        HttpStreamSource source = new(options, _mailbox, TimeProvider.System, new Random(1), _log);
        _open.Insert(0, source);
        source.Start();
        return source;
    }

    private void Take()
    {
        bool isTaken = _mailbox.TryTake(TimeSpan.FromSeconds(20), out FrameLease frame);
        Assert.True(isTaken, "no frame came:\n" + _log.Text);
        frame.Dispose();
    }
}
