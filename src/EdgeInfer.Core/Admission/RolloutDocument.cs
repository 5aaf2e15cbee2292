using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Admission;

/// <summary>Which device shall have which release of one model; the first rule that matches decides.</summary>
internal sealed class RolloutDocument
{
    /// <summary>Its form.</summary>
    public const string Schema = "edgeinfer/rollout/1";

    /// <summary>Most bytes of a document.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>Most rules.</summary>
    public const int MostRules = 1000;

    /// <summary>Most devices that are named, in all rules together.</summary>
    public const int MostDevices = 10_000;

    private const string SchemaFamily = "edgeinfer/rollout/";

    private RolloutDocument(string model, IReadOnlyList<RolloutRule> rules) => (Model, Rules) = (model, rules);

    /// <summary>The model.</summary>
    public string Model { get; }

    /// <summary>The rules in their order.</summary>
    public IReadOnlyList<RolloutRule> Rules { get; }

    /// <summary>Makes a document; the rules for it are those of <see cref="Read"/>.</summary>
    /// <exception cref="UpdateException">No device would take it (<see cref="UpdateCode.Signature"/>, <see cref="UpdateCode.Size"/>).</exception>
    public static RolloutDocument Of(string model, IReadOnlyList<RolloutRule> rules)
    {
        string where = Where(model);
        RolloutDocument document = new(model, rules);
        if (!ModelName.IsValid(model)) throw UpdateException.Of(UpdateCode.Signature, where, $"{StrictMembers.Quoted(model)} is no name of a model", ModelName.Rule);
        RolloutRules.Check(document, where);
        int bytes = document.Write().Length;
        return bytes <= MaxBytes ? document : throw UpdateException.Of(UpdateCode.Size, where, $"it has {bytes} bytes, at most {MaxBytes} are taken", "use labels instead of long lists of devices");
    }

    /// <summary>Reads a document. A member that this program does not know is refused: it may be a condition, and a rule without it would be for
    /// more devices than its author meant.</summary>
    /// <param name="bytes">The bytes that were signed.</param>
    /// <param name="model">The model whose rollout was asked for.</param>
    /// <exception cref="UpdateException">It is not in this form (<see cref="UpdateCode.Signature"/>), too large (<see cref="UpdateCode.Size"/>), or of a later
    /// form (<see cref="UpdateCode.AgentTooOld"/>).</exception>
    public static RolloutDocument Read(ReadOnlyMemory<byte> bytes, string model)
    {
        string where = Where(model);
        StrictMembers members = new(StrictJson.Read(bytes, MaxBytes, UpdateCode.Signature, where), UpdateCode.Signature, where, "the rollout");
        string schema = members.Text("schema", 64);
        if (schema != Schema && schema.StartsWith(SchemaFamily, StringComparison.Ordinal))
            throw UpdateException.Of(UpdateCode.AgentTooOld, where, $"it is written as {StrictMembers.Quoted(schema)}, this version reads {Schema}", "update EdgeInfer on this device");
        if (schema != Schema) throw members.Refused($"has {StrictMembers.Quoted(schema)} in 'schema' instead of {Schema}");
        string named = members.Text("model", 64);
        if (named != model) throw members.Refused($"is for the model {StrictMembers.Quoted(named)}");
        IReadOnlyList<JsonElement> rules = members.OptionalList("rules", 0, MostRules) ?? throw members.Refused("has no 'rules'");
        members.Close();
        RolloutDocument document = new(model, [.. rules.Select((rule, index) => RolloutRules.Read(new(rule, UpdateCode.Signature, where, RolloutRules.Name(index))))]);
        RolloutRules.Check(document, where);
        return document;
    }

    /// <summary>What shall be on a device.</summary>
    /// <param name="device">Its id.</param>
    /// <param name="labels">Its labels.</param>
    public RolloutDecision Decide(string device, IReadOnlyDictionary<string, string> labels)
    {
        for (int i = 0; i < Rules.Count; i++)
            if (Rules[i].Matches(device, labels)) return new(i, Rules[i].Target, Rules[i].IsHard);
        return new(-1, null, false);
    }

    /// <summary>The document as bytes to sign: no white space, members in the order of their names, rules and devices as they stand.</summary>
    public byte[] Write() => CanonicalJson.Text(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("model", Model);
        writer.WriteStartArray("rules");
        foreach (RolloutRule rule in Rules) RolloutRules.Write(writer, rule);
        writer.WriteEndArray();
        writer.WriteString("schema", Schema);
        writer.WriteEndObject();
    });

    private static string Where(string model) => $"rollout/{OneLine.Of(model)}.json";
}
