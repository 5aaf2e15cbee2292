using System.CommandLine;
using System.Text.Json;
using EdgeInfer.Control;
using EdgeInfer.Updates;

namespace EdgeInfer.Commands;

/// <summary><c>update …</c>: model updates of the running agent, over its control socket.</summary>
internal static class UpdateCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create() => new("update", "Model updates of the running agent: what is under way, and what an operator decides.")
    {
        Status(),
        OfModel("approve", "Lets the release that waits go live, within its window. Example: edgeinfer update approve parts", "update_approve", takesSeq: true),
        OfModel("retry", "What was refused or rolled back may be tried again. Example: edgeinfer update retry parts", "update_retry"),
        OfModel("resume", "A model that was activated by hand follows its releases again. Example: edgeinfer update resume parts", "update_resume"),
        Apply(),
    };

    /// <summary>A verb about one model that answers with what is known of it then.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="description">With an example.</param>
    /// <param name="operation">Of the control socket.</param>
    /// <param name="takesSeq">Whether the number of a release can be given.</param>
    /// <param name="needsSeq">Whether it has to be.</param>
    public static Command OfModel(string verb, string description, string operation, bool takesSeq = false, bool needsSeq = false)
    {
        Argument<string> model = new("MODEL") { Description = "The model's name in the store: what 'managed' names." };
        Argument<long?> seq = new("SEQ") { Description = "The number of the release.", Arity = needsSeq ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne };
        Option<bool> json = Json();
        Option<string?> socket = StatusCommand.SocketOption();
        Command command = new(verb, description) { model, json, socket };
        if (takesSeq) command.Add(seq);
        command.SetAction(parsed => Ask(
            parsed, new() { Op = operation, Model = parsed.GetValue(model), Seq = takesSeq ? parsed.GetValue(seq) : null }, parsed.GetValue(socket), parsed.GetValue(json)));
        return command;
    }

    private static Option<bool> Json() => new("--json") { Description = "The messages as they are on MQTT: a JSON list" };

    private static Command Status()
    {
        Argument<string?> model = new("MODEL") { Description = "The model's name in the store; default all.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = Json();
        Option<string?> socket = StatusCommand.SocketOption();
        Command command = new("status", "What each managed model serves, what is under way, and why something was refused. Example: edgeinfer update status") { model, json, socket };
        command.SetAction(parsed => Ask(parsed, new() { Op = "update_status", Model = parsed.GetValue(model) }, parsed.GetValue(socket), parsed.GetValue(json)));
        return command;
    }

    private static Command Apply()
    {
        Argument<string> folder = new("DIR") { Description = "A copy of a repository: the folder that holds metadata, targets and blobs." };
        Option<bool> json = Json();
        Option<string?> socket = StatusCommand.SocketOption();
        Command command = new("apply", "Takes releases from a folder, as from a USB stick: the same signatures decide. Example: edgeinfer update apply /media/stick/repository") { folder, json, socket };
        command.SetAction(parsed => Ask(parsed, new() { Op = "update_apply", Folder = Path.GetFullPath(parsed.GetValue(folder)!) }, parsed.GetValue(socket), parsed.GetValue(json)));
        return command;
    }

    private static int Ask(ParseResult parsed, ControlRequest request, string? socket, bool isJson)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        using ControlClient client = StatusCommand.Connect(socket);
        JsonElement answer = client.Ask(request);
        if (isJson)
        {
            output.WriteLine(answer.GetRawText());
            return CommandLine.Success;
        }

        foreach (UpdateReport report in answer.Deserialize(UpdateJson.Default.IReadOnlyListUpdateReport)!)
            foreach (string line in UpdateText.Of(report)) output.WriteLine(line);
        return CommandLine.Success;
    }
}
