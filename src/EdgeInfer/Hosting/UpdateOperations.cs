using System.Text.Json;
using EdgeInfer.Control;
using EdgeInfer.Diagnostics;
using EdgeInfer.Updates;

namespace EdgeInfer.Hosting;

/// <summary>What the control socket answers about model updates: each answer is what is known of the models then.</summary>
internal static class UpdateOperations
{
    /// <summary>What is known of one model, or of all.</summary>
    public static ControlAnswer Status(UpdateService updates, ControlRequest request) => Answer(updates, request);

    /// <summary>Releases what waits.</summary>
    public static ControlAnswer Approve(UpdateService updates, ControlRequest request)
    {
        updates.Of(Model(request)).Approve(request.Seq);
        return Answer(updates, request);
    }

    /// <summary>What was refused may be tried again.</summary>
    public static async ValueTask<ControlAnswer> RetryAsync(UpdateService updates, ControlRequest request)
    {
        await updates.Of(Model(request)).RetryAsync();
        updates.Hint(request.Model);
        return Answer(updates, request);
    }

    /// <summary>A pinned model follows its releases again.</summary>
    public static async ValueTask<ControlAnswer> ResumeAsync(UpdateService updates, ControlRequest request)
    {
        await updates.Of(Model(request)).ResumeAsync();
        updates.Hint(request.Model);
        return Answer(updates, request);
    }

    /// <summary>Takes what a folder holds.</summary>
    public static async ValueTask<ControlAnswer> ApplyAsync(UpdateService updates, ControlRequest request, CancellationToken stop)
    {
        string folder = request.Folder ?? throw FaultException.Of(FaultKind.Usage, request.Op, "no folder is named", """write "folder":"PATH" """.TrimEnd());
        await updates.ApplyAsync(folder, stop);
        return Answer(updates, request);
    }

    /// <summary>A generation that is here serves, and stays.</summary>
    public static async ValueTask<ControlAnswer> ActivateAsync(UpdateService updates, ControlRequest request)
    {
        long seq = request.Seq ?? throw FaultException.Of(FaultKind.Usage, request.Op, "no number is named", """write "seq":NUMBER """.TrimEnd());
        await updates.Of(Model(request)).ActivateAsync(seq);
        return Answer(updates, request);
    }

    /// <summary>Back to the model before.</summary>
    public static async ValueTask<ControlAnswer> RollBackAsync(UpdateService updates, ControlRequest request)
    {
        await updates.Of(Model(request)).RollBackAsync();
        return Answer(updates, request);
    }

    private static string Model(ControlRequest request)
        => request.Model ?? throw FaultException.Of(FaultKind.Usage, request.Op, "no model is named", """write "model":"NAME" """.TrimEnd());

    private static ControlAnswer Answer(UpdateService updates, ControlRequest request)
    {
        IReadOnlyList<UpdateReport> reports = updates.Reports();
        if (request.Model is { } model) reports = [updates.Report(model)];
        return ControlAnswer.Done(request.Op, JsonSerializer.SerializeToUtf8Bytes(reports, UpdateJson.Default.IReadOnlyListUpdateReport));
    }
}
