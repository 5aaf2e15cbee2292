using System.Net;
using EdgeInfer.Configuration;

namespace EdgeInfer.Fetching.Updates;

/// <summary>
/// Where a repository of updates or a registry is. Plain http is taken only where the address itself says so and leads to this machine or
/// to a private address, for a first try on a LAN: metadata are signed and files have digests, so that whoever is in between can hold
/// updates off, which an expiry shows, but not change them. Over the Internet everybody could also see which device has which model.
/// </summary>
/// <param name="Url">Ends with a slash, has neither user nor query.</param>
internal sealed record RepositoryAddress(Uri Url)
{
    /// <summary>For people.</summary>
    public string Display => HttpFetchFaults.Shown(Url);

    /// <summary>Reads an address of the configuration.</summary>
    /// <returns>Null where it is none.</returns>
    /// <param name="text">As written.</param>
    /// <param name="wrong">What is wrong with it, and the cure; shows no password.</param>
    public static RepositoryAddress? Read(string text, out (string What, string Cure) wrong)
    {
        const string Form = "write https://HOST/PATH";
        wrong = default;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url)) wrong = (text.Contains('@', StringComparison.Ordinal) ? "this is no address" : $"{Quoted.Text(text)} is no address", Form);
        else if (url.Scheme is not ("http" or "https")) wrong = ($"updates do not come over {url.Scheme}:", Form);
        else if (url.UserInfo.Length > 0) wrong = ("a user or password in the address would be shown with it", "leave it out; a user and a password have keys of their own");
        else if (url.Query.Length > 0 || url.Fragment.Length > 0) wrong = ("an address with ? or # has no files below it", Form);
        else if (url.Scheme == Uri.UriSchemeHttp && !MayBePlain(url)) wrong = ($"{url.Host} is no private address, and over plain http everybody on the way sees which model this device has", "use https");
        else return new(url.AbsolutePath.EndsWith('/') ? url : new UriBuilder(url) { Path = url.AbsolutePath + "/" }.Uri);
        return null;
    }

    // A name is judged when it is connected to.
    private static bool MayBePlain(Uri url)
        => url.HostNameType == UriHostNameType.Dns || (IPAddress.TryParse(url.IdnHost, out IPAddress? address) && AddressKinds.Of(address) is AddressKind.Private or AddressKind.Loopback);
}
