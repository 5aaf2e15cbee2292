using System.Text.Json;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;

namespace EdgeInfer.Releasing;

/// <summary>A key that a release folder knows of; nothing of it is secret.</summary>
/// <param name="Name">As in <c>root-2</c>; the private half is <c>NAME.pem</c> in the folder of keys, unless a command signs.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="KeyId">Its id in metadata.</param>
/// <param name="Signer">The command that signs with it; null for a file.</param>
internal sealed record KnownKey(string Name, KeyPurpose Purpose, string KeyId, string? Signer);

/// <summary><c>release.json</c>: what a release folder is, without secrets, so that it may be kept in git.</summary>
internal sealed record ReleaseSettings
{
    /// <summary>Its name in the folder.</summary>
    public const string FileName = "release.json";

    private const string Schema = "edgeinfer/release/1";
    private const int LongestBytes = 1 << 20;
    private const int MostKeys = 1000;

    /// <summary>Digest of <c>metadata/1.root.json</c>, with which devices begin to trust; 64 hexadecimal digits.</summary>
    public required string RootSha256 { get; init; }

    /// <summary>Where devices find the repository; null where that was not said.</summary>
    public string? Url { get; init; }

    /// <summary>The folder of private keys, relative to the release folder or absolute.</summary>
    public required string Keys { get; init; }

    /// <summary>Whether models and what is online have keys of their own.</summary>
    public required bool IsSeparate { get; init; }

    /// <summary>Every key that was ever made or named here.</summary>
    public required IReadOnlyList<KnownKey> KnownKeys { get; init; }

    /// <summary>Reads the file.</summary>
    /// <exception cref="FaultException">There is none, or it is damaged.</exception>
    public static ReleaseSettings Read(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(BoundedFile.Read(path, LongestBytes), new() { MaxDepth = 8 });
            JsonElement root = document.RootElement;
            if (Text(root, "schema") != Schema) throw new FormatException("another schema");
            JsonElement keys = root.GetProperty("known_keys");
            if (keys.GetArrayLength() > MostKeys) throw new FormatException("too many keys");
            return new()
            {
                RootSha256 = Text(root, "root_sha256"),
                Url = root.TryGetProperty("url", out JsonElement url) ? url.GetString() : null,
                Keys = Text(root, "keys"),
                IsSeparate = root.GetProperty("separate").GetBoolean(),
                KnownKeys = [.. keys.EnumerateArray().Select(Key)],
            };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw FaultException.Of(FaultKind.NoInput, path, "there is no release folder here", "make one with 'edgeinfer release init', or name it with --dir DIR", e);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw FaultException.Of(FaultKind.Data, path, $"the file is damaged: {e.Message}", "take it from a copy of the release folder", e);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, path, "");
            throw FaultException.Of(BoundedFile.KindOf(e), path, what, cure, e);
        }
    }

    /// <summary>Writes the file, durably.</summary>
    public void Write(string path)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new() { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteString("root_sha256", RootSha256);
            if (Url is not null) json.WriteString("url", Url);
            json.WriteString("keys", Keys);
            json.WriteBoolean("separate", IsSeparate);
            json.WriteStartArray("known_keys");
            foreach (KnownKey key in KnownKeys)
            {
                json.WriteStartObject();
                json.WriteString("name", key.Name);
                json.WriteString("key_id", key.KeyId);
                if (key.Signer is not null) json.WriteString("signer", key.Signer);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        AtomicFile.Write(path, stream.ToArray());
    }

    private static KnownKey Key(JsonElement key)
    {
        string name = Text(key, "name");
        KeyPurpose purpose = KeyName.PurposeOf(name) ?? throw new FormatException($"{Quoted.Text(name)} is no name of a key");
        return new(name, purpose, Text(key, "key_id"), key.TryGetProperty("signer", out JsonElement signer) ? signer.GetString() : null);
    }

    private static string Text(JsonElement from, string name) => from.GetProperty(name).GetString() ?? throw new FormatException($"{name} is null");
}
