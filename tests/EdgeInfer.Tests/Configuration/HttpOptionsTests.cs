using System.Net;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Configuration;

public sealed class HttpOptionsTests
{
    [Theory]
    [InlineData("127.0.0.1:8080", "127.0.0.1", 8080)]
    [InlineData("'[::1]:9000'", "::1", 9000)]
    [InlineData("localhost:1", "127.0.0.1", 1)]
    public void An_address_of_this_machine_and_a_port_are_read(string written, string address, int port)
        => Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), Read($"http: {{ listen: {written} }}").Http.Listen);

    [Theory]
    [InlineData("")]
    [InlineData("http:")]
    [InlineData("http: {}")]
    [InlineData("http: { listen: }")]
    public void Without_an_address_nothing_listens(string written) => Assert.Null(Read(written).Http.Listen);

    [Theory]
    [InlineData("8080")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.0.0.1: 80")]
    [InlineData(":8080")]
    [InlineData("1:8080")]
    [InlineData("press-3:8080")]
    [InlineData("http://127.0.0.1:8080")]
    [InlineData("::1:8080")]
    [InlineData("[127.0.0.1]:8080")]
    [InlineData("[::1]")]
    public void Anything_else_is_a_fault_that_shows_an_address(string written)
        => Assert.Equal([$"edge.yaml:7:17: http.listen: found '{written}'; expected an address of this machine and a port, such as 127.0.0.1:8080, or '[::1]:8080' in quotes"],
            ConfigurationText.Faults($"{ConfigurationText.Smallest}http: {{ listen: \"{written}\" }}"));

    [Fact]
    public void An_address_in_brackets_without_quotes_is_a_list_to_YAML_and_the_fault_says_how_to_write_it()
        => Assert.Contains("'[::1]:8080' in quotes", Assert.Single(ConfigurationText.Faults($"{ConfigurationText.Smallest}http:\n  listen: [::1]\n")), StringComparison.Ordinal);

    [Fact]
    public void A_misspelt_key_is_named()
        => Assert.Equal(["edge.yaml:7:9: unknown key 'http.lisen'; did you mean 'listen'?"], ConfigurationText.Faults(ConfigurationText.Smallest + "http: { lisen: 127.0.0.1:8080 }"));

    [Theory]
    [InlineData("0.0.0.0:8080")]
    [InlineData("192.168.0.7:8080")]
    public void An_address_that_others_reach_is_allowed_and_warned_of_once(string written)
    {
        (AgentConfiguration? configuration, FaultList faults) = ConfigurationText.Read($"{ConfigurationText.Smallest}http: {{ listen: {written} }}");
        Assert.Equal(written, configuration!.Http.Listen!.ToString());
        Fault warning = Assert.Single(faults.Warnings);
        Assert.StartsWith($"edge.yaml:7:17: http.listen: {written} answers beyond this machine", warning.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_names_it_too()
        => Assert.Equal(8081, ConfigurationText.Good(ConfigurationText.Smallest, ("EDGEINFER__HTTP__LISTEN", "127.0.0.1:8081")).Http.Listen!.Port);

    private static AgentConfiguration Read(string line) => ConfigurationText.Good(ConfigurationText.Smallest + line);
}
