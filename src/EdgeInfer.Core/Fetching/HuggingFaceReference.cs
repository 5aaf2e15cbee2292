using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>A file or folder of a repository on Hugging Face or a mirror of it: <c>hf:owner/repository/path@revision</c>.</summary>
/// <param name="Repository">Owner and name, with a slash.</param>
/// <param name="Path">An .onnx file or a folder; empty for the whole repository.</param>
/// <param name="Revision">A commit, tag or branch.</param>
internal sealed record HuggingFaceReference(string Repository, string Path, string Revision) : RemoteReference
{
    private const string Form = "write hf:OWNER/REPOSITORY/PATH@REVISION, where PATH is an .onnx file or a folder";
    private const int CommitDigits = 40;

    /// <inheritdoc/>
    public override string Display => $"hf:{Repository}{(Path.Length > 0 ? "/" + Path : "")}@{Revision}";

    /// <summary>Whether this names a file.</summary>
    public bool IsFile => Path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the revision names the same bytes for ever.</summary>
    public bool IsPinned => IsCommit(Revision);

    /// <summary>What the model is called where nothing else says it.</summary>
    public string SuggestedName
    {
        get
        {
            string last = Path.Length > 0 ? Path[(Path.LastIndexOf('/') + 1)..] : "";
            string stem = IsFile ? System.IO.Path.GetFileNameWithoutExtension(last) : last;
            // Many repositories call every graph model.onnx, in a folder named onnx.
            return stem is "" or "model" or "onnx" ? Repository[(Repository.IndexOf('/') + 1)..] : stem;
        }
    }

    /// <summary>Whether a revision is a full commit.</summary>
    public static bool IsCommit(string revision) => revision.Length == CommitDigits && ExpectedDigest.IsHex(revision);

    internal static HuggingFaceReference Read(string text)
    {
        string shown = "hf:" + text;
        int at = text.LastIndexOf('@');
        string path = (at < 0 ? text : text[..at]).Trim('/');
        string revision = at < 0 ? "main" : text[(at + 1)..];
        string[] parts = path.Split('/');
        if (parts.Length < 2) throw Wrong(shown, "owner and repository are not both there", Form);
        foreach (string part in parts)
            if (part.Length == 0 || part is "." or ".." || !part.All(IsPathCharacter)) throw Wrong(shown, $"'{part}' is no part of a path", Form);
        if (revision.Length == 0 || revision.Contains("..", StringComparison.Ordinal) || !revision.All(static c => IsPathCharacter(c) || c == '/'))
            throw Wrong(shown, $"'{revision}' is no revision", "write a commit, a tag or a branch after the @");
        return new($"{parts[0]}/{parts[1]}", string.Join('/', parts[2..]), revision);
    }

    private static bool IsPathCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ' ' or '+';
}
