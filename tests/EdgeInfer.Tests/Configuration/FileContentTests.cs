using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeInfer.Configuration;

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
    public void The_runtime_library_of_this_machine_is_right()
    {
        string library = Directory.GetFiles(AppContext.BaseDirectory, "libonnxruntime.so", SearchOption.AllDirectories)
            .First(f => f.Contains(RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x64", StringComparison.Ordinal));
        Assert.Null(SharedLibraryContent.Wrong(library));
    }

    [Fact]
    public void A_file_that_cannot_be_the_runtime_is_told_without_being_loaded()
    {
        Assert.Contains("no shared library", Library("hello"u8.ToArray()), StringComparison.Ordinal);
        Assert.Contains("no shared library", Library([]), StringComparison.Ordinal);
        Assert.Contains("no ONNX Runtime", Library(Elf(Own, 3)), StringComparison.Ordinal);
        Assert.Contains("no shared library", Library([.. Elf(Own, 1), .. "OrtGetApiBase"u8]), StringComparison.Ordinal);
        Assert.Contains("is for 32-bit ARM", Library([.. Elf(40, 3), .. "OrtGetApiBase"u8]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_of_the_entry_point_is_found_also_across_two_pieces_of_the_file()
        => Assert.Null(SharedLibraryContent.Wrong(Write("a.so", [.. Elf(Own, 3), .. new byte[(1 << 20) - 64 - 6], .. "OrtGetApiBase"u8, .. new byte[100]])));

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
