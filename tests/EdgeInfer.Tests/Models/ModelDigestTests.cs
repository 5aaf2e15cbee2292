using System.Diagnostics;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Tests.Models;

/// <summary>The digest against coreutils: the shell line is the one that docs/models.md gives.</summary>
public sealed class ModelDigestTests
{
    private const string Script = """
        { echo edgeinfer-manifest/1
          find -L . -type f -printf '%P\n' | LC_ALL=C sort | while IFS= read -r f; do
            echo "$(sha256sum < "$f" | cut -d' ' -f1) $(wc -c < "$f") $f"
          done
        } | sha256sum | cut -d' ' -f1
        """;

    [Fact]
    public void The_digest_is_what_coreutils_compute()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata(), "threshold: 0.5\n", "a\nb\n");
        box.Write("golden/belt 1.jpg", "picture");
        box.Write("golden/Belt.json", "{}");
        box.Write("golden-a", "");
        box.Write("é.txt", "é");
        // UTF-16 order would put the private-use character last.
        box.Write("\uE000", "1");
        box.Write("\U0001F600", "2");
        File.CreateSymbolicLink(box.At("link"), "labels.txt");
        Assert.Equal(Shell(box.Folder), box.Load().Digest);
    }

    [Fact]
    public void A_bare_file_is_a_manifest_of_one()
    {
        using ModelBox box = new();
        box.Write("net.onnx", TestModels.Yolox().ToArray());
        Assert.Equal(Shell(box.Folder), ModelLoader.Load(box.At("net.onnx")).Digest);
    }

    [Fact]
    public void A_bare_file_counts_the_file_of_its_weights()
    {
        using ModelBox box = new();
        box.Write("net.onnx", TestModels.Yolox().External("w", "net.data", 0, 4, 1).External("v", "net.data", 4, 4, 1).ToArray());
        box.Write("net.data", "12345678");
        Assert.Equal(Shell(box.Folder), ModelLoader.Load(box.At("net.onnx")).Digest);
    }

    [Fact]
    public void Any_file_of_the_folder_changes_it()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata());
        HashSet<string> digests = [box.Load().Digest];
        box.Write("model.yaml", "threshold: 0.5\n");
        digests.Add(box.Load().Digest);
        box.Write("model.yaml", "threshold: 0.6\n");
        digests.Add(box.Load().Digest);
        File.Move(box.At("model.yaml"), box.At("model.yml"));
        digests.Add(box.Load().Digest);
        Assert.Equal(4, digests.Count);
    }

    [Fact]
    public void The_manifest_of_one_known_file_is_spelt_out()
    {
        using ModelBox box = new();
        box.Write("abc", "abc");
        // The published digest of "abc" (FIPS 180-2).
        Assert.Equal(
            "edgeinfer-manifest/1\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 abc\n",
            ModelDigest.Manifest([new ModelFile("abc", box.At("abc"))]));
    }

    [Fact]
    public void A_link_out_of_the_folder_is_refused()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata());
        File.CreateSymbolicLink(box.At("passwd"), "/etc/passwd");
        Assert.Equal("passwd: a link to a folder, to nowhere or out of the model's folder; put the file itself here", Assert.Single(box.Faults()));
    }

    [Fact]
    public void A_named_pipe_does_not_hold_it_up()
    {
        using ModelBox box = new(TestModels.Yolov8().UltralyticsMetadata());
        Fifo.Make(box.At("pipe"));
        Assert.Equal(64, box.Load().Digest.Length);
    }

    private static string Shell(string folder)
    {
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Script]) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        if (output.Length != 64) Assert.Skip("no shell with coreutils and findutils here");
        return output;
    }
}
