using System.CommandLine;
using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release pack</c>: a model becomes a release that is not yet signed.</summary>
internal static class ReleasePackCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        Argument<string> model = new("MODEL_DIR") { Description = "A model's folder, or an .onnx file that says all by itself" };
        Option<string> name = new("--name") { Description = "What devices call the model", HelpName = "NAME", Required = true };
        Option<long?> seq = new("--seq") { Description = "Its number; default: the last one and 1", HelpName = "N" };
        Option<string?> variant = new("--variant") { Description = "One of several with the same number, as in arm64", HelpName = "V" };
        Option<string?> arch = new("--requires-arch") { Description = "Processors that it is for, as in x64,arm64", HelpName = "ARCH" };
        Option<string?> provider = new("--requires-provider") { Description = "Execution provider that it is for", HelpName = "P" };
        Option<string?> memory = new("--requires-memory") { Description = "Memory that a device must have, as in 256MiB", HelpName = "SIZE" };
        Option<string?> agent = new("--requires-agent") { Description = "Oldest EdgeInfer that can serve it, as in 0.2.0", HelpName = "VERSION" };
        Option<string?> metric = new("--metric") { Description = "Least accuracy on the golden inputs, as in map50=0.85", HelpName = "NAME=MIN" };
        Option<int?> p95 = new("--p95-ms") { Description = "Slowest 95th percentile on the device, from pixels to results", HelpName = "MS" };
        Option<string?> rss = new("--rss") { Description = "Most memory that the model may take on the device", HelpName = "SIZE" };
        Command command = shared.Verb(
            "pack",
            "Checks a model as a device would, and puts it into the release folder under the next number. Nothing is published before 'release publish'.\n\n"
            + "Example: edgeinfer release pack models/parts --name parts --requires-arch x64,arm64",
            signs: false);
        command.Add(model);
        foreach (Option option in (Option[])[name, seq, variant, arch, provider, memory, agent, metric, p95, rss]) command.Add(option);
        command.SetAction(parsed =>
        {
            PackOptions options = new(parsed.GetValue(model)!, parsed.GetValue(name)!)
            {
                Seq = parsed.GetValue(seq),
                Variant = parsed.GetValue(variant),
                Arch = parsed.GetValue(arch)?.Split(',', StringSplitOptions.TrimEntries) ?? [],
                Provider = parsed.GetValue(provider),
                MemoryBytes = Bytes(memory.Name, parsed.GetValue(memory)),
                Agent = parsed.GetValue(agent),
                Metric = Metric(parsed.GetValue(metric)),
                P95Milliseconds = parsed.GetValue(p95),
                RssBytes = Bytes(rss.Name, parsed.GetValue(rss)),
            };
            using ReleaseDesk desk = ReleaseDesk.Open(shared.Folder(parsed), [], new PassphraseSource([], new Dictionary<string, string>(), null), TimeProvider.System);
            PackedRelease packed = ReleasePack.Run(desk, options);
            foreach (Fault warning in packed.Warnings) parsed.InvocationConfiguration.Error.WriteLine($"edgeinfer: warning: {warning}");
            parsed.InvocationConfiguration.Output.WriteLine($"{packed.Path}  sha256:{packed.Sha256}  {packed.FileCount} files, {packed.Bytes.ToString(CultureInfo.InvariantCulture)} bytes");
            return CommandLine.Success;
        });
        return command;
    }

    private static long? Bytes(string option, string? text)
    {
        if (text is null) return null;
        if (ScalarText.TryBytes(text, out long bytes) && bytes > 0) return bytes;
        throw FaultException.Of(FaultKind.Usage, option, $"found {Quoted.Text(text)}", "give a size such as 256MiB");
    }

    private static (string Name, decimal Min)? Metric(string? text)
    {
        if (text is null) return null;
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && decimal.TryParse(text.AsSpan(equals + 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal min) && min is >= 0 and <= 1) return (text[..equals], min);
        throw FaultException.Of(FaultKind.Usage, "--metric", $"found {Quoted.Text(text)}", "write it as in map50=0.85");
    }
}
