using System.Net.Sockets;
using EdgeInfer.Control;
using EdgeInfer.Posix;
using EdgeInfer.Tests.Sources;

namespace EdgeInfer.Tests.Control;

public sealed class ControlAccessTests
{
    private readonly ControlAccess _access = new(user: 900, groups: [901, 950]);

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(900, 5, true)]
    [InlineData(1000, 901, true)]
    [InlineData(1000, 950, true)]
    [InlineData(1000, 1000, false)]
    [InlineData(901, 900, false)]
    public void Root_the_agents_user_and_the_services_groups_are_served(uint user, uint group, bool isServed)
        => Assert.Equal(isServed, _access.IsServed(new(1, user, group, [])));

    [Fact]
    public void A_further_group_counts_too()
    {
        Assert.True(_access.IsServed(new(1, 1000, 1000, [27, 950])));
        Assert.False(_access.IsServed(new(1, 1000, 1000, [27, 44])));
    }

    [Fact]
    public void The_kernel_says_who_the_peer_is()
    {
        using TemporaryFolder folder = new();
        UnixDomainSocketEndPoint at = new(Path.Combine(folder.Path, "s"));
        using Socket listening = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listening.Bind(at);
        listening.Listen(1);
        using Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(at);
        using Socket accepted = listening.Accept();
        ControlPeer peer = ControlPeer.Of(accepted);
        Assert.Equal((Environment.ProcessId, OwnUser()), (peer.Process, peer.User));
        Assert.Equal(StatusLine("Groups:").Order(), peer.Groups.Order());
        Assert.Equal(StatusLine("Gid:")[1], peer.Group);
    }

    [Fact]
    public void Groups_are_found_by_name_and_by_number()
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "group");
        File.WriteAllText(file, "root:x:0:\nbroken\nedgeinfer:x:988:anna,ben\n");
        Assert.Equal(988u, UserGroups.NumberOf("edgeinfer", file));
        Assert.Equal("edgeinfer", UserGroups.NameOf(988, file));
        Assert.Null(UserGroups.NumberOf("video", file));
        Assert.Null(UserGroups.NameOf(7, file));
        Assert.Null(UserGroups.NumberOf("edgeinfer", file + "2"));
    }

    [Fact]
    public void A_client_looks_where_the_service_listens_and_then_where_a_user_does()
    {
        Assert.Equal(["/run/edgeinfer/control.sock"], ControlPath.Candidates(null));
        Assert.Equal(["/run/edgeinfer/control.sock", "/run/user/1000/edgeinfer/control.sock"], ControlPath.Candidates("/run/user/1000"));
    }

    /// <summary>This process's effective user, as the kernel's table says it.</summary>
    internal static uint OwnUser() => StatusLine("Uid:")[1];

    private static uint[] StatusLine(string name)
        => [.. File.ReadLines("/proc/self/status").First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(uint.Parse)];
}
