using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Control;

/// <summary>Does one kind of request.</summary>
/// <param name="request">The request.</param>
/// <param name="stop">The agent stops.</param>
/// <exception cref="FaultException">It cannot be done, and why.</exception>
internal delegate ValueTask<ControlAnswer> ControlOperation(ControlRequest request, CancellationToken stop);

/// <summary>What can be asked of the agent, by name. Never throws: what goes wrong is an answer.</summary>
/// <param name="operations">By the word in <c>op</c>.</param>
internal sealed class ControlOperations(IReadOnlyDictionary<string, ControlOperation> operations)
{
    /// <summary>Reads a request and does it.</summary>
    /// <param name="line">One line without its end.</param>
    /// <param name="stop">The agent stops.</param>
    public async ValueTask<ControlAnswer> AnswerAsync(ReadOnlyMemory<byte> line, CancellationToken stop)
    {
        ControlRequest? request;
        try
        {
            request = JsonSerializer.Deserialize(line.Span, ControlJson.Default.ControlRequest);
        }
        catch (JsonException)
        {
            return Malformed();
        }

        return request is null ? Malformed() : await AnswerAsync(request, stop).ConfigureAwait(false);
    }

    /// <summary>Does what is asked for.</summary>
    /// <param name="request">The request.</param>
    /// <param name="stop">The agent stops.</param>
    public async ValueTask<ControlAnswer> AnswerAsync(ControlRequest request, CancellationToken stop)
    {
        try
        {
            if (operations.TryGetValue(request.Op, out ControlOperation? operation)) return await operation(request, stop).ConfigureAwait(false);
            string? near = NearestKey.Find(request.Op, operations.Keys);
            return ControlAnswer.Refused(new(FaultKind.Usage, "control", $"there is no operation {Quoted.Text(request.Op)}",
                near is null ? $"known: {Known()}" : $"did you mean '{near}'? known: {Known()}"));
        }
        catch (FaultException e)
        {
            return ControlAnswer.Refused(e.Fault);
        }
        catch (OperationCanceledException)
        {
            return ControlAnswer.Refused(new(FaultKind.Unavailable, "control", "the agent stops", ""));
        }
#pragma warning disable CA1031 // A defect in an answer must not end the agent.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return ControlAnswer.Refused(new(FaultKind.Internal, "control", $"unexpected {e.GetType().Name}: {e.Message}", "report this as a defect"));
        }
    }

    private ControlAnswer Malformed() => ControlAnswer.Refused(new(FaultKind.Usage, "control",
        "the line is no request", $$"""write one JSON object a line, such as {"op":"status"}; known: {{Known()}}"""));

    private string Known() => string.Join(", ", operations.Keys.Order(StringComparer.Ordinal));
}
