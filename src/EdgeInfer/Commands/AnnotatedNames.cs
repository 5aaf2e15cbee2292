using System.Globalization;

namespace EdgeInfer.Commands;

/// <summary>Names annotated pictures in one folder; no name comes twice.</summary>
/// <param name="folder">As on the command line.</param>
internal sealed class AnnotatedNames(string folder)
{
    private readonly HashSet<string> _given = new(StringComparer.Ordinal);

    /// <summary>The input's name in the folder; as PNG unless it is a JPEG; with a number where an input of that name had it before: <c>1.jpg</c>, <c>1-2.jpg</c>.</summary>
    public string OfPicture(string input)
    {
        string extension = Path.GetExtension(input).ToLowerInvariant() is ".jpg" or ".jpeg" ? Path.GetExtension(input) : ".png";
        return Unused(Path.GetFileNameWithoutExtension(input), extension);
    }

    /// <summary>A frame's name: <c>video0.jpg</c>, or <c>video0-000001.jpg</c> where it is one of several.</summary>
    public string OfFrame(string source, int? number)
        => Unused(number is { } n ? string.Create(CultureInfo.InvariantCulture, $"{source}-{n:000000}") : source, ".jpg");

    private string Unused(string stem, string extension)
    {
        string target = Path.Combine(folder, stem + extension);
        for (int number = 2; !_given.Add(Path.GetFullPath(target)); number++)
            target = Path.Combine(folder, $"{stem}-{number}{extension}");
        return target;
    }
}
