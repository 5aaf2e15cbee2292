using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeInfer.Releasing;

namespace EdgeInfer.Commands.Release;

/// <summary>What is published, for a reader and for a program.</summary>
internal static class ReleaseStatusText
{
    private const int DigestDigits = 12;

    /// <summary>Lines.</summary>
    public static void Write(ReleaseStatus status, TextWriter output)
    {
        foreach (RoleStatus role in status.Roles)
        {
            double days = (role.Expires - status.Now).TotalDays;
            string left = days < 0 ? "EXPIRED" : string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(days):0} days left{(role.IsDue ? ", sign again soon" : "")}");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{role.Role,-10} {role.Version,4}  until {role.Expires:yyyy-MM-dd HH:mm}Z  {left}  signed by {string.Join(", ", role.SignedBy)}"));
        }

        foreach (ReleaseEntry release in status.Releases)
            output.WriteLine($"{release.Path}  {release.Version ?? "-"}  sha256:{release.Sha256[..DigestDigits]}{(release.IsRevoked ? "  REVOKED" : "")}");
        foreach (RolloutEntry rollout in status.Rollouts)
            foreach (string rule in rollout.Rules) output.WriteLine($"rollout {rollout.Model}  {rule}");
        foreach (string path in status.Pending) output.WriteLine($"{path}  packed, not published");
        output.WriteLine($"enrol with: edgeinfer enroll --repository {status.Url ?? "URL"} --root-sha256 {status.RootSha256} --model NAME");
    }

    /// <summary>One JSON document.</summary>
    public static void WriteJson(ReleaseStatus status, TextWriter output)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (status.Url is not null) json.WriteString("url", status.Url);
            json.WriteString("root_sha256", status.RootSha256);
            WriteRoles(json, status.Roles);
            json.WriteStartArray("releases");
            foreach (ReleaseEntry release in status.Releases)
            {
                json.WriteStartObject();
                json.WriteString("path", release.Path);
                if (release.Version is not null) json.WriteString("version", release.Version);
                json.WriteString("sha256", release.Sha256);
                json.WriteBoolean("is_revoked", release.IsRevoked);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("rollouts");
            foreach (RolloutEntry rollout in status.Rollouts) Texts(json, rollout.Model, rollout.Rules);
            json.WriteEndObject();
            Texts(json, "pending", status.Pending);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static void WriteRoles(Utf8JsonWriter json, IReadOnlyList<RoleStatus> roles)
    {
        json.WriteStartArray("roles");
        foreach (RoleStatus role in roles)
        {
            json.WriteStartObject();
            json.WriteString("role", role.Role);
            json.WriteNumber("version", role.Version);
            json.WriteString("expires", role.Expires.UtcDateTime);
            json.WriteBoolean("is_due", role.IsDue);
            Texts(json, "signed_by", role.SignedBy);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
