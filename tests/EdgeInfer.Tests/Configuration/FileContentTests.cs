using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Configuration;
using EdgeInfer.Tests.Libraries;

namespace EdgeInfer.Tests.Configuration;

/// <summary>Files that the configuration names are looked into: one that holds something else is told before the agent runs.</summary>
public sealed class FileContentTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-content-");
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    public FileContentTests()
    {
        CertificateRequest request = new("CN=broker", _key, HashAlgorithmName.SHA256);
        _certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(70));
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void A_PEM_file_with_what_it_should_hold_is_right_whatever_stands_around_it()
    {
        Assert.Null(PemContent.Wrong(Write("ca.pem", "subject=broker\n" + _certificate.ExportCertificatePem() + "\n"), PemContent.Certificate));
        Assert.Null(PemContent.Wrong(Write("key.pem", _key.ExportPkcs8PrivateKeyPem()), PemContent.PrivateKey));
        Assert.Null(PemContent.Wrong(Write("ec.pem", _key.ExportECPrivateKeyPem()), PemContent.PrivateKey));
        Assert.Null(PemContent.Wrong(Write("both.pem", _certificate.ExportCertificatePem() + "\n" + _key.ExportPkcs8PrivateKeyPem()), PemContent.PrivateKey));
    }

    [Fact]
    public void What_a_file_holds_instead_is_said()
    {
        Assert.Contains("is empty", Pem("", PemContent.Certificate), StringComparison.Ordinal);
        Assert.Contains("holds no certificate: no PEM at all", Pem("hello", PemContent.Certificate), StringComparison.Ordinal);
        Assert.Contains("holds no certificate: only 'PRIVATE KEY'", Pem(_key.ExportPkcs8PrivateKeyPem(), PemContent.Certificate), StringComparison.Ordinal);
        Assert.Contains("holds no private key: only 'CERTIFICATE'", Pem(_certificate.ExportCertificatePem(), PemContent.PrivateKey), StringComparison.Ordinal);
        string locked = _key.ExportEncryptedPkcs8PrivateKeyPem("canary", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1));
        Assert.Contains("has a passphrase", Pem(locked, PemContent.PrivateKey), StringComparison.Ordinal);
        string der = Write("ca.der", _certificate.Export(X509ContentType.Cert));
        Assert.Equal("convert it: openssl x509 -inform der -in " + der, PemContent.Wrong(der, PemContent.Certificate)!.Value.Cure);
    }

    [Fact]
    public void The_runtime_library_of_this_machine_is_right() => Assert.Null(SharedLibraryContent.Wrong(ElfFileTests.RuntimeLibrary()));

    [Fact]
    public void A_file_that_cannot_be_the_runtime_is_told_without_being_loaded()
    {
        Assert.Contains("is no shared library", Library("hello, world, hello, world, hello, world, hello, world"u8.ToArray()), StringComparison.Ordinal);
        Assert.Contains("is empty", Library([]), StringComparison.Ordinal);
        Assert.Contains("no ONNX Runtime: it lacks OrtGetApiBase", Library(Elf(Own, 3)), StringComparison.Ordinal);
        Assert.Contains("is no shared library", Library(Elf(Own, 1)), StringComparison.Ordinal);
        Assert.Contains("is for 32-bit ARM, and this is " + (Own == 62 ? "x86-64" : "arm64"), Library(Elf(40, 3)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.16.3", "is ONNX Runtime 1.16.3, too old: 1.17 and newer are served")]
    [InlineData("0.9.0", "is ONNX Runtime 0.9.0, too old: 1.17 and newer are served")]
    [InlineData("1.17.0", null)]
    [InlineData("1.31.1", null)]
    [InlineData("1.99.0", null)]
    [InlineData("2.0.0", "is ONNX Runtime 2.0.0, too new: it does not offer API version 31 any more")]
    public void The_version_is_read_from_the_file_too(string version, string? refusal)
    {
        using CompiledLibraries made = new();
        string script = Path.Combine(_folder.FullName, "versions");
        File.WriteAllText(script, $"VERS_{version} {{ global: OrtGetApiBase; local: *; }};");
        string library = made.Make("libonnxruntime.so", "void *OrtGetApiBase(void) { return 0; }", "-Wl,--version-script=" + script);

        Assert.Equal(refusal is null ? null : $"the library {library} {refusal}", SharedLibraryContent.Wrong(library)?.What);
    }

    [Fact]
    public void The_configuration_names_key_and_file()
    {
        string key = Write("k.pem", _key.ExportPkcs8PrivateKeyPem());
        string smallest = ConfigurationText.Smallest[(ConfigurationText.Smallest.IndexOf('\n') + 1)..];
        Assert.Equal(
            [$"edge.yaml:1:36: mqtt.tls.ca: the file {key} holds no certificate: only 'PRIVATE KEY'; name a PEM file with -----BEGIN CERTIFICATE-----"],
            ConfigurationText.Faults($"mqtt: {{ url: mqtts://b, tls: {{ ca: {key} }} }}\n{smallest}"));
        Assert.Equal(
            [$"edge.yaml:7:25: runtime.onnxruntime: the file {key} is no shared library; name the libonnxruntime.so itself"],
            ConfigurationText.Faults($"{ConfigurationText.Smallest}runtime: {{ onnxruntime: {key} }}"));
    }

    private static int Own => RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? 183 : 62;

    // The first 20 bytes as the System V ABI has them; the rest is empty.
    private static byte[] Elf(int machine, int type) => [0x7f, .. "ELF"u8, 2, 1, 1, .. new byte[9], (byte)type, 0, (byte)machine, 0, .. new byte[44]];

    private string Pem(string text, string label) => PemContent.Wrong(Write("x.pem", text), label)!.Value.What;

    private string Library(byte[] bytes) => SharedLibraryContent.Wrong(Write("x.so", bytes))!.Value.What;

    private string Write(string name, string text) => Write(name, System.Text.Encoding.ASCII.GetBytes(text));

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
