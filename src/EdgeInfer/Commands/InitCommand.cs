using System.CommandLine;
using System.Text;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnosis;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Hosting;
using EdgeInfer.Models;

namespace EdgeInfer.Commands;

/// <summary><c>init</c>: finds cameras, a broker and models, and writes a commented configuration that <c>check</c> accepts.</summary>
internal static class InitCommand
{
    private const string LocalFile = "edgeinfer.yaml";

    /// <summary>As a file: standard output.</summary>
    private const string Printed = "-";

    // Of the package, and by hand.
    private static readonly string[] s_units = ["/lib/systemd/system/edgeinfer.service", "/etc/systemd/system/edgeinfer.service"];

    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Option<string?> file = new("--output", "-o") { Description = $"The file to write; default {LocalFile} here, for root {RunCommand.DefaultFile} where that folder exists; - prints it", HelpName = "FILE" };
        Option<bool> force = new("--force") { Description = "Replace the file if it is there" };
        Option<string> modelsDir = ModelCommand.ModelsDir();
        Command verb = new("init", "Finds cameras, a broker and models, and writes a commented configuration.\n\nExamples: edgeinfer init\n          edgeinfer init -o belt.yaml --force")
        {
            file, force, modelsDir,
        };
        verb.SetAction(parsed => Run(parsed.GetValue(file) ?? DefaultFile(), parsed.GetValue(force), parsed.GetValue(modelsDir)!, parsed.InvocationConfiguration.Output));
        return verb;
    }

    private static string DefaultFile()
        => Environment.IsPrivilegedProcess && Directory.Exists(Path.GetDirectoryName(RunCommand.DefaultFile)) ? RunCommand.DefaultFile : LocalFile;

    private static int Run(string file, bool isForced, string modelsDir, TextWriter output)
    {
        bool isPrinted = file == Printed;
        if (isPrinted) file = LocalFile;
        else if (!isForced && (File.Exists(file) || Directory.Exists(file)))
            throw FaultException.Of(FaultKind.Usage, file, "is there already and is not replaced", "give --force, or another file with -o");
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder && !Directory.Exists(folder))
            throw FaultException.Of(FaultKind.InputOutput, file, $"there is no folder {folder}", "make it, or give another file with -o");
        Surroundings found = SurveyAsync(modelsDir).GetAwaiter().GetResult();
        InitText text = new(isPrinted ? TextWriter.Null : output, found);
        text.Findings();
        if (found.Model is null)
        {
            throw FaultException.Of(FaultKind.NoInput, "models", "no model was found that is ready to be served, and a configuration needs one",
                "run this in a folder with an .onnx file, or give a folder of models with --models-dir");
        }

        string yaml = ConfigurationDraft.Write(found, file, BuildInformation.Version);
        if (isPrinted)
        {
            output.Write(yaml);
            return CommandLine.Success;
        }

        try
        {
            AtomicFile.Write(file, Encoding.UTF8.GetBytes(yaml));
        }
        catch (UnauthorizedAccessException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, file, "this user may not write there", "run it with sudo, or give another file with -o", e);
        }
        catch (IOException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, file, e.Message, "give another file with -o", e);
        }

        text.Written(file, file == RunCommand.DefaultFile, s_units.Any(File.Exists));
        return CommandLine.Success;
    }

    private static async Task<Surroundings> SurveyAsync(string modelsDir)
    {
        Task<IReadOnlyList<SurveyedCamera>> cameras = CameraSurvey.OfThisMachine().ReadAsync(CancellationToken.None);
        Task<IReadOnlyList<BrokerFinding>> brokers = new BrokerSurvey(BrokerSurvey.UsualDeadline, TimeProvider.System)
            .AskAsync(BrokerCandidates.Usual(), $"edgeinfer-init-{Environment.ProcessId}", CancellationToken.None);
        IReadOnlyList<ModelFinding> models = ModelSurvey.Find(Directory.GetCurrentDirectory(), ModelLocator.Default(modelsDir), modelsDir);
        string device = HostIdentity.OfThisMachine().DeviceId("", new FaultList());
        Dictionary<string, string> programs = Surroundings.FindPrograms(Environment.GetEnvironmentVariable("PATH") ?? "");
        return new(device, await cameras.ConfigureAwait(false), await brokers.ConfigureAwait(false), models, programs)
        {
            StateFolder = Own("XDG_STATE_HOME", ".local/state"),
            CacheFolder = Own("XDG_CACHE_HOME", ".cache"),
        };
    }

    // The usual folders belong to root or to the service's user: anyone else keeps such files at home (XDG base directories).
    private static string? Own(string variable, string beneathHome)
    {
        if (Environment.IsPrivilegedProcess) return null;
        string? folder = Environment.GetEnvironmentVariable(variable);
        string? home = Environment.GetEnvironmentVariable("HOME");
        if (folder is not ['/', ..]) folder = home is ['/', _, ..] ? Path.Combine(home, beneathHome) : null;
        return folder is null || folder.Any(char.IsControl) ? null : Path.Combine(folder, "edgeinfer");
    }
}
