using System.Globalization;

namespace EdgeInfer.Configuration;

/// <summary>The versions of ONNX Runtime's native library that this program works with.</summary>
internal static class ServedRuntimes
{
    /// <summary>The managed package's version, which the library beside the executable has too.</summary>
    public const string Managed = "1.31.1";

    /// <summary>ORT_API_VERSION of the managed package: the second number of the versions that it works with as they are.</summary>
    public const int Api = 31;

    /// <summary>Older ones are served down to this one.</summary>
    public const int OldestApi = 17;

    private const int Major = 1;
    private const string Cure = "name a libonnxruntime.so of 1.17 or newer, or none for the one that comes with EdgeInfer";

    /// <summary>Reads a version such as <c>1.31.1</c> or <c>1.24.0-dev</c>.</summary>
    public static bool TryRead(string version, out int major, out int minor)
    {
        string[] parts = version.Split('.');
        minor = 0;
        return TryNumber(parts[0], out major) & (parts.Length >= 2 && TryNumber(parts[1], out minor));
    }

    /// <summary>Why a version is not served, as a predicate, and the cure; null where it is served, or may be.</summary>
    /// <param name="version">What the library says of itself.</param>
    public static (string What, string Cure)? Refusal(string version)
    {
        if (!TryRead(version, out int major, out int minor)) return ($"is not an ONNX Runtime: its version reads '{version}'", "name a libonnxruntime.so");
        if (major < Major || (major == Major && minor < OldestApi)) return ($"is ONNX Runtime {version}, too old: {Major}.{OldestApi} and newer are served", Cure);
        return major > Major ? TooNew(version) : null;
    }

    /// <summary>The refusal of a library that has given up what the managed package was built against.</summary>
    public static (string What, string Cure) TooNew(string version)
        => ($"is ONNX Runtime {version}, too new: it does not offer API version {Api} any more", $"name a libonnxruntime.so of 1.{OldestApi} to 1.{Api}, or a newer EdgeInfer");

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
