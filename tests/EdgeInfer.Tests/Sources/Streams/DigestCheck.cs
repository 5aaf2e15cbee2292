using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace EdgeInfer.Tests.Sources.Streams;

/// <summary>A server's side of digest authentication, written from RFC 7616 section 3.4; held to its examples by a test.</summary>
internal static class DigestCheck
{
    /// <summary>Whether an <c>Authorization</c> header answers for this user and password.</summary>
    public static bool IsRight(string header, string method, string user, string password)
    {
        string Field(string name) => Regex.Match(header, $"[ ,]{name}=\"?([^\",]*)\"?").Groups[1].Value;
        string response = Response(
            Field("algorithm") is { Length: > 0 } algorithm ? algorithm : "MD5", user, Field("realm"), password, method, Field("uri"),
            Field("nonce"), Field("nc"), Field("cnonce"), Field("qop"));
        return Field("username") == user && Field("response") == response;
    }

    /// <summary>The <c>response</c> value: KD(H(A1), nonce:nc:cnonce:qop:H(A2)).</summary>
    public static string Response(string algorithm, string user, string realm, string password, string method, string uri, string nonce, string count, string clientNonce, string quality)
    {
        string Hash(string text) => Convert.ToHexStringLower(algorithm == "SHA-256" ? SHA256.HashData(Encoding.UTF8.GetBytes(text)) : Md5(text));
        string middle = quality.Length == 0 ? nonce : $"{nonce}:{count}:{clientNonce}:{quality}";
        return Hash($"{Hash($"{user}:{realm}:{password}")}:{middle}:{Hash($"{method}:{uri}")}");
    }

#pragma warning disable CA5351 // The protocol's own choice.
    private static byte[] Md5(string text) => MD5.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5351
}
