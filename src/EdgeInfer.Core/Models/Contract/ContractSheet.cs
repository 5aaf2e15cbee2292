using EdgeInfer.Diagnostics;
using EdgeInfer.Models.Families;

namespace EdgeInfer.Models.Contract;

/// <summary>A value that one origin states.</summary>
internal readonly record struct Candidate<T>(T Value, ContractOrigin Origin, string Detail);

/// <summary>Builds candidates out of what may be absent.</summary>
internal static class Candidate
{
    /// <summary>What model.yaml says.</summary>
    public static Candidate<T>? Yaml<T>(T? value)
        where T : struct
        => From(value, ContractOrigin.ModelYaml, "");

    /// <summary>What model.yaml says.</summary>
    public static Candidate<T>? Yaml<T>(T? value)
        where T : class
        => From(value, ContractOrigin.ModelYaml, "");

    /// <summary>What the family documents.</summary>
    public static Candidate<T>? Family<T>(T? value, FamilyFacts? family)
        where T : struct
        => From(value, ContractOrigin.DecoderFamily, family?.Detail ?? "");

    /// <summary>What the family documents.</summary>
    public static Candidate<T>? Family<T>(T? value, FamilyFacts? family)
        where T : class
        => From(value, ContractOrigin.DecoderFamily, family?.Detail ?? "");

    /// <summary>The key's documented default.</summary>
    public static Candidate<T>? Default<T>(T value) => new Candidate<T>(value, ContractOrigin.Default, "");

    /// <summary>A value type that may be absent.</summary>
    public static Candidate<T>? From<T>(T? value, ContractOrigin origin, string detail)
        where T : struct
        => value is { } stated ? new Candidate<T>(stated, origin, detail) : null;

    /// <summary>A reference that may be absent.</summary>
    public static Candidate<T>? From<T>(T? value, ContractOrigin origin, string detail)
        where T : class
        => value is null ? null : new Candidate<T>(value, origin, detail);
}

/// <summary>The contract as it fills up: what is known with its origin, what must be chosen, and what is wrong.</summary>
internal sealed class ContractSheet(ModelFolder folder, FaultList faults)
{
    private readonly List<ContractValue> _values = [];
    private readonly List<MissingValue> _missing = [];

    /// <summary>The model's files.</summary>
    public ModelFolder Folder { get; } = folder;

    /// <summary>What is wrong.</summary>
    public FaultList Faults { get; } = faults;

    /// <summary>What is known, in the order recorded.</summary>
    public IReadOnlyList<ContractValue> Values => _values;

    /// <summary>What must be chosen.</summary>
    public IReadOnlyList<MissingValue> Missing => _missing;

    /// <summary>The labels, once they are settled.</summary>
    public IReadOnlyList<string> Labels { get; set; } = [];

    /// <summary>Takes the first candidate that states something and records it; candidates stand strongest first.</summary>
    public Candidate<T>? Pick<T>(string key, Func<T, string> text, params ReadOnlySpan<Candidate<T>?> candidates)
    {
        foreach (Candidate<T>? candidate in candidates)
        {
            if (candidate is not { } stated) continue;
            Record(key, text(stated.Value), stated.Origin, stated.Detail);
            return candidate;
        }

        return null;
    }

    /// <summary>As <see cref="Pick{T}"/>, and where nobody states it, it must be chosen.</summary>
    public Candidate<T>? PickOrAsk<T>(
        string key, IReadOnlyList<KeyValuePair<string, T>> words, string why, params ReadOnlySpan<Candidate<T>?> candidates)
        where T : struct
    {
        Candidate<T>? picked = Pick(key, value => ModelWords.Of(words, value), candidates);
        if (picked is null) Ask(key, ModelWords.All(words), why);
        return picked;
    }

    /// <summary>Records a value.</summary>
    public void Record(string key, string value, ContractOrigin origin, string detail) => _values.Add(new(key, value, origin, detail));

    /// <summary>Asks for a value.</summary>
    public void Ask(string key, IReadOnlyList<string> choices, string why) => _missing.Add(new(key, choices, why));

    /// <summary>Adds a fault of the graph.</summary>
    public void GraphFault(string what, string cure) => Faults.Add(FaultKind.Data, Folder.OnnxPath, what, cure);
}
