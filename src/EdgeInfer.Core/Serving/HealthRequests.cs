using System.Buffers;
using System.Text;
using EdgeInfer.Pipeline;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace EdgeInfer.Serving;

/// <summary>
/// Answers <c>/livez</c>, <c>/readyz</c> and <c>/metrics</c>, each to GET and HEAD, and nothing else. What it says is of the moment of
/// the request and is not to be kept. Any number of requests at a time; readings one after the other.
/// </summary>
/// <param name="subject">What it speaks of.</param>
internal sealed class HealthRequests(HealthSubject subject) : IHttpApplication<IFeatureCollection>
{
    private const string Text = "text/plain; charset=utf-8";
    private readonly Lock _reading = new();
    private ArrayBufferWriter<byte>? _spare;

    /// <inheritdoc/>
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    /// <inheritdoc/>
    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    /// <inheritdoc/>
    public Task ProcessRequestAsync(IFeatureCollection context)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        return request.Path switch
        {
            "/livez" when IsRead(request) => HealthAsync(context, subject.WhyStuck()),
            "/readyz" when IsRead(request) => HealthAsync(context, subject.WhyNotReady()),
            "/metrics" when IsRead(request) => MetricsAsync(context, MetricsNegotiation.Choose(request.Headers.Accept.ToString())),
            "/livez" or "/readyz" or "/metrics" => NotAllowedAsync(context),
            _ => LineAsync(context, StatusCodes.Status404NotFound, "nothing is here: there are /livez, /readyz and /metrics"),
        };
    }

    private static bool IsRead(IHttpRequestFeature request) => request.Method is "GET" or "HEAD";

    private static Task HealthAsync(IFeatureCollection context, string? why)
        => LineAsync(context, why is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, why ?? "ok");

    private static Task NotAllowedAsync(IFeatureCollection context)
    {
        context.GetRequiredFeature<IHttpResponseFeature>().Headers.Allow = "GET, HEAD";
        return LineAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET and HEAD are answered here");
    }

    private static Task LineAsync(IFeatureCollection context, int status, string line)
        => SendAsync(context, status, Text, Encoding.UTF8.GetBytes(line.ReplaceLineEndings(" ") + "\n"));

    private async Task MetricsAsync(IFeatureCollection context, MetricsFormat format)
    {
        ArrayBufferWriter<byte> buffer = Interlocked.Exchange(ref _spare, null) ?? new(16 << 10);
        try
        {
            lock (_reading)
            {
                AgentReadings? agent = subject.Readings();
                bool isReady = !subject.IsStopping() && HealthSubject.Why(agent) is null;
                MetricsPage.Write(new(buffer, format), ProcessReadings.Read(subject.Version, subject.SystemText), agent, isReady);
            }

            await SendAsync(context, StatusCodes.Status200OK, MetricsNegotiation.ContentType(format), buffer.WrittenMemory).ConfigureAwait(false);
        }
        finally
        {
            buffer.ResetWrittenCount();
            Volatile.Write(ref _spare, buffer);
        }
    }

    private static async Task SendAsync(IFeatureCollection context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
        response.StatusCode = status;
        response.Headers.ContentType = contentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentLength = body.Length;
        if (context.GetRequiredFeature<IHttpRequestFeature>().Method == "HEAD") return;
        await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(body).ConfigureAwait(false);
    }
}
