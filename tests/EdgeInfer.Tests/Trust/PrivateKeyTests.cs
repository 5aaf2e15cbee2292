using System.Diagnostics;
using EdgeInfer.Diagnostics;
using EdgeInfer.Trust;
using EdgeInfer.Trust.Documents;

namespace EdgeInfer.Tests.Trust;

/// <summary>Private keys as files that OpenSSL reads and writes.</summary>
public sealed class PrivateKeyTests : IDisposable
{
    private const string Passphrase = "correct horse";
    private const int FewRounds = 1000;
    private const string OpenSsl = "/usr/bin/openssl";

    // openssl 3.0.19: genpkey -algorithm ed25519 -aes-256-cbc -pass pass:'correct horse', and pkey -pubout of it.
    private const string Ed25519Pem = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAidLqSSbEdD5AICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEELQ6lXW3xrrhe5UZtCJs2uAEQA6E
        jGJppgUopjIdYExhxTdF/Y/7ZnpiWlj+xYrudtaXGBcLffP38sS5JtC9MHshpJHS
        TOCPRwVJxbaCwcF8rWI=
        -----END ENCRYPTED PRIVATE KEY-----
        """;

    private const string Ed25519PublicPem = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEARmGrz4nwrBTq9Jz7ulkysdpoxOCMlordVOEWfRkrz7g=
        -----END PUBLIC KEY-----
        """;

    // The same with -algorithm EC -pkeyopt ec_paramgen_curve:P-256.
    private const string EcdsaPem = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiSwmnuDUENJQICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFpQ6hyPnX6fngavJMI+N4QEgZCs
        NwwLtW+kprUZ6xYYXwZDi71CxONWbJJbFKcxPtRjsZWdHwCo6a0hMYvpXPPoRCU2
        GKA9oQGW4ruMZ+ygOLvI++aLz2GPPIE68i2qShTBSAgBtGaz956OUdeOSYT9ago3
        knYQKaDUnKvF1GPYx6/Xyp2yVZ3Gx+P3jYJ8cm+VsBiirFDyXbllnabONGYu7h4=
        -----END ENCRYPTED PRIVATE KEY-----
        """;

    private const string EcdsaPublicPem = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEy6SYa52rhotBZeAU9ErSNvwI239g
        aQyXQmIml7e27+puISzNjpV4FvE7H76qB8k2ZTRfJtpC7mpzSEjCp+9HnQ==
        -----END PUBLIC KEY-----
        """;

    // openssl genpkey -algorithm ed25519
    private const string OpenPem = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIDAZnrz2QTjsFt0cHy536f6DafP8Sq/7612OOEMiEJSB
        -----END PRIVATE KEY-----
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("edgeinfer-key-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Ed25519Pem, Ed25519PublicPem)]
    [InlineData(EcdsaPem, EcdsaPublicPem)]
    public void A_key_that_openssl_made_is_read_and_signs_for_its_public_half(string pem, string publicPem)
    {
        using PrivateKey key = PrivateKeyPem.Read(pem, Passphrase, "key.pem");
        TrustKey half = PrivateKeyPublicHalf.Read(publicPem, "key.pub.pem");
        Assert.Equal(half.Id, key.Key.Id);
        Assert.True(half.Verifies([1, 2, 3], key.Sign([1, 2, 3])));
        Assert.False(half.Verifies([1, 2, 4], key.Sign([1, 2, 3])));
    }

    [Theory]
    [InlineData("Ed25519")]
    [InlineData("EcdsaP256")]
    public void Openssl_opens_what_is_written_and_finds_the_same_public_half(string kind)
    {
        if (!File.Exists(OpenSsl)) Assert.Skip($"{OpenSsl} is not here");
        using PrivateKey key = PrivateKey.Create(Enum.Parse<PrivateKeyKind>(kind));
        string path = Path.Combine(_folder, "key.pem");
        File.WriteAllText(path, PrivateKeyPem.Write(key, Passphrase, FewRounds));

        using Process run = Process.Start(new ProcessStartInfo(OpenSsl, ["pkey", "-in", path, "-passin", $"pass:{Passphrase}", "-pubout"]) { RedirectStandardOutput = true })!;
        string publicPem = run.StandardOutput.ReadToEnd();
        run.WaitForExit();

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(key.Key.Id, PrivateKeyPublicHalf.Read(publicPem, "openssl").Id);
    }

    [Theory]
    [InlineData("Ed25519")]
    [InlineData("EcdsaP256")]
    public void What_is_written_is_read_again(string kind)
    {
        using PrivateKey key = PrivateKey.Create(Enum.Parse<PrivateKeyKind>(kind));
        string pem = PrivateKeyPem.Write(key, Passphrase, FewRounds);
        Assert.StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", pem, StringComparison.Ordinal);
        using PrivateKey read = PrivateKeyPem.Read(pem, Passphrase, "key.pem");
        Assert.Equal(key.Key.Id, read.Key.Id);
    }

    [Fact]
    public void No_wrong_passphrase_opens_a_key()
    {
        using PrivateKey key = PrivateKey.Create(PrivateKeyKind.Ed25519);
        string pem = PrivateKeyPem.Write(key, Passphrase, rounds: 1);

        // About two of these happen to give a padding that looks right.
        for (int i = 0; i < 500; i++)
        {
            FaultException refused = Assert.Throws<FaultException>(() => PrivateKeyPem.Read(pem, $"wrong {i}", "key.pem"));
            Assert.Equal("key.pem: the passphrase does not open this key; give the one that it was made with", refused.Fault.ToString());
        }
    }

    [Theory]
    [InlineData(OpenPem, "this key is not encrypted by a passphrase")]
    [InlineData(Ed25519PublicPem, "this is a 'PUBLIC KEY' and no encrypted private key")]
    [InlineData("a text", "this is no PEM file")]
    [InlineData("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----", "this key is encrypted in another way than PBES2 with HMAC-SHA-256 and AES-256")]
    public void What_is_no_encrypted_key_is_refused(string pem, string what)
    {
        FaultException refused = Assert.Throws<FaultException>(() => PrivateKeyPem.Read(pem, Passphrase, "key.pem"));
        Assert.Equal(what, refused.Fault.What);
        Assert.Contains("openssl pkcs8 -topk8", refused.Fault.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_cannot_be_printed()
    {
        using PrivateKey key = PrivateKey.Create(PrivateKeyKind.Ed25519);
        Assert.Equal("***", $"{key}");
    }
}
