using System.Text;
using EdgeInfer.Admission;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Tests.Admission;

/// <summary>The manifest of a release: what is read from it, what is written, and what is refused before a byte of a file is fetched.</summary>
public sealed class ReleaseManifestTests
{
    private const string Where = "models/parts/12";
    private const string A = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string B = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    private const string C = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

    // As a publisher of others might write it: white space, other order, members of OCI that are not needed.
    private const string Text = """
        {
          "schemaVersion": 2,
          "mediaType": "application/vnd.oci.image.manifest.v1+json",
          "artifactType": "application/vnd.cncf.model.manifest.v1+json",
          "config": {"mediaType": "application/vnd.cncf.model.config.v1+json", "digest": "sha256:CC", "size": 301},
          "layers": [
            {"mediaType": "application/vnd.cncf.model.weight.v1.raw", "digest": "sha256:AA", "size": 334253, "annotations": {"org.cncf.model.filepath": "model.onnx", "org.example.note": "x"}},
            {"mediaType": "application/vnd.cncf.model.dataset.v1.raw", "digest": "sha256:BB", "size": 866, "annotations": {"org.cncf.model.filepath": "golden/belt-27.json"}, "urls": ["http://evil.example/"]}
          ],
          "subject": null,
          "annotations": {"org.opencontainers.image.created": "2026-11-26T00:00:00Z"}
        }
        """;

    // python3: json.dumps(manifest, sort_keys=True, separators=(",", ":")) with the files in the order of their names.
    private const string Canonical = """
        {"artifactType":"application/vnd.cncf.model.manifest.v1+json","config":{"digest":"sha256:CC","mediaType":"application/vnd.cncf.model.config.v1+json","size":301},"layers":[{"annotations":{"org.cncf.model.filepath":"golden/belt-27.json"},"digest":"sha256:BB","mediaType":"application/vnd.cncf.model.dataset.v1.raw","size":866},{"annotations":{"org.cncf.model.filepath":"model.onnx"},"digest":"sha256:AA","mediaType":"application/vnd.cncf.model.weight.v1.raw","size":334253}],"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}
        """;

    [Fact]
    public void Files_with_their_digests_and_sizes_are_read()
    {
        ReleaseManifest manifest = Read(Text);
        Assert.Equal(new(ReleaseManifest.ConfigType, C, 301), manifest.Config);
        Assert.Equal([new("golden/belt-27.json", ReleaseManifest.DatasetType, B, 866), new("model.onnx", ReleaseManifest.WeightType, A, 334253)], manifest.Files);
        Assert.Equal(335119, manifest.Bytes);
        Assert.Equal(334253, manifest.Sizes["model.onnx"]);
    }

    [Fact]
    public void It_is_written_as_the_same_bytes_whatever_the_order()
    {
        string expected = Full(Canonical);
        Assert.Equal(expected, Encoding.UTF8.GetString(Read(Text).Write()));
        ReleaseManifest manifest = ReleaseManifest.Of(
            new(ReleaseManifest.ConfigType, C, 301),
            [new("model.onnx", ReleaseManifest.WeightType, A, 334253), new("golden/belt-27.json", ReleaseManifest.DatasetType, B, 866)], new(), Where);
        Assert.Equal(expected, Encoding.UTF8.GetString(manifest.Write()));
        Assert.Equal(expected, Encoding.UTF8.GetString(ReleaseManifest.Read(manifest.Write(), new(), Where).Write()));
    }

    [Fact]
    public void Two_files_may_have_the_same_bytes()
        => Assert.Equal(3, Read(Layer(Text, "golden/copy.json", "BB", 866)).Files.Count);

    // The place in the text, what stands there instead, and a part of the words of the refusal.
    [Theory]
    [InlineData("\"schemaVersion\": 2", "\"schemaVersion\": 1", "no integer from 2 to 2 in 'schemaVersion'")]
    [InlineData("\"schemaVersion\": 2", "\"schemaVersion\": 2.0", "in 'schemaVersion'")]
    [InlineData("\"schemaVersion\": 2", "\"schemaVersion\": \"2\"", "in 'schemaVersion'")]
    [InlineData("\"schemaVersion\": 2,", "", "has no 'schemaVersion'")]
    [InlineData("image.manifest.v1+json", "image.index.v1+json", "in 'mediaType' instead of")]
    [InlineData("vnd.cncf.model.manifest", "vnd.cnai.model.manifest", "in 'artifactType' instead of")]
    [InlineData("\"artifactType\": \"application/vnd.cncf.model.manifest.v1+json\",", "", "has no 'artifactType'")]
    [InlineData("vnd.cncf.model.config.v1+json", "vnd.oci.empty.v1+json", "the configuration is of type")]
    [InlineData("\"config\": {", "\"config\": [{}], \"x\": {", "manifest.config is no object")]
    [InlineData("\"size\": 301", "\"size\": 1048577", "the configuration has 1048577 bytes", "size")]
    [InlineData("\"layers\": [", "\"layers\": [], \"x\": [", "has 0 items in 'layers'")]
    [InlineData("\"layers\": [", "\"layers\": {}, \"x\": [", "has no list in 'layers'")]
    [InlineData("\"layers\": [", "\"layers\": [7, ", "layer 0 is no object")]
    [InlineData("\"layers\": [", "\"layers\": [],\"layers\": [", "not strict JSON")]
    [InlineData("\"size\": 866", "\"size\": 866, \"size\": 1", "not strict JSON")]
    [InlineData("\"size\": 866", "\"size\": 866, \"s\\u0069ze\": 1", "not strict JSON")]
    [InlineData("\"size\": 866", "\"size\": -1", "no integer from 0")]
    [InlineData("\"size\": 866", "\"size\": 8.5", "no integer from 0")]
    [InlineData("\"size\": 866", "\"size\": 1e3", "no integer from 0")]
    [InlineData("\"size\": 866", "\"size\": 9223372036854775808", "no integer from 0")]
    [InlineData("\"size\": 866", "\"size\": \"866\"", "no integer from 0")]
    [InlineData("\"size\": 866", "\"size\": 2147483649", "bytes, at most 2147483648 are taken", "size")]
    [InlineData("\"size\": 866", "\"size\": 2147149396", "bytes together", "size")]
    [InlineData("\"size\": 334253", "\"size\": 0", "no model.onnx at the top")]
    [InlineData("sha256:BB", "sha256:aabb", "64 hexadecimal digits")]
    [InlineData("sha256:BB", "sha512:BB", "which is no sha256")]
    [InlineData("sha256:BB", "BB", "which is no sha256")]
    [InlineData("sha256:BB", "sha256:../../../../../../../../../../../../../../../../../../../etc/passwd", "64 hexadecimal digits")]
    [InlineData("sha256:BB", "sha256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", "64 hexadecimal digits")]
    [InlineData("sha256:BB", "sha256:gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg", "64 hexadecimal digits")]
    [InlineData("sha256:BB", "sha256:\\u0661bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "64 hexadecimal digits")]
    [InlineData("sha256:BB", "sha256:AA", "has the digest of another file, but not its size")]
    [InlineData("model.dataset.v1.raw", "model.dataset.v1.tar", "an archive")]
    [InlineData("model.dataset.v1.raw", "model.dataset.v1.tar+gzip", "an archive")]
    [InlineData("model.dataset.v1.raw", "model.weight.v1.tar+zstd", "an archive")]
    [InlineData("model.dataset.v1.raw", "model.code.v1.raw", "which is not taken")]
    [InlineData("model.dataset.v1.raw", "model.dataset.v1.RAW", "which is not taken")]
    [InlineData("application/vnd.cncf.model.weight.v1.raw", "application/vnd.cncf.model.dataset.v1.raw", "no model.onnx at the top")]
    [InlineData("\"annotations\": {\"org.cncf.model.filepath\": \"golden/belt-27.json\"},", "", "has no 'annotations'")]
    [InlineData("\"org.cncf.model.filepath\": \"golden", "\"org.cnai.model.filepath\": \"golden", "has no 'org.cncf.model.filepath'")]
    [InlineData("\"golden/belt-27.json\"", "7", "no text in 'org.cncf.model.filepath'")]
    [InlineData("\"golden/belt-27.json\"", "\"\\ud800\"", "not Unicode")]
    [InlineData("\"org.cncf.model.filepath\": \"golden", "\"\\udc00\": 1, \"org.cncf.model.filepath\": \"golden", "")]
    [InlineData("\"subject\": null,", "\"subject\": null, // a comment", "not strict JSON")]
    [InlineData("\"subject\": null,", "\"subject\": [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]],", "not strict JSON")]
    [InlineData("\"subject\": null,", "\"subject\": NaN,", "not strict JSON")]
    public void What_breaks_the_form_is_refused(string there, string instead, string expected, string code = "inspect")
    {
        Assert.Contains(there, Text);
        Refused(code, expected, Text.Replace(there, instead, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../belt.json", "it has '..' in it")]
    [InlineData("golden/../../belt.json", "it has '..' in it")]
    [InlineData("golden/..", "it has '..' in it")]
    [InlineData("./belt.json", "it has '.' in it")]
    [InlineData("/etc/passwd", "it is an absolute path")]
    [InlineData("golden//belt.json", "a part of it is empty")]
    [InlineData("golden/", "a part of it is empty")]
    [InlineData(".hidden", "begins with a dot")]
    [InlineData("golden/.hidden", "begins with a dot")]
    [InlineData("golden\\\\belt.json", "only ASCII letters")]
    [InlineData("..\\\\belt.json", "begins with a dot")]
    [InlineData("C:belt.json", "only ASCII letters")]
    [InlineData("*/_ORT_MEM_ADDR_/*", "only ASCII letters")]
    [InlineData("belt\\u0000.json", "no control characters")]
    [InlineData("belt\\n.json", "no control characters")]
    [InlineData("belt\\u007f.json", "no control characters")]
    [InlineData("belt\\u202e.json", "only ASCII letters")]
    [InlineData("stra\\u00dfe.json", "only ASCII letters")]
    [InlineData("gru\\u0308n.json", "only ASCII letters")]
    [InlineData("\\uff0e\\uff0e/belt.json", "only ASCII letters")]
    [InlineData("$HOME/belt.json", "only ASCII letters")]
    [InlineData(" belt.json", "begins or ends with a space")]
    [InlineData("belt.json ", "begins or ends with a space")]
    [InlineData("belt.", "ends with a dot")]
    [InlineData("a/b/c/d/e/f/g/h/i", "more than 8 folders deep")]
    [InlineData("", "1 to 1024 characters")]
    [InlineData("model.onnx", "two files are called 'model.onnx'")]
    [InlineData("MODEL.onnx", "two files are called")]
    [InlineData("golden", "'golden' is a file and a folder")]
    [InlineData("Golden", "'Golden' is a file and a folder")]
    [InlineData("golden/belt-27.json/x", "'golden/belt-27.json' is a file and a folder")]
    [InlineData("model.onnx/weights.bin", "'model.onnx' is a file and a folder")]
    public void A_name_that_is_no_place_in_the_model_s_folder_is_refused(string name, string expected)
        => Refused("inspect", expected, Layer(Text, name, "dd", 1));

    [Fact]
    public void Names_of_many_characters_are_refused()
    {
        Refused("inspect", "a part of it has more than 128", Layer(Text, new string('a', 129), "dd", 1));
        Refused("inspect", "more than 255", Layer(Text, string.Join('/', Enumerable.Repeat(new string('a', 100), 3)), "dd", 1));
        Assert.Equal(3, Read(Layer(Text, new string('a', 128), "dd", 1)).Files.Count);
    }

    [Theory]
    [InlineData("IMG 001 (2).jpg")]
    [InlineData("weights/onnx__Conv_123")]
    [InlineData("model.onnx.data")]
    [InlineData("a@b+c=d,e~f-g_h.i")]
    public void Names_that_people_and_exporters_give_are_taken(string name)
        => Assert.Contains(Read(Layer(Text, name, "dd", 1)).Files, f => f.Name == name);

    [Fact]
    public void A_graph_in_a_folder_is_not_the_graph()
        => Refused("inspect", "no model.onnx at the top", Text.Replace("\"model.onnx\"", "\"inner/model.onnx\"", StringComparison.Ordinal));

    [Fact]
    public void Files_are_counted()
    {
        ReleaseLimits two = new() { Files = 2 };
        Assert.Equal(2, ReleaseManifest.Read(Bytes(Text), two, Where).Files.Count);
        UpdateException refused = Assert.Throws<UpdateException>(() => ReleaseManifest.Read(Bytes(Layer(Text, "x", "dd", 1)), two, Where));
        Assert.Equal(UpdateCode.Inspect, refused.Code);
        Assert.Contains("3 items in 'layers'", refused.Message);
        Assert.Throws<UpdateException>(() => ReleaseManifest.Of(
            new(ReleaseManifest.ConfigType, C, 1), [.. Enumerable.Range(0, 3).Select(i => new ReleaseFile(i == 0 ? "model.onnx" : $"{i}", ReleaseManifest.WeightType, A, 1))], two, Where));
    }

    [Fact]
    public void All_bytes_together_are_counted_without_overflow()
    {
        string text = Text.Replace("334253", "9007199254740991", StringComparison.Ordinal).Replace("866", "9007199254740991", StringComparison.Ordinal);
        UpdateException refused = Assert.Throws<UpdateException>(() => ReleaseManifest.Read(Bytes(text), new() { Bytes = long.MaxValue / 1024 }, Where));
        Assert.Equal(UpdateCode.Size, refused.Code);
    }

    [Fact]
    public void A_long_manifest_is_refused_unread()
    {
        byte[] bytes = Bytes(Text + new string(' ', ReleaseLimits.ManifestBytes));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(UpdateCode.Size, Assert.Throws<UpdateException>(() => ReleaseManifest.Read(bytes, new(), Where)).Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50_000);
    }

    [Fact]
    public void What_is_no_JSON_in_UTF_8_is_refused()
    {
        foreach (byte[] bytes in new byte[][] { [], [0], [.. "\uFEFF"u8, .. Bytes(Text)], [.. Bytes(Text), (byte)'x'], Encoding.Unicode.GetBytes(Full(Text)), [(byte)'"', 0xFF, (byte)'"'], Bytes("null"), Bytes("[]"), Bytes("7") })
            Assert.Equal(UpdateCode.Inspect, Assert.Throws<UpdateException>(() => ReleaseManifest.Read(bytes, new(), Where)).Code);
    }

    [Fact]
    public void A_manifest_that_is_changed_anywhere_is_read_or_refused()
    {
        Random random = new(12);
        byte[] text = Bytes(Text);
        int refused = 0;
        for (int i = 0; i < 5000; i++)
        {
            byte[] changed = [.. text];
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                ReleaseManifest.Read(changed, new(), Where);
            }
            catch (UpdateException e)
            {
                refused++;
                Assert.DoesNotContain(Assert.Single(e.Faults).ToString(), char.IsControl);
            }
        }

        Assert.InRange(refused, 2000, 4999);
    }

    private static void Refused(string code, string expected, string text)
    {
        UpdateException refused = Assert.Throws<UpdateException>(() => Read(text));
        Assert.Equal(code, refused.Code.Word());
        Assert.Contains(expected, refused.Message);
        Assert.StartsWith(Where + ": ", refused.Message);
        Assert.DoesNotContain(refused.Message, char.IsControl);
        Assert.NotEmpty(refused.Fault.Cure);
    }

    private static ReleaseManifest Read(string text) => ReleaseManifest.Read(Bytes(text), new(), Where);

    private static string Layer(string text, string name, string digest, long size)
    {
        string layer = $$$"""{"mediaType": "application/vnd.cncf.model.dataset.v1.raw", "digest": "sha256:{{{(digest.Length == 2 && char.IsAsciiLetterLower(digest[0]) ? new string(digest[0], 64) : digest)}}}", "size": {{{size}}}, "annotations": {"org.cncf.model.filepath": "{{{name}}}"}}""";
        return text.Replace("\"layers\": [", $"\"layers\": [{layer},", StringComparison.Ordinal);
    }

    private static string Full(string text)
        => text.Replace(":AA\"", $":{A}\"", StringComparison.Ordinal).Replace(":BB\"", $":{B}\"", StringComparison.Ordinal).Replace(":CC\"", $":{C}\"", StringComparison.Ordinal);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(Full(text));
}
