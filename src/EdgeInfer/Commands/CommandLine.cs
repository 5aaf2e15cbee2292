using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EdgeInfer.Commands.Release;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Commands;

/// <summary>The verbs, and how their faults become lines and exit codes.</summary>
internal static class CommandLine
{
    /// <summary>Everything went well.</summary>
    public const int Success = 0;

    /// <summary>Ended by Ctrl-C, as shells count it.</summary>
    public const int Interrupted = 130;

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
            Root(null).Parse(["--help"]).Invoke(new InvocationConfiguration { Output = errors, Error = errors });
            return (int)FaultKind.Usage;
        }

        ParseResult parsed = Root(args[0]).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            // A verb that is unknown is missing too; once is enough.
            IEnumerable<ParseError> told = parsed.UnmatchedTokens.Count > 0 ? parsed.Errors.Where(static e => e.Message.Contains('\'', StringComparison.Ordinal)) : parsed.Errors;
            foreach (ParseError error in told) errors.WriteLine($"edgeinfer: {UnreadNumber(error) ?? error.Message}");
            errors.WriteLine($"see: edgeinfer{VerbOf(parsed.CommandResult)} --help");
            return (int)FaultKind.Usage;
        }

        // As of a script whose variable is not set.
        if (parsed.CommandResult.Children.FirstOrDefault(static c => c.Tokens.Any(static t => t.Value.Length == 0)) is { } empty)
        {
            string name = empty is OptionResult option ? option.Option.Name : empty is ArgumentResult argument ? argument.Argument.HelpName ?? argument.Argument.Name : VerbOf(parsed.CommandResult);
            throw FaultException.Of(FaultKind.Usage, name, "the value is empty", "give one, or leave it out");
        }

        return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = errors, ProcessTerminationTimeout = null });
    }

    // What System.CommandLine says of these names types of .NET.
    private static string? UnreadNumber(ParseError error)
    {
        (string name, Type found) = error.SymbolResult switch
        {
            OptionResult option => (option.Option.Name, option.Option.ValueType),
            ArgumentResult argument => (argument.Argument.Name, argument.Argument.ValueType),
            _ => ("", typeof(string)),
        };
        if (error.SymbolResult?.Tokens is not [{ Value: string value }, ..]) return null;
        Type type = Nullable.GetUnderlyingType(found) ?? found;
        CultureInfo culture = CultureInfo.InvariantCulture;
        string? allowed = type == typeof(int) && !int.TryParse(value, culture, out _) ? $"a whole number up to {int.MaxValue}"
            : type == typeof(long) && !long.TryParse(value, culture, out _) ? $"a whole number up to {long.MaxValue}"
            : type == typeof(double) && !double.TryParse(value, culture, out _) ? "a number such as 5 or 0.5"
            : null;
        return allowed is null ? null : $"{name}: found {Quoted.Text(value)}; give {allowed}";
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

    /// <summary>The command line's tree.</summary>
    /// <param name="word">
    /// The first word: where it names a verb, that verb alone is made. All of them together cost each start of the service 2 ms.
    /// </param>
    private static RootCommand Root(string? word)
    {
        RootCommand root = new("Camera in, quantised ONNX model, predictions out on MQTT: one native program.");
        bool isVerb = Verbs().Any(v => v.Name == word);
        foreach ((string name, Func<Command> create) in Verbs())
            if (!isVerb || name == word) root.Add(create());
        return root;
    }

    /// <summary>The verbs, each with what makes it.</summary>
    internal static IEnumerable<(string Name, Func<Command> Create)> Verbs()
    {
        yield return ("demo", DemoCommand.Create);
        yield return ("init", InitCommand.Create);
        yield return ("run", RunCommand.Create);
        yield return ("check", CheckCommand.Create);
        yield return ("doctor", DoctorCommand.Create);
        yield return ("predict", PredictCommand.Create);
        yield return ("watch", WatchCommand.Create);
        yield return ("status", StatusCommand.Create);
        yield return ("capture", CaptureCommand.Create);
        yield return ("replay", ReplayCommand.Create);
        yield return ("schema", SchemaCommand.Create);
        yield return ("model", ModelCommand.Create);
        yield return ("update", UpdateCommand.Create);
        yield return ("enroll", EnrollCommand.Create);
        yield return ("bench", BenchCommand.Create);
        yield return ("release", ReleaseCommand.Create);
    }
}
