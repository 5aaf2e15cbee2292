using System.Globalization;
using System.Text.Json;
using EdgeInfer.Diagnostics;
using EdgeInfer.Durability;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Models;

/// <summary>
/// A model whose releases come signed from a repository, as far as its folder shows it to whoever only wants to use the model: which of its
/// generations is active. Slots/ keeps the rest of the same file.
/// </summary>
internal static class ManagedModel
{
    /// <summary>The file that makes a model's folder a managed one.</summary>
    public const string SlotsName = "slots.json";

    /// <summary>The folder of generations in it.</summary>
    public const string GenerationsName = "gen";

    /// <summary>The file of a generation's exact manifest, in its hidden folder.</summary>
    public const string ManifestName = "manifest";

    /// <summary>The file that lists a generation's files, in its hidden folder: its sha256 is the digest that the model must have.</summary>
    public const string ListingName = "files";

    /// <summary>Largest content of <see cref="SlotsName"/>.</summary>
    public const int SlotsBytes = 64 << 10;

    /// <summary>Digits of the manifest's sha256 in the name of a generation.</summary>
    public const int NameDigits = 8;

    /// <summary>Whether a model's folder is managed. A copy without its file is what damage leaves behind, not what this program does.</summary>
    public static bool IsManaged(string folder)
        => Path.Exists(Path.Combine(folder, SlotsName)) || Path.Exists(CheckedFile.CopyOf(Path.Combine(folder, SlotsName)));

    /// <summary>The name of a generation's folder.</summary>
    /// <param name="seq">Its number in the order of releases.</param>
    /// <param name="manifest">The sha256 of its manifest.</param>
    public static string GenerationName(long seq, string manifest) => string.Create(CultureInfo.InvariantCulture, $"{seq}-{manifest[..NameDigits]}");

    /// <summary>The model's own folder, of the folder of a generation; null for any other.</summary>
    public static string? FolderOf(string generation)
    {
        string? outer = Path.GetDirectoryName(generation);
        return outer is not null && Path.GetFileName(outer) == GenerationsName && Directory.Exists(Path.Combine(generation, ModelFolder.ReleaseName))
            ? Path.GetDirectoryName(outer)
            : null;
    }

    /// <summary>Refuses to serve a generation whose files are not those that were signed: a disk may give other bytes than it took.</summary>
    /// <param name="model">The model, read from its folder with its digest.</param>
    /// <exception cref="FaultException">They are not.</exception>
    public static void RefuseDamaged(Model model)
    {
        if (FolderOf(model.Path) is null) return;
        string listing = Path.Combine(model.Path, ModelFolder.ReleaseName, ListingName);
        if (File.Exists(listing) && ModelDigest.OfFile(listing).Sha256 == model.Digest) return;
        throw FaultException.Of(
            FaultKind.InputOutput, model.Path, "files of this generation are damaged: they are not those that were signed", "the running agent fetches them again ('edgeinfer update status'); check the disk");
    }

    /// <summary>The folder of a managed model's active generation.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <returns>An absolute path; null where nothing is active.</returns>
    /// <exception cref="FaultException">The file is damaged and has no whole copy, or the generation is not there.</exception>
    public static string? ActiveFolder(string folder)
    {
        string path = Path.Combine(folder, SlotsName);
        if (Active(path, Content(path)) is not { } name) return null;
        string active = Path.GetFullPath(Path.Combine(folder, GenerationsName, name));
        if (File.Exists(Path.Combine(active, ModelFolder.OnnxName))) return active;
        throw FaultException.Of(FaultKind.NoInput, active, "the active generation of this managed model is not there", "the running agent fetches it again ('edgeinfer update status')");
    }

    /// <summary>The fault of a managed model of which nothing is active.</summary>
    /// <param name="folder">The model's folder.</param>
    public static FaultException NothingActive(string folder) => FaultException.Of(
        FaultKind.NoInput, Path.GetFileName(folder), "the model is managed, and no release of it is active yet", "'edgeinfer update status' says what it waits for");

    /// <summary>Refuses to put a model in the place of a managed one.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <exception cref="FaultException">It is managed.</exception>
    public static void RefuseManaged(string folder)
    {
        if (!IsManaged(folder)) return;
        throw FaultException.Of(
            FaultKind.Usage, folder, "this model is managed: its releases come from its repository", "give another --name, or publish it as a release of that model");
    }

    /// <summary>The fault of a file that is damaged and has no whole copy.</summary>
    public static FaultException Damaged(string path, string damage, Exception? inner = null) => FaultException.Of(
        FaultKind.InputOutput, path, $"nobody knows any more which generation of this model is active: {damage}",
        $"move {SlotsName} and {SlotsName}.copy away and enroll the model again: files that were fetched stay", inner);

    private static byte[] Content(string path)
    {
        try
        {
            return CheckedFile.ReadWithCopy(path, SlotsBytes, out string? damage) ?? throw Damaged(path, damage ?? "the file is gone");
        }
        catch (IOException e)
        {
            throw FaultException.Of(FaultKind.InputOutput, path, $"the file cannot be read: {e.Message}", "check the disk, or run as root or as the service's user", e);
        }
    }

    private static string? Active(string path, byte[] content)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            if (!document.RootElement.TryGetProperty("active", out JsonElement active)) return null;
            long seq = active.GetProperty("seq").GetInt64();
            string manifest = active.GetProperty("manifest").GetString() ?? "";
            return seq >= 0 && ContentHash.IsSha256(manifest) ? GenerationName(seq, manifest) : throw new FormatException("no generation");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Damaged(path, $"it is no such file: {e.Message}", e);
        }
    }
}
