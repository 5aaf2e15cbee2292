using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release rotate</c>: another key in the place of one.</summary>
internal static class ReleaseRotateCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        KeyOptionSet keys = new();
        Option<string> role = new("--role") { Description = $"Whose key: {string.Join(", ", KeyName.Words)}", HelpName = "ROLE", Required = true };
        Option<string?> key = new("--key") { Description = "Which of several, as in root-2", HelpName = "KEY" };
        Option<bool> lost = new("--lost") { Description = "The old key is gone: nothing is signed with it beside the new one" };
        Command command = shared.Verb(
            "rotate",
            "Makes a new key in the place of one that was stolen, lost or is old, and signs everything with it. Needs root; devices take it with their next look, and refuse the old key from then on.\n\n"
            + "Example: edgeinfer release rotate --role ci --keys /media/stick/keys",
            signs: true);
        foreach (Option option in (Option[])[role, key, lost]) command.Add(option);
        keys.AddTo(command);
        command.SetAction(parsed =>
        {
            string word = parsed.GetValue(role)!;
            KeyPurpose purpose = KeyName.Purpose(word) ?? throw FaultException.Of(FaultKind.Usage, role.Name, $"no key has the role {Quoted.Text(word)}", $"give one of {string.Join(", ", KeyName.Words)}");
            Dictionary<string, OuterKey> outer = keys.Outer(parsed);
            if (outer.Count > 1 || outer.Keys.Any(k => KeyName.PurposeOf(k) != purpose)) throw FaultException.Of(FaultKind.Usage, keys.Signer.Name, "one new key is made", $"give one, as in {word}=CMD");
            using ReleaseDesk desk = shared.Open(parsed);
            (string old, string made) = ReleaseRotate.Run(
                desk, new(purpose) { Key = parsed.GetValue(key), IsOldLost = parsed.GetValue(lost), Kind = keys.Kind(parsed), Outer = outer.Values.FirstOrDefault() });
            parsed.InvocationConfiguration.Output.WriteLine($"'{made}' signs in the place of '{old}'; copy the repository to where devices find it");
            return CommandLine.Success;
        });
        return command;
    }
}
