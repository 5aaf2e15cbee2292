using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary><c>release init</c>: keys, and a repository without a release.</summary>
internal static class ReleaseInitCommand
{
    /// <summary>Builds the verb.</summary>
    public static Command Create()
    {
        ReleaseOptionSet shared = new();
        KeyOptionSet keys = new();
        Option<int> rootKeys = new("--root-keys") { Description = "Number of root keys", HelpName = "N", DefaultValueFactory = static _ => 1 };
        Option<int> threshold = new("--threshold") { Description = "How many of them have to sign", HelpName = "N", DefaultValueFactory = static _ => 1 };
        Option<bool> separate = new("--separate") { Description = "Instead of 'ci' a key 'models' for a human, and 'online' for cron" };
        Option<string?> url = new("--url") { Description = "Where devices will find the repository", HelpName = "URL" };
        Command command = shared.Verb(
            "init",
            "Makes the keys and a repository without a release. The key 'root' belongs on a medium that is nowhere online; 'ci' signs releases.\n\n"
            + "Examples: edgeinfer release init --url https://models.example\n"
            + "          edgeinfer release init --root-keys 3 --threshold 2 --keys /media/stick/keys\n"
            + "          edgeinfer release init --signer root='kms-sign' --public-key root=root.pub.pem",
            signs: true);
        foreach (Option option in (Option[])[rootKeys, threshold, separate, url]) command.Add(option);
        keys.AddTo(command);
        command.SetAction(parsed =>
        {
            InitOptions options = new()
            {
                RootKeys = parsed.GetValue(rootKeys),
                Threshold = parsed.GetValue(threshold),
                IsSeparate = parsed.GetValue(separate),
                Kind = keys.Kind(parsed),
                KeysFolder = KeysFolder(parsed.GetValue(shared.Keys) ?? []),
                Url = Address(parsed.GetValue(url)),
                Outer = keys.Outer(parsed),
            };
            ReleaseFolder folder = shared.Folder(parsed);
            Print(parsed.InvocationConfiguration.Output, folder, ReleaseInit.Run(folder, options, shared.Passphrases(parsed), TimeProvider.System));
            return CommandLine.Success;
        });
        return command;
    }

    private static void Print(TextWriter output, ReleaseFolder folder, ReleaseSettings settings)
    {
        foreach (KnownKey key in settings.KnownKeys)
            output.WriteLine($"key {key.Name}  {key.KeyId[..12]}  {(key.Signer is null ? KeyRing.FileOf(folder.KeysOf(settings), key.Name) : $"signed by '{key.Signer}'")}");
        output.WriteLine($"repository  {folder.Repository}");
        output.WriteLine($"root.json sha256  {settings.RootSha256}");
        output.WriteLine("keep 'root' on a medium that is nowhere online, and a copy of it: without it no key can ever be replaced");
        output.WriteLine($"on each device: edgeinfer enroll --repository {settings.Url ?? "URL"} --root-sha256 {settings.RootSha256} --model NAME");
    }

    private static string? KeysFolder(string[] folders) => folders.Length > 1
        ? throw FaultException.Of(FaultKind.Usage, "--keys", "several folders", "give one; afterwards each key may be moved to where its keeper wants it")
        : folders.FirstOrDefault();

    private static string? Address(string? text)
    {
        if (text is null) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "https" or "http" && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0) return text;
        throw FaultException.Of(FaultKind.Usage, "--url", $"{Quoted.Address(text)} is no address of a repository", "write https://HOST/PATH, without a user and a query");
    }
}
