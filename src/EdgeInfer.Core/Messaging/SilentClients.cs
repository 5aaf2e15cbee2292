using MQTTnet.Protocol;
using MQTTnet.Server;

namespace EdgeInfer.Messaging;

/// <summary>
/// Throws out clients of the embedded broker that were silent for one and a half times their keep-alive (MQTT 5, section 3.1.2.10), by the
/// monotonic clock: a client has spoken where the count of its packets has grown since the last look.
/// </summary>
internal sealed class SilentClients : IAsyncDisposable
{
    private const string KeepAliveKey = "edgeinfer.keep_alive";
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private readonly Dictionary<string, Heard> _heard = [];
    private readonly MqttServer _server;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private int _isLooking;

    /// <summary>Begins to look, every second.</summary>
    public SilentClients(MqttServer server, TimeProvider time)
    {
        _server = server;
        _time = time;
        server.ValidatingConnectionAsync += static connection =>
        {
            connection.SessionItems[KeepAliveKey] = (int)(connection.KeepAlivePeriod ?? 0);
            return Task.CompletedTask;
        };
        _timer = time.CreateTimer(static clients => _ = ((SilentClients)clients!).LookAsync(), this, s_look, s_look);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private async Task LookAsync()
    {
        if (Interlocked.Exchange(ref _isLooking, 1) != 0) return;
        try
        {
            long now = _time.GetTimestamp();
            HashSet<string> there = [];
            foreach (MqttClientStatus client in await _server.GetClientsAsync().ConfigureAwait(false))
            {
                there.Add(client.Id);
                Heard heard = new(client.ConnectedTimestamp.Ticks, client.SentPacketsCount, now);
                if (!_heard.TryGetValue(client.Id, out Heard last) || last.Connection != heard.Connection || last.Packets != heard.Packets)
                {
                    _heard[client.Id] = heard;
                    continue;
                }

                if (client.Session.Items[KeepAliveKey] is not int seconds || seconds == 0 || _time.GetElapsedTime(last.At, now).TotalSeconds < seconds * 1.5) continue;
                await client.DisconnectAsync(new() { ReasonCode = MqttDisconnectReasonCode.KeepAliveTimeout }).ConfigureAwait(false);
            }

            foreach (string gone in _heard.Keys.Except(there).ToArray()) _heard.Remove(gone);
        }
#pragma warning disable CA1031 // The broker stops, or a client leaves while it is looked at: the next look sees what is left.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
        finally
        {
            Volatile.Write(ref _isLooking, 0);
        }
    }

    /// <param name="Connection">Tells one connection of a client from the next.</param>
    /// <param name="Packets">That the client had sent by then; the statistics are from its side.</param>
    /// <param name="At">When that was seen first, by the monotonic clock.</param>
    private readonly record struct Heard(long Connection, long Packets, long At);
}
