using System.CommandLine;
using System.CommandLine.Parsing;
using EdgeInfer.Commands.Release;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Commands;

/// <summary>The verbs, and how their faults become lines and exit codes.</summary>
internal static class CommandLine
{
    /// <summary>Everything went well.</summary>
    public const int Success = 0;

    /// <summary>Runs one command line.</summary>
    /// <returns>0 or a sysexits code.</returns>
    public static int Invoke(string[] args, TextWriter output, TextWriter errors)
    {
        try
        {
            return Run(args, output, errors);
        }
        catch (FaultException e)
        {
            return Ended(errors, e.Fault.Kind, e.Faults.Select(static f => f.ToString()));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Ended(errors, FaultKind.InputOutput, e.Message);
        }
#pragma warning disable CA1031 // The last place that can turn a defect into one line.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Ended(errors, FaultKind.Internal, $"unexpected {e.GetType().Name}: {e.Message}; report this as a defect");
        }
    }

    private static int Run(string[] args, TextWriter output, TextWriter errors)
    {
        if (args.Length == 0)
        {
            Root().Parse(["--help"]).Invoke(new InvocationConfiguration { Output = errors, Error = errors });
            return (int)FaultKind.Usage;
        }

        ParseResult parsed = Root().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            // A verb that is unknown is missing too; once is enough.
            IEnumerable<ParseError> told = parsed.UnmatchedTokens.Count > 0 ? parsed.Errors.Where(static e => e.Message.Contains('\'', StringComparison.Ordinal)) : parsed.Errors;
            foreach (ParseError error in told) errors.WriteLine($"edgeinfer: {error.Message}");
            errors.WriteLine($"see: edgeinfer{VerbOf(parsed.CommandResult)} --help");
            return (int)FaultKind.Usage;
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = errors, ProcessTerminationTimeout = null });
    }

    // With what stands before it: " model add".
    private static string VerbOf(CommandResult command)
        => command.Command is RootCommand ? "" : $"{(command.Parent is CommandResult parent ? VerbOf(parent) : "")} {command.Command.Name}";

    private static int Ended(TextWriter errors, FaultKind kind, params IEnumerable<string> lines)
    {
        try
        {
            foreach (string line in lines) errors.WriteLine($"edgeinfer: {OneLine.Of(line)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nobody can be told; the exit code still says it.
        }

        return (int)kind;
    }

    private static RootCommand Root()
    {
        RootCommand root = new("Camera in, quantised ONNX model, predictions out on MQTT: one native program.");
        foreach (Command verb in Verbs()) root.Add(verb);
        return root;
    }

    private static IEnumerable<Command> Verbs()
    {
        yield return DemoCommand.Create();
        yield return InitCommand.Create();
        yield return RunCommand.Create();
        yield return CheckCommand.Create();
        yield return DoctorCommand.Create();
        yield return PredictCommand.Create();
        yield return WatchCommand.Create();
        yield return StatusCommand.Create();
        yield return CaptureCommand.Create();
        yield return ReplayCommand.Create();
        yield return SchemaCommand.Create();
        yield return ModelCommand.Create();
        yield return UpdateCommand.Create();
        yield return EnrollCommand.Create();
        yield return BenchCommand.Create();
        yield return ReleaseCommand.Create();
    }
}
