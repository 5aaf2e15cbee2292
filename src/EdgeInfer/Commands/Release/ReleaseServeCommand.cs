using System.CommandLine;
using System.Net;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Releasing;
using EdgeInfer.Serving;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release serve</c>: the repository over HTTP, for a first try.</summary>
internal static class ReleaseServeCommand
{
    private const string Default = "127.0.0.1:8480";

    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        Option<string> listen = new("--listen") { Description = "Address and port; port 0 for any that is free", HelpName = "ADDR", DefaultValueFactory = static _ => Default };
        Command command = shared.Verb(
            "serve",
            "Serves the repository over HTTP until Ctrl-C, for a first try on a local network. What devices fetch is signed; for a fleet use a web server with TLS.\n\n"
            + "Example: edgeinfer release serve --listen 0.0.0.0:8480",
            signs: false);
        command.Add(listen);
        command.SetAction(parsed =>
        {
            ReleaseFolder folder = shared.Folder(parsed);
            ReleaseSettings settings = ReleaseSettings.Read(folder.SettingsPath);
            IPEndPoint address = Address(parsed.GetValue(listen)!);
            using StopSignals signals = new();
            Serve(folder, settings, address, parsed.InvocationConfiguration.Output, signals.Token).GetAwaiter().GetResult();
            return CommandLine.Success;
        });
        return command;
    }

    /// <summary>Serves until it is stopped.</summary>
    internal static async Task Serve(ReleaseFolder folder, ReleaseSettings settings, IPEndPoint address, TextWriter output, CancellationToken stop)
    {
        using LineLoggerFactory log = LineLoggerFactory.ForProcess(LogLevel.Information);
        await using RepositoryServer server = await RepositoryServer.StartAsync(folder.Repository, address, TimeProvider.System, log.CreateLogger("serve"), stop).ConfigureAwait(false);
        // 0.0.0.0 is every address of this machine, and none that a device could ask.
        string host = address.Address.Equals(IPAddress.Any) || address.Address.Equals(IPAddress.IPv6Any) ? $"{Environment.MachineName}:{server.Address.Port}" : server.Address.ToString();
        output.WriteLine($"serving {folder.Repository} at http://{host}/");
        output.WriteLine($"on a device: edgeinfer enroll --repository http://{host}/ --root-sha256 {settings.RootSha256} --model NAME");
        output.Flush();
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static IPEndPoint Address(string text)
        => IPEndPoint.TryParse(text, out IPEndPoint? address) && text.Contains(':', StringComparison.Ordinal) ? address
            : throw FaultException.Of(FaultKind.Usage, "--listen", $"{Quoted.Text(text)} is no address with a port", $"write it as in {Default} or [::]:8480");
}
