using System.Net;
using System.Net.Security;
using MQTTnet.Channel;

namespace EdgeInfer.Messaging;

/// <summary>How far an attempt to connect has come.</summary>
internal enum LinkStage
{
    /// <summary>Nothing was asked yet.</summary>
    Beginning,

    /// <summary>The name's addresses are asked for.</summary>
    Resolving,

    /// <summary>TCP connects.</summary>
    Connecting,

    /// <summary>TLS shakes hands.</summary>
    Securing,

    /// <summary>The line is there: CONNECT is to be answered.</summary>
    Greeting,
}

/// <summary>
/// A line with TLS on it. MQTTnet would wrap the line itself, but shows a broker the leaf of the device's certificate alone, and none
/// at all where another one stands between it and the authority that the broker names.
/// </summary>
/// <param name="line">The line.</param>
/// <param name="trust">Its TLS.</param>
internal sealed class SecuredLine(PolledStream line, BrokerTrust trust) : IMqttClientStreamProvider
{
    /// <inheritdoc/>
    public async Task<Stream> ConnectAsync(EndPoint brokerEndPoint, CancellationToken cancellationToken)
    {
        Stream plain = await line.ConnectAsync(brokerEndPoint, cancellationToken).ConfigureAwait(false);
        line.Stage = LinkStage.Securing;
        SslStream secured = new(plain);
        try
        {
            await secured.AuthenticateAsClientAsync(trust.ToOptions(), cancellationToken).ConfigureAwait(false);
            line.Stage = LinkStage.Greeting;
            return secured;
        }
        catch
        {
            await secured.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
