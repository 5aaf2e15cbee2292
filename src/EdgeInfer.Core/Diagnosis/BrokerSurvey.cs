using System.Net;
using System.Net.Sockets;
using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Messaging;

namespace EdgeInfer.Diagnosis;

/// <summary>What a place that was asked for a broker answered.</summary>
internal enum BrokerAnswer
{
    /// <summary>A broker that lets anyone in.</summary>
    Open,

    /// <summary>A broker that wants a user name and a password.</summary>
    WantsPassword,

    /// <summary>Something answered that cannot be used as it is: another protocol, an untrusted certificate, MQTT 3 alone.</summary>
    Unusable,

    /// <summary>Nothing listens there, or nothing answered in time.</summary>
    Silent,
}

/// <summary>What came of asking one place.</summary>
/// <param name="Candidate">The place.</param>
/// <param name="Answer">What it answered.</param>
/// <param name="Fault">Why it cannot be used without more ado; null for an open broker.</param>
internal sealed record BrokerFinding(BrokerCandidate Candidate, BrokerAnswer Answer, Fault? Fault)
{
    /// <summary>Its address.</summary>
    public Uri Url => Candidate.Url;
}

/// <summary>Asks places for an MQTT 5 broker: CONNECT without a user, all side by side, each within a deadline.</summary>
/// <param name="deadline">The longest wait for one place, its name's resolution included.</param>
/// <param name="time">Clock.</param>
internal sealed class BrokerSurvey(TimeSpan deadline, TimeProvider time)
{
    /// <summary>A broker of the local network answers within milliseconds.</summary>
    public static readonly TimeSpan UsualDeadline = TimeSpan.FromSeconds(1);

    /// <summary>Asks every place; an address that two names lead to is asked once, under the first.</summary>
    /// <param name="candidates">The places.</param>
    /// <param name="clientId">The client id shown to the brokers; each attempt adds its number.</param>
    /// <param name="stop">Ends the survey.</param>
    /// <returns>One finding for each place asked, in the order given.</returns>
    public async Task<IReadOnlyList<BrokerFinding>> AskAsync(IReadOnlyList<BrokerCandidate> candidates, string clientId, CancellationToken stop)
    {
        IPAddress[][] addresses = await Task.WhenAll(candidates.Select(c => ResolveAsync(c.Url.IdnHost, stop))).ConfigureAwait(false);
        HashSet<IPEndPoint> asked = [];
        List<Task<BrokerFinding>> answers = [];
        for (int i = 0; i < candidates.Count; i++)
        {
            BrokerCandidate candidate = candidates[i];
            string id = $"{clientId}-{i}";
            if (addresses[i].Length == 0) answers.Add(Task.FromResult(Unknown(candidate)));
            else if (asked.Add(new(addresses[i][0], candidate.Url.Port)))
                answers.Add(Task.Factory.StartNew(() => Ask(candidate, id, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        }

        return await Task.WhenAll(answers).ConfigureAwait(false);
    }

    // The system's resolver cannot be cancelled: it is left behind when the time is up.
    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken stop)
    {
        if (IPAddress.TryParse(host, out IPAddress? address)) return [address];
        try
        {
            return await Task.Run(() => Dns.GetHostAddresses(host), stop).WaitAsync(deadline, time, stop).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            return [];
        }
    }

    private BrokerFinding Ask(BrokerCandidate candidate, string clientId, CancellationToken stop)
    {
        MqttSettings settings = new() { Options = new() { Url = candidate.Url }, ClientId = clientId, ConnectTimeout = deadline };
        try
        {
            using MqttConnection connection = MqttConnection.OpenAsync(settings, time, stop).GetAwaiter().GetResult();
            byte[] goodbye = MqttWire.NormalDisconnect.ToArray();
            connection.SendAsync(goodbye, goodbye.Length).GetAwaiter().GetResult();
            return new(candidate, BrokerAnswer.Open, null);
        }
        catch (MqttLinkException e)
        {
            BrokerAnswer answer = e.WantsCredentials ? BrokerAnswer.WantsPassword : e.NeedsOperator ? BrokerAnswer.Unusable : BrokerAnswer.Silent;
            return new(candidate, answer, e.Fault);
        }
        catch (IOException)
        {
            // It closed the line behind its CONNACK: it is a broker all the same.
            return new(candidate, BrokerAnswer.Open, null);
        }
    }

    private static BrokerFinding Unknown(BrokerCandidate candidate)
        => new(candidate, BrokerAnswer.Silent, new(FaultKind.Unavailable, candidate.Url.ToString(), $"unknown host '{candidate.Url.Host}'", ""));
}
