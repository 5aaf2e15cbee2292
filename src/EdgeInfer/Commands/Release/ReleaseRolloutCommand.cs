using System.CommandLine;
using System.Globalization;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release rollout</c>: who gets which release.</summary>
internal static class ReleaseRolloutCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        Argument<string> model = new("MODEL") { Description = "What devices call the model" };
        Option<string?> to = new("--to") { Description = "Number of the release, with its variant where it has one: 12-arm64", HelpName = "SEQ" };
        Option<string[]> device = new("--device") { Description = "For these devices", HelpName = "D", AllowMultipleArgumentsPerToken = true };
        Option<string[]> label = new("--label") { Description = "For devices with all of these labels, as in site=oslo", HelpName = "K=V", AllowMultipleArgumentsPerToken = true };
        Option<string?> percent = new("--percent") { Description = "For this part of the fleet; a larger one contains the smaller", HelpName = "P" };
        Option<bool> hard = new("--hard") { Description = "A device that has committed it never goes back before it, not by hand either" };
        Option<bool> hold = new("--hold") { Description = "No device begins anything until --resume; what is on trial comes to its end" };
        Option<bool> resume = new("--resume") { Description = "Ends --hold" };
        WaveOptionSet waves = new();
        Command command = shared.Verb(
            "rollout",
            "Says who gets which release, and signs it. Without --device, --label and --percent: every device. The rules that were there stay behind the new one, so that the rest of the fleet keeps what it has.\n\n"
            + "Examples: edgeinfer release rollout parts --to 12 --device press-3\n"
            + "          edgeinfer release rollout parts --to 12 --percent 10\n"
            + "          edgeinfer release rollout parts --to 12\n"
            + "          edgeinfer release rollout parts --hold\n"
            + "          edgeinfer release rollout parts --to 12 --waves 1,10,50,100 --soak 1h --max-failed 2% --broker mqtts://broker.plant\n\n"
            + "With --waves it ends with 0 after the last wave, with 1 where the rollout is held (by itself when too many failed, or by somebody else), with 130 after Ctrl-C; "
            + "the same command goes on from what is signed.",
            signs: true);
        command.Add(model);
        foreach (Option option in (Option[])[to, device, label, percent, hard, hold, resume]) command.Add(option);
        waves.AddTo(command);
        command.SetAction(parsed =>
        {
            RolloutOptions options = new(parsed.GetValue(model)!)
            {
                To = parsed.GetValue(to),
                Devices = parsed.GetValue(device) ?? [],
                Labels = Labels(parsed.GetValue(label) ?? []),
                Percent = Percent(parsed.GetValue(percent)),
                IsHard = parsed.GetValue(hard),
                Hold = parsed.GetValue(hold) ? true : parsed.GetValue(resume) ? false : null,
            };
            if (parsed.GetValue(hold) && parsed.GetValue(resume)) throw FaultException.Of(FaultKind.Usage, "--hold", "--resume is there too", "give one of them");
            if (waves.Run(parsed, options, shared) is { } ended) return ended;
            using ReleaseDesk desk = shared.Open(parsed);
            foreach (string rule in ReleaseRollout.Run(desk, options)) parsed.InvocationConfiguration.Output.WriteLine(rule);
            return CommandLine.Success;
        });
        return command;
    }

    private static decimal? Percent(string? text)
    {
        if (text is null) return null;
        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal percent) ? percent
            : throw FaultException.Of(FaultKind.Usage, "--percent", $"found {Quoted.Text(text)}", "give a number such as 10 or 0.5");
    }

    private static Dictionary<string, string> Labels(string[] texts)
    {
        Dictionary<string, string> labels = new(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || equals == text.Length - 1) throw FaultException.Of(FaultKind.Usage, "--label", $"found {Quoted.Text(text)}", "write it as in site=oslo");
            if (!labels.TryAdd(text[..equals], text[(equals + 1)..])) throw FaultException.Of(FaultKind.Usage, "--label", $"{Quoted.Text(text[..equals])} is there twice", "a device has one value of a label");
        }

        return labels;
    }
}
