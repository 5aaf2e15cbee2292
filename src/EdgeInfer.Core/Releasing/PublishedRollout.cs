using EdgeInfer.Admission;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Releasing;

/// <summary>The rollout of a model, as it is published.</summary>
internal static class PublishedRollout
{
    /// <summary>Its path among the targets.</summary>
    public static string PathOf(string model) => $"{RoleLifetimes.Rollout}/{model}.json";

    /// <summary>Reads and verifies it.</summary>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="FaultException">It is damaged.</exception>
    public static RolloutDocument? Read(ReleaseDesk desk, string model)
    {
        string path = PathOf(model);
        if (!desk.Published.Rollout.Document.Targets.TryGetValue(path, out TargetFile? target)) return null;
        string file = desk.Folder.FileOf(RoleName.TargetsFile(path, ContentHash.Preferred(target.Hashes, path)));
        try
        {
            byte[] bytes = BoundedFile.Read(file, RolloutDocument.MaxBytes);
            ContentHash.Require(target.Hashes, bytes, file);
            return RolloutDocument.Read(bytes, model);
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            (string what, string cure) = BoundedFile.Explain(e, file, "take the repository from a copy");
            throw FaultException.Of(BoundedFile.KindOf(e), file, what, cure, e);
        }
    }
}
