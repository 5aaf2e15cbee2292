using System.Text.Json;

namespace EdgeInfer.Fetching;

/// <summary>The parameters of a registry's <c>WWW-Authenticate: Bearer</c>.</summary>
/// <param name="Realm">Who gives out tokens.</param>
/// <param name="Service">What the token is for.</param>
/// <param name="Scope">What it allows; empty where the registry does not say.</param>
internal sealed record OciChallenge(string Realm, string Service, string Scope)
{
    /// <summary>Reads <c>realm="…",service="…",scope="…"</c>; a comma inside quotes is part of a value.</summary>
    public static OciChallenge Read(string parameters)
    {
        Dictionary<string, string> values = new(StringComparer.OrdinalIgnoreCase);
        int at = 0;
        while (at < parameters.Length)
        {
            int equals = parameters.IndexOf('=', at);
            if (equals < 0) break;
            string key = parameters[at..equals].Trim(' ', ',');
            bool isQuoted = equals + 1 < parameters.Length && parameters[equals + 1] == '"';
            int start = equals + (isQuoted ? 2 : 1);
            int end = parameters.IndexOf(isQuoted ? '"' : ',', start);
            if (end < 0) end = parameters.Length;
            values[key] = parameters[start..end];
            at = end + 1;
        }

        return new(values.GetValueOrDefault("realm", ""), values.GetValueOrDefault("service", ""), values.GetValueOrDefault("scope", ""));
    }

    /// <summary>Where to ask for a token; null where the realm is no address.</summary>
    /// <param name="scope">Asked for where the registry names none.</param>
    public Uri? TokenAddress(string scope)
    {
        if (!Uri.TryCreate(Realm, UriKind.Absolute, out Uri? realm) || realm.Scheme is not ("http" or "https") || realm.UserInfo.Length > 0) return null;
        string service = Service.Length > 0 ? $"service={Uri.EscapeDataString(Service)}&" : "";
        string query = $"{service}scope={Uri.EscapeDataString(Scope.Length > 0 ? Scope : scope)}";
        return new UriBuilder(realm) { Query = realm.Query.Length > 1 ? $"{realm.Query[1..]}&{query}" : query }.Uri;
    }

    /// <summary>The token of an answer; null where there is none.</summary>
    public static string? TokenOf(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return null;
            foreach (string key in new[] { "token", "access_token" })
                if (document.RootElement.TryGetProperty(key, out JsonElement token) && token.ValueKind == JsonValueKind.String && token.GetString() is { Length: > 0 } text && IsHeaderText(text)) return text;
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsHeaderText(string text) => text.All(static c => c is > ' ' and < '\x7f');
}
