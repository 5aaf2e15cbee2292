using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using EdgeInfer.Control;
using EdgeInfer.Diagnostics;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Control;

/// <summary>The socket as a client meets it, well behaved or not.</summary>
public sealed class ControlServerTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly TestAttachment _attachment = new();
    private readonly ControlServer _server;

    public ControlServerTests()
    {
        ControlOperations operations = new(new Dictionary<string, ControlOperation>
        {
            ["status"] = static (_, _) => ValueTask.FromResult(ControlAnswer.Done("status", "{\"state\":\"online\"}"u8)),
            ["fail"] = static (_, _) => throw FaultException.Of(FaultKind.Unavailable, "here", "it is not there", "put it there"),
            ["defect"] = static (_, _) => throw new InvalidOperationException("a defect"),
            ["bytes"] = (_, _) => ValueTask.FromResult(ControlAnswer.Done("bytes", "{}"u8, _attachment)),
        });
        _server = new(ControlEndpoint.Open(Path), new ControlAccess(ControlAccessTests.OwnUser(), []), operations, _time, NullLogger.Instance);
        _server.Start();
    }

    private string Path => System.IO.Path.Combine(_folder.Path, "run", "control.sock");

    [Fact]
    public void A_request_is_a_line_and_so_is_its_answer()
    {
        using Client client = new(Path);
        Assert.Equal("""{"ok":true,"status":{"state":"online"}}""", client.Ask("""{"op":"status"}"""));
        Assert.Equal("""{"ok":true,"status":{"state":"online"}}""", client.Ask("""{"op":"status"}"""));
        Assert.Equal("""{"ok":false,"error":{"code":69,"where":"here","what":"it is not there","cure":"put it there"}}""", client.Ask("""{"op":"fail"}"""));
        Assert.StartsWith("""{"ok":false,"error":{"code":70,""", client.Ask("""{"op":"defect"}"""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"op":"stats"}""", "there is no operation 'stats'")]
    [InlineData("""{"op":"status","pipelines":"belt"}""", "the line is no request")]
    [InlineData("""{"op":7}""", "the line is no request")]
    [InlineData("{}", "the line is no request")]
    [InlineData("null", "the line is no request")]
    [InlineData("", "the line is no request")]
    [InlineData("\u0000\u0001 garbage {{{", "the line is no request")]
    public void What_is_no_request_is_answered_with_the_operations_there_are_and_the_next_one_is_served(string line, string what)
    {
        using Client client = new(Path);
        JsonElement error = JsonDocument.Parse(client.Ask(line)).RootElement.GetProperty("error");
        Assert.Equal((64, what), (error.GetProperty("code").GetInt32(), error.GetProperty("what").GetString()));
        Assert.Contains("known: bytes, defect, fail, status", error.GetProperty("cure").GetString(), StringComparison.Ordinal);
        Assert.Contains("\"ok\":true", client.Ask("""{"op":"status"}"""), StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_never_end_it()
    {
        Random random = new(5);
        for (int i = 0; i < 50; i++)
        {
            byte[] bytes = new byte[random.Next(1, 3000)];
            random.NextBytes(bytes);
            using Client client = new(Path);
            client.Send(bytes);
        }

        AssertServed();
    }

    [Fact]
    public void A_line_without_end_is_cut_off_at_64_KiB()
    {
        using Client client = new(Path);
        Assert.Contains("longer than 64 KiB", client.Ask(new string('x', 70_000)), StringComparison.Ordinal);
        Assert.Null(client.Read());
        AssertServed();
    }

    [Fact]
    public void The_longest_line_is_still_read()
    {
        using Client client = new(Path);
        Assert.Contains("\"ok\":true", client.Ask("{\"op\":\"status\"" + new string(' ', 65_000) + "}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_is_silent_is_sent_away_after_five_seconds()
    {
        using Client client = new(Path);
        Assert.Contains("\"ok\":true", client.Ask("""{"op":"status"}"""), StringComparison.Ordinal);
        client.Send("{\"op\":\"st"u8.ToArray());
        Assert.True(SpinWait.SpinUntil(() => Advanced(TimeSpan.FromSeconds(6)) && client.IsClosed, TimeSpan.FromSeconds(30)));
        AssertServed();
    }

    [Fact]
    public void Whoever_takes_nothing_of_an_answer_is_sent_away_and_the_answer_let_go()
    {
        using Client client = new(Path);
        client.Send("{\"op\":\"bytes\"}\n"u8.ToArray());
        Assert.True(_attachment.Started.Wait(TimeSpan.FromSeconds(30)));
        Assert.True(SpinWait.SpinUntil(() => Advanced(TimeSpan.FromSeconds(6)) && _attachment.IsDisposed, TimeSpan.FromSeconds(30)));
        AssertServed();
    }

    [Fact]
    public void Whoever_leaves_in_the_middle_of_an_answer_harms_nothing()
    {
        using (Client client = new(Path))
        {
            client.Send("{\"op\":\"bytes\"}\n"u8.ToArray());
            Assert.True(_attachment.Started.Wait(TimeSpan.FromSeconds(30)));
        }

        Assert.True(SpinWait.SpinUntil(() => _attachment.IsDisposed, TimeSpan.FromSeconds(30)));
        AssertServed();
    }

    [Fact]
    public void The_ninth_client_is_told_so_and_has_room_once_another_leaves()
    {
        List<Client> clients = [.. Enumerable.Range(0, ControlServer.MostClients).Select(_ => new Client(Path))];
        foreach (Client client in clients) client.Ask("""{"op":"status"}""");
        using (Client ninth = new(Path)) Assert.Contains("8 clients are being served", ninth.Read(), StringComparison.Ordinal);
        clients[0].Dispose();
        Assert.True(SpinWait.SpinUntil(IsServed, TimeSpan.FromSeconds(30)));
        foreach (Client client in clients) client.Dispose();
    }

    [Fact]
    public void Only_the_owner_and_the_group_may_connect()
    {
        const UnixFileMode Expected = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        Assert.Equal(Expected, File.GetUnixFileMode(Path));
    }

    [Fact]
    public async Task A_second_agent_is_told_who_holds_the_socket_and_takes_nothing_away()
    {
        Fault fault = Assert.Throws<FaultException>(() => ControlEndpoint.Open(Path)).Fault;
        Assert.Equal(FaultKind.Unavailable, fault.Kind);
        Assert.Contains($"belongs to process {Environment.ProcessId}", fault.What, StringComparison.Ordinal);
        AssertServed();

        // Once the first is gone the second has it.
        await _server.DisposeAsync();
        Assert.False(File.Exists(Path));
        ControlEndpoint.Open(Path).Dispose();
    }

    [Fact]
    public void A_socket_that_a_killed_agent_left_behind_is_replaced()
    {
        string path = System.IO.Path.Combine(_folder.Path, "stale.sock");
        using (Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));

            // .NET takes the file away when it closes the socket; kill -9 does not.
            File.Move(path, path + "2");
        }

        File.Move(path + "2", path);
        using ControlEndpoint endpoint = ControlEndpoint.Open(path);
        Assert.Equal(path, endpoint.Path);
    }

    [Fact]
    public void Another_programs_socket_without_a_lock_is_left_alone()
    {
        string path = System.IO.Path.Combine(_folder.Path, "other.sock");
        using Socket other = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(path));
        other.Listen(1);
        Assert.Contains("belongs to process", Assert.Throws<FaultException>(() => ControlEndpoint.Open(path)).Fault.What, StringComparison.Ordinal);
        Assert.True(File.Exists(path));
    }

    [Fact]
    public void A_file_that_is_no_socket_is_left_alone()
    {
        string path = System.IO.Path.Combine(_folder.Path, "notes.txt");
        File.WriteAllText(path, "mine");
        Assert.Contains("something else than a socket is there", Assert.Throws<FaultException>(() => ControlEndpoint.Open(path)).Fault.What, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(path));
    }

    [Fact]
    public void A_path_too_long_for_a_socket_is_named()
        => Assert.Contains("at most 107 bytes", Assert.Throws<FaultException>(() => ControlEndpoint.Open("/tmp/" + new string('x', 103))).Fault.What, StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private void AssertServed() => Assert.True(SpinWait.SpinUntil(IsServed, TimeSpan.FromSeconds(30)), "the next client is not served");

    private bool IsServed()
    {
        using Client client = new(Path);
        return client.Ask("""{"op":"status"}""")?.Contains("\"ok\":true", StringComparison.Ordinal) == true;
    }

    // The server may set its timer after the clock was moved: it is moved again.
    private bool Advanced(TimeSpan by)
    {
        _time.Advance(by);
        return true;
    }

    private sealed class TestAttachment() : ControlAttachment(1L << 30)
    {
        private volatile bool _isDisposed;

        public ManualResetEventSlim Started { get; } = new();

        public bool IsDisposed => _isDisposed;

        public override async ValueTask WriteAsync(Stream to, CancellationToken stop)
        {
            Started.Set();
            byte[] piece = new byte[1 << 20];
            for (int i = 0; i < 1024; i++) await to.WriteAsync(piece, stop);
        }

        public override void Dispose() => _isDisposed = true;
    }

    private sealed class Client : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 30_000 };
        private readonly StreamReader _reader;

        public Client(string path)
        {
            _socket.Connect(new UnixDomainSocketEndPoint(path));
            _reader = new(new NetworkStream(_socket));
        }

        public bool IsClosed => _socket.Poll(10_000, SelectMode.SelectRead) && _socket.Available == 0;

        public string Ask(string line)
        {
            Send(Encoding.UTF8.GetBytes(line + "\n"));
            return Read()!;
        }

        public void Send(byte[] bytes)
        {
            try
            {
                _socket.Send(bytes);
            }
            catch (SocketException)
            {
                // Sent away already.
            }
        }

        public string? Read()
        {
            try
            {
                return _reader.ReadLine();
            }
            catch (IOException)
            {
                return null;
            }
        }

        public void Dispose()
        {
            _reader.Dispose();
            _socket.Dispose();
        }
    }
}
