using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Models;

/// <summary>Reads a small text file of a model.</summary>
internal static class TextFile
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads UTF-8, with or without its mark.</summary>
    /// <returns>The text; null where a fault was added.</returns>
    public static string? Read(string path, int bytesLimit, FaultList faults)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > bytesLimit)
            {
                faults.Add(
                    FaultKind.Data, path, $"{length} bytes are more than the {bytesLimit} such a file may have",
                    "check that it is the right file");
                return null;
            }

            if (length == 0) return "";
            string text = s_strict.GetString(File.ReadAllBytes(path));
            return text.StartsWith('\uFEFF') ? text[1..] : text;
        }
        catch (DecoderFallbackException)
        {
            faults.Add(FaultKind.Data, path, "this is no UTF-8 text", "save it as UTF-8");
        }
        catch (UnauthorizedAccessException)
        {
            faults.Add(FaultKind.NoInput, path, "the file may not be read by this user", "give this user read permission");
        }
        catch (IOException e)
        {
            faults.Add(FaultKind.InputOutput, path, $"the file cannot be read: {e.Message}", "check the disk");
        }

        return null;
    }
}
