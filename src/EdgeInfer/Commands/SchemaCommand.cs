using System.CommandLine;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Results.Schemas;

namespace EdgeInfer.Commands;

/// <summary><c>schema</c>: the JSON schemas of the messages.</summary>
internal static class SchemaCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create()
    {
        Argument<string?> name = new("NAME") { Description = "A schema; without it, the names", Arity = ArgumentArity.ZeroOrOne };
        Command verb = new("schema", "The JSON schemas (draft 2020-12) of the messages.\n\nExample: edgeinfer schema prediction > prediction.json")
        {
            name,
        };
        verb.SetAction(parsed =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(name) is not { } wanted)
            {
                foreach (string known in MessageSchemas.Names) output.WriteLine(known);
                return CommandLine.Success;
            }

            output.Write(MessageSchemas.Find(wanted) ?? throw Unknown(wanted));
            return CommandLine.Success;
        });
        return verb;
    }

    private static FaultException Unknown(string wanted)
    {
        string? near = NearestKey.Find(wanted, MessageSchemas.Names);
        string cure = near is null ? $"there are {string.Join(", ", MessageSchemas.Names)}" : $"did you mean '{near}'?";
        return FaultException.Of(FaultKind.Usage, "schema", $"no schema {Quoted.Text(wanted)}", cure);
    }
}
