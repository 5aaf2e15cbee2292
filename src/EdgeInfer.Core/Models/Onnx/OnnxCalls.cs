namespace EdgeInfer.Models.Onnx;

/// <summary>An operator or a function, as nodes name it.</summary>
/// <param name="Domain">Its domain; empty for ai.onnx.</param>
/// <param name="Name">Its name.</param>
/// <param name="Overload">Which of several of one name; mostly empty.</param>
internal readonly record struct OnnxOperator(string Domain, string Name, string Overload);

/// <summary>
/// Who calls what: the nodes of the main graph and of each function of the model. A node that calls such a function becomes that function's
/// nodes when the model is loaded, and so on: a few hundred bytes can stand for billions of nodes, or never end.
/// </summary>
internal sealed class OnnxCalls(OnnxInspection inspection)
{
    // Takes a compiled engine from the file or from a path in its attribute, which nobody has inspected.
    private const string PrecompiledEngine = "EPContext";

    private readonly Dictionary<OnnxOperator, Unit> _functions = [];
    private readonly Unit _main = new();
    private Unit? _current;
    private int _different;

    /// <summary>Takes note of a node of the main graph or of the function that is being read.</summary>
    public void Add(OnnxOperator called, OnnxNodePlace node)
    {
        Dictionary<OnnxOperator, Call> calls = (_current ?? _main).Calls;
        if (calls.TryGetValue(called, out Call? call)) call.Count++;
        else if (++_different > OnnxLimits.Operators) throw inspection.Refused($"more than {OnnxLimits.Operators} different operators", OnnxInspection.ExportAgain);
        else calls.Add(called, new(node));
    }

    /// <summary>From here on nodes are a function's.</summary>
    public void BeginFunction() => _current = new();

    /// <summary>The function ends.</summary>
    public void EndFunction(OnnxOperator function)
    {
        if (OnnxDemands.RuntimeDomains.Contains(function.Domain))
            throw inspection.Refused($"a function stands in for {Name(function)}, which is the runtime's own", "give the functions of the model a domain of their own");
        if (_functions.Count >= OnnxLimits.Entries) throw inspection.Refused($"more than {OnnxLimits.Entries} functions", OnnxInspection.ExportAgain);
        if (!_functions.TryAdd(function, _current!)) throw inspection.Refused($"two functions are called {Name(function)}", OnnxInspection.ExportAgain);
        _current = null;
    }

    /// <summary>Checks all calls.</summary>
    /// <returns>Nodes of the main graph once all calls have become nodes.</returns>
    public long Resolve()
    {
        foreach (Unit function in _functions.Values) Expand(function, OnnxLimits.CallDepth);
        return Expand(_main, OnnxLimits.CallDepth).Nodes;
    }

    // Functions are reached in any order: the height of each says how many calls are still within it.
    private Unit Expand(Unit unit, int depthLeft)
    {
        if (unit.State == Unit.Expanded) return unit;
        unit.State = Unit.InExpansion;
        long nodes = 0;
        int height = 0;
        foreach ((OnnxOperator called, Call call) in unit.Calls)
        {
            long each = 1;
            if (_functions.TryGetValue(called, out Unit? function))
            {
                if (function.State == Unit.InExpansion) throw inspection.Refused(call.First, $"the function {Name(called)} calls itself", OnnxInspection.ExportAgain);
                if (depthLeft == 0 || Expand(function, depthLeft - 1).Height >= depthLeft)
                    throw inspection.Refused(call.First, $"more than {OnnxLimits.CallDepth} functions call each other", OnnxInspection.ExportAgain);
                (each, height) = (function.Nodes, Math.Max(height, function.Height + 1));
            }
            else
            {
                CheckOperator(called, call);
            }

            // Both are at most the limit, an int's worth: nothing overflows.
            nodes += call.Count * Math.Max(1, each);
            if (nodes > inspection.Demands.Nodes)
                throw inspection.Refused(call.First, $"calls of functions stand for more than {inspection.Demands.Nodes} nodes", OnnxInspection.ExportAgain);
        }

        (unit.State, unit.Nodes, unit.Height) = (Unit.Expanded, nodes, height);
        return unit;
    }

    private void CheckOperator(OnnxOperator called, Call call)
    {
        if (!inspection.Demands.Allows(called.Domain))
        {
            throw inspection.Refused(
                call.First, $"the operator {Name(called)} is none of the runtime's ({string.Join(", ", OnnxDemands.RuntimeDomains.Where(static d => d.Length > 0).Order(StringComparer.Ordinal))})",
                "export the model without operators of its own, or allow that domain on the device");
        }

        if (called.Name == PrecompiledEngine)
            throw inspection.Refused(call.First, "it is an engine that was compiled elsewhere, which cannot be inspected", "release the model itself: the device compiles its own engine");
    }

    private static string Name(OnnxOperator called) => OnnxInspection.Quoted(called.Domain.Length == 0 ? $"ai.onnx.{called.Name}" : $"{called.Domain}.{called.Name}");

    private sealed class Unit
    {
        public const int InExpansion = 1;
        public const int Expanded = 2;

        public Dictionary<OnnxOperator, Call> Calls { get; } = [];

        public int State { get; set; }

        public long Nodes { get; set; }

        public int Height { get; set; }
    }

    private sealed class Call(OnnxNodePlace first)
    {
        public OnnxNodePlace First { get; } = first;

        public long Count { get; set; } = 1;
    }
}
