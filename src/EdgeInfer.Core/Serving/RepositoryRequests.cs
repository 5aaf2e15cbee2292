using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace EdgeInfer.Serving;

/// <summary>
/// Answers GET and HEAD for the files of a repository, whole or from any byte on (RFC 9110: one range, If-Range, If-None-Match). A file
/// that is replaced while it is sent goes on as it was opened. Any number of requests at a time.
/// </summary>
/// <param name="folder">The repository.</param>
/// <param name="logger">Hears of each request.</param>
internal sealed partial class RepositoryRequests(string folder, ILogger logger) : IHttpApplication<IFeatureCollection>
{
    private const int PieceBytes = 64 << 10;
    private const int MostSegments = 6;

    /// <summary>The only file that changes under its name.</summary>
    private const string Timestamp = "metadata/timestamp.json";

    private static readonly string[] s_folders = ["metadata", "targets", "blobs"];

    /// <inheritdoc/>
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    /// <inheritdoc/>
    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
        if (request.Method is not ("GET" or "HEAD"))
        {
            response.Headers.Allow = "GET, HEAD";
            await LineAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET and HEAD are answered here").ConfigureAwait(false);
        }
        else
        {
            string? name = Name(request.Path);
            using FileStream? file = name is null ? null : Open(Path.Combine(folder, name));
            if (file is null) await LineAsync(context, StatusCodes.Status404NotFound, "there is no such file").ConfigureAwait(false);
            else await FileAsync(context, file, isChanging: name == Timestamp).ConfigureAwait(false);
        }

        if (logger.IsEnabled(LogLevel.Information))
            LogAnswered(logger, context.Get<IHttpConnectionFeature>()?.RemoteIpAddress?.ToString() ?? "-", request.Method, Diagnostics.OneLine.Of(request.Path), response.StatusCode);
    }

    /// <summary>The file's name below the folder; null for a path that no file of a repository has.</summary>
    internal static string? Name(string path)
    {
        if (path.Length < 2 || path[0] != '/') return null;
        string[] segments = path[1..].Split('/');
        if (segments.Length is < 2 or > MostSegments || !s_folders.Contains(segments[0])) return null;
        // No dot in front: neither '..' nor what lies hidden.
        bool isSound = segments.All(static s => s.Length > 0 && s[0] != '.' && s.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'));
        return isSound && !path.EndsWith(".new", StringComparison.Ordinal) ? path[1..] : null;
    }

    /// <summary>What a Range header asks of a file: first byte and length; null for the whole, a length of 0 for nothing that there is.</summary>
    internal static (long From, long Length)? Range(string header, long length)
    {
        const string Unit = "bytes=";
        if (!header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase) || header.Contains(',', StringComparison.Ordinal)) return null;
        ReadOnlySpan<char> range = header.AsSpan(Unit.Length).Trim();
        int dash = range.IndexOf('-');
        if (dash < 0) return null;
        bool hasFirst = TryNumber(range[..dash], out long first), hasLast = TryNumber(range[(dash + 1)..], out long last);
        if (!hasFirst && range[..dash].Length > 0) return null;
        if (!hasLast && range[(dash + 1)..].Length > 0) return null;
        if (!hasFirst) return !hasLast ? null : (Math.Max(0, length - last), Math.Min(last, length));
        if (hasLast && last < first) return null;
        return first >= length ? (0, 0) : (first, (hasLast ? Math.Min(last, length - 1) : length - 1) - first + 1);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static FileStream? Open(string path)
    {
        try
        {
            // A folder and what is no plain file have no length to send.
            return File.Exists(path) ? new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static async Task FileAsync(IFeatureCollection context, FileStream file, bool isChanging)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
        long length = file.Length;
        string tag = string.Create(CultureInfo.InvariantCulture, $"\"{length:x}-{File.GetLastWriteTimeUtc(file.SafeFileHandle).Ticks:x}\"");
        response.Headers.ETag = tag;
        response.Headers.AcceptRanges = "bytes";
        response.Headers.CacheControl = isChanging ? "no-cache" : "public, max-age=86400";
        string ifNone = request.Headers.IfNoneMatch.ToString();
        if (ifNone == "*" || ifNone.Contains(tag, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        string ifRange = request.Headers.IfRange.ToString();
        (long From, long Length)? range = ifRange.Length > 0 && ifRange != tag ? null : Range(request.Headers.Range.ToString(), length);
        if (range is { Length: 0 })
        {
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{length}");
            response.Headers.ContentLength = 0;
            response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            return;
        }

        (long from, long count) = range ?? (0, length);
        if (range is not null) response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{from + count - 1}/{length}");
        response.StatusCode = range is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent;
        response.Headers.ContentType = "application/octet-stream";
        response.Headers.ContentLength = count;
        if (request.Method == "GET") await SendAsync(context, file, from, count).ConfigureAwait(false);
    }

    private static async Task SendAsync(IFeatureCollection context, FileStream file, long from, long count)
    {
        CancellationToken gone = context.Get<IHttpRequestLifetimeFeature>()?.RequestAborted ?? CancellationToken.None;
        Stream body = context.GetRequiredFeature<IHttpResponseBodyFeature>().Stream;
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            file.Position = from;
            while (count > 0)
            {
                int read = await file.ReadAsync(piece.AsMemory(0, (int)Math.Min(count, piece.Length)), gone).ConfigureAwait(false);
                // Cut short under our hands: the promised length is not kept, and the server breaks the connection.
                if (read == 0) break;
                await body.WriteAsync(piece.AsMemory(0, read), gone).ConfigureAwait(false);
                count -= read;
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // Whoever asked is gone.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private static async Task LineAsync(IFeatureCollection context, int status, string line)
    {
        IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
        byte[] body = Encoding.UTF8.GetBytes(line + "\n");
        response.StatusCode = status;
        response.Headers.ContentType = "text/plain; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentLength = body.Length;
        if (context.GetRequiredFeature<IHttpRequestFeature>().Method == "HEAD") return;
        await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(body).ConfigureAwait(false);
    }

    [LoggerMessage(EventId = 7111, Level = LogLevel.Information, Message = "{Client} {Method} {Path} {Status}")]
    private static partial void LogAnswered(ILogger logger, string client, string method, string path, int status);
}
