using EdgeInfer.Tests.Messaging;

namespace EdgeInfer.SystemTests.Rig;

/// <summary>Lines of mosquitto's configuration for TLS with a test's certificates.</summary>
internal static class SecuredMosquitto
{
    /// <summary>
    /// Lines that make the one listener speak WebSockets; the last of what is configured. 2.0.11 does not count such listeners and ends where
    /// there is no other.
    /// </summary>
    public static string WebSockets => $"protocol websockets\nlistener {Mosquitto.FreePort()} 127.0.0.1";

    /// <summary>Starts a broker with TLS on its one listener.</summary>
    /// <param name="own">Whose <c>server.pem</c> and <c>server.key</c> it shows, and whose clients it trusts.</param>
    /// <param name="extra">More lines.</param>
    public static Task<Mosquitto> Start(TestCertificates own, string extra = "")
    {
        // Started by root it would become the user mosquitto, who cannot read the test's files.
        string user = Environment.IsPrivilegedProcess ? "user root\n" : "";
        return Mosquitto.Start($"{user}cafile {own.AuthorityFile}\ncertfile {own["server.pem"]}\nkeyfile {own["server.key"]}\n{extra}");
    }
}
