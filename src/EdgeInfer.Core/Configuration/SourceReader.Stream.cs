namespace EdgeInfer.Configuration;

internal sealed partial class SourceReader
{
    private StreamOptions? Stream(MappingReader source)
    {
        string? username = source.Text("username");
        Secret? password = new SecretReader(context).Read(source, "password");
        TimeSpan? snapshot = source.Duration("snapshot_interval", TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
        Uri? url = new ServerAddress(context).Read(source, "stream", ["http", "https", "rtsp", "rtsps"], "http://HOST/PATH or https://HOST/PATH");
        if (url is null) return null;
        if (url.Scheme is "rtsp" or "rtsps")
        {
            source.Fault("stream", $"this version does not have '{url.Scheme}' yet",
                "name an MJPEG stream or a snapshot over http, which most cameras have too");
            return null;
        }

        if (password is not null && username is null) source.Fault("password", "a password without a user", $"add {source.PathOf("username")}");
        return new(url, username, password, snapshot);
    }
}
