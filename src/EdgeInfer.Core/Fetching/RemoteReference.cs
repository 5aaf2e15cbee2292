using System.Net;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Fetching;

/// <summary>What names a model elsewhere.</summary>
internal abstract record RemoteReference
{
    private const string Forms = "write https://HOST/model.onnx, hf:OWNER/REPOSITORY/PATH@REVISION or oci://REGISTRY/REPOSITORY:TAG";

    /// <summary>For people: without what may be a secret.</summary>
    public abstract string Display { get; }

    /// <summary>Reads a reference.</summary>
    /// <exception cref="FaultException">It is none; says what is wrong with it.</exception>
    public static RemoteReference Parse(string text)
    {
        if (text.StartsWith("hf:", StringComparison.OrdinalIgnoreCase)) return HuggingFaceReference.Read(text["hf:".Length..]);
        if (text.StartsWith("oci:", StringComparison.OrdinalIgnoreCase)) return OciReference.Read(text["oci:".Length..]);
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            if (File.Exists(text) || Directory.Exists(text)) throw Wrong(text, "this lies on this device already", $"edgeinfer model add {text}");
            throw Wrong(Shown(text), "this is no reference to a model", Forms);
        }

        string name = text[..scheme].ToLowerInvariant();
        if (name is not ("http" or "https")) throw Wrong(name + "://", "models do not come over this protocol", Forms);
        return HttpReference.Read(text);
    }

    /// <summary>Whether a host is this machine, so that nothing can be changed on the way.</summary>
    internal static bool IsLoopback(string host)
        => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>A fault of the reference.</summary>
    internal static FaultException Wrong(string where, string what, string cure) => FaultException.Of(FaultKind.Usage, where, what, cure);

    // Whatever it is, it may hold a password before an @.
    private static string Shown(string text) => text.Contains('@', StringComparison.Ordinal) ? "REF" : text;
}

/// <summary>One file at an address.</summary>
/// <param name="Url">https, or http on this machine.</param>
internal sealed record HttpReference(Uri Url) : RemoteReference
{
    /// <inheritdoc/>
    public override string Display => Url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>The last part of the path.</summary>
    public string FileName => Uri.UnescapeDataString(Url.Segments[^1].TrimEnd('/'));

    internal static HttpReference Read(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url)) throw Wrong("REF", "this is no URL", "write https://HOST/PATH/model.onnx");
        HttpReference reference = new(url);
        if (url.UserInfo.Length > 0) throw Wrong(reference.Display, "a user or password in the URL would be seen by everybody on this device", "leave it out; download the file yourself and use 'edgeinfer model add'");
        if (url.Scheme == Uri.UriSchemeHttp && !IsLoopback(url.Host)) throw Wrong(reference.Display, "over plain http everybody on the way can see and change it", "use https");
        string name = reference.FileName;
        if (Archives.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
            throw Wrong(reference.Display, "this is an archive", "unpack it and use 'edgeinfer model add FOLDER'");
        // A Git host's page about a file is no file.
        if (url.Host.Equals("github.com", StringComparison.OrdinalIgnoreCase) && url.AbsolutePath.Contains("/blob/", StringComparison.Ordinal))
            throw Wrong(reference.Display, "this is GitHub's page about the file", "write /raw/ in place of /blob/");
        if (url.AbsolutePath.Contains("/blob/", StringComparison.Ordinal) && url.Host.EndsWith("huggingface.co", StringComparison.OrdinalIgnoreCase))
            throw Wrong(reference.Display, "this is Hugging Face's page about the file", "write hf:OWNER/REPOSITORY/PATH@REVISION");
        return reference;
    }

    private static string[] Archives => [".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z"];
}
