using System.Text.Json;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Commands;

/// <summary>Faults as JSON: one shape for every verb.</summary>
internal static class FaultJson
{
    /// <summary>An array of faults, each with <c>code</c> (as in sysexits), <c>where</c>, <c>what</c> and <c>cure</c>.</summary>
    public static void Write(Utf8JsonWriter json, string name, IReadOnlyList<Fault> faults)
    {
        json.WriteStartArray(name);
        foreach (Fault fault in faults)
        {
            json.WriteStartObject();
            json.WriteNumber("code", (int)fault.Kind);
            json.WriteString("where", fault.Where);
            json.WriteString("what", fault.What);
            json.WriteString("cure", fault.Cure);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
