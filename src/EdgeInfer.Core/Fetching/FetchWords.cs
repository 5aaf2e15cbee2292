namespace EdgeInfer.Fetching;

/// <summary>Cures, which differ by who asks: a person who can ask again, or a device that does so by itself.</summary>
/// <param name="Network">Where the network is at fault.</param>
/// <param name="Later">Where the server is in trouble.</param>
/// <param name="Missing">Where the server has no such file.</param>
/// <param name="Trust">Where TLS found nobody to trust and no more is known.</param>
internal sealed record FetchWords(string Network, string Later, string Missing, string Trust)
{
    /// <summary>Of <c>model pull</c>.</summary>
    public static FetchWords Pull { get; } = new(
        "check the network and try again: what has come so far is kept", "try again later: what has come so far is kept", "check the path and the revision",
        "install ca-certificates, check the clock (date), or add your own authority with update-ca-certificates");

    /// <summary>Of a device that updates itself.</summary>
    /// <param name="key">Names the server in the configuration.</param>
    public static FetchWords Update(string key) => new(
        $"check the network and {key}; it is tried again by itself", "it is tried again by itself", $"publish the release again, or check {key}; it is tried again by itself",
        $"check {key}, updates.ca and the clock (date); it is tried again by itself");
}
