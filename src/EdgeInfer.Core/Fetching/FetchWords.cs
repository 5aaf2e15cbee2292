namespace EdgeInfer.Fetching;

/// <summary>Cures, which differ by who asks: a person who can ask again, or a device that does so by itself.</summary>
/// <param name="Network">Where the network is at fault.</param>
/// <param name="Later">Where the server is in trouble.</param>
/// <param name="Missing">Where the server has no such file.</param>
/// <param name="Trust">Where TLS found nobody to trust and no more is known.</param>
internal sealed record FetchWords(string Network, string Later, string Missing, string Trust)
{
    /// <summary>Names what says which authorities are trusted.</summary>
    public string Authorities { get; init; } = "updates.ca";

    /// <summary>Names the file of the certificate that is shown.</summary>
    public string Certificate { get; init; } = "updates.certificate";

    /// <summary>Names the file of its key.</summary>
    public string Key { get; init; } = "updates.key";

    /// <summary>Where a server wants to know who asks and nobody has said so.</summary>
    public string NoLogin { get; init; } = "set a user and a password, or a token, in the configuration's updates; it is tried again by itself";

    /// <summary>Where a server does not like who asks.</summary>
    public string WrongLogin { get; init; } = "check the user and the password, or the token, in the configuration's updates; it is tried again by itself";

    /// <summary>Of <c>model pull</c>.</summary>
    public static FetchWords Pull { get; } = new(
        "check the network and try again: what has come so far is kept", "try again later: what has come so far is kept", "check the path and the revision",
        "install ca-certificates, check the clock (date), or add your own authority with update-ca-certificates");

    /// <summary>Of a device that updates itself.</summary>
    /// <param name="key">Names the server in the configuration.</param>
    public static FetchWords Update(string key) => new(
        $"check the network and {key}; it is tried again by itself", "it is tried again by itself", $"publish the release again, or check {key}; it is tried again by itself",
        $"check {key}, updates.ca and the clock (date); it is tried again by itself");

    /// <summary>Of a verb that speaks with one server and ends.</summary>
    /// <param name="server">The option that names the server.</param>
    /// <param name="prefix">What its other options begin with, as in <c>--registry-</c>.</param>
    /// <param name="again">What happens with what is done already.</param>
    public static FetchWords Verb(string server, string prefix, string again) => new(
        $"check the network and {server}, and try again{again}", $"try again later{again}", $"check {server}", $"check {server}, {prefix}ca and the clock (date)")
    {
        Authorities = $"{prefix}ca",
        Certificate = $"{prefix}certificate",
        Key = $"{prefix}key",
        NoLogin = $"give {prefix}username and {prefix}password-file",
        WrongLogin = $"check {prefix}username and the password",
    };
}
