using System.Text;

namespace EdgeInfer.Configuration;

/// <summary>A file that holds a secret: UTF-8 text without the end of its last line.</summary>
internal static class SecretFile
{
    private const int LongestBytes = 64 << 10;
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The secret; null where there is none.</summary>
    /// <param name="file">Absolute path.</param>
    /// <param name="wrong">Why there is none, and the cure; never what was found, for anything may be the secret.</param>
    public static Secret? Read(string file, out (string What, string Cure) wrong)
    {
        wrong = ("", "write the secret into that file, readable by the service alone");
        try
        {
            byte[] bytes = BoundedFile.Read(file, LongestBytes);
            string text = s_strict.GetString(bytes);
            text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
            if (text.Length > 0) return new(text, file);
            wrong.What = $"the file {file} is empty";
        }
        catch (DecoderFallbackException)
        {
            wrong.What = $"the file {file} is not UTF-8 text";
        }
        catch (Exception e) when (BoundedFile.IsExpected(e))
        {
            wrong = BoundedFile.Explain(e, file, wrong.Cure);
        }

        return null;
    }
}
