using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Camera;

/// <summary>Cameras without hardware: the preloaded library of tests/fakecamera, compiled once, and a folder per node.</summary>
internal sealed class CameraRig : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-cameras-");

    private CameraRig(string library) => Environment = new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = library,
        ["FAKECAMERA"] = _folder.FullName,
        // Recompiling in the background makes threads and memory of its own, which these tests count.
        ["DOTNET_TieredCompilation"] = "0",
    };

    /// <summary>What a program must be started with to see the cameras.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>Compiles the library; skips the test where there is no compiler.</summary>
    public static async Task<CameraRig> Build()
    {
        CameraRig rig = new("");
        string library = Path.Combine(rig._folder.FullName, "libfakecamera.so");
        string[] sources = Directory.GetFiles(Path.Combine(PublishedBinary.Root, "tests", "fakecamera"), "*.c");
        (int code, string output) = await ChildProcess.Run(
            Peer.Program("cc"), ["-O2", "-fPIC", "-fvisibility=hidden", "-shared", "-o", library, .. sources, "-ldl", "-lpthread"]);
        Assert.True(code == 0, output);
        ((Dictionary<string, string>)rig.Environment)["LD_PRELOAD"] = library;
        return rig;
    }

    /// <summary>
    /// A second, independent emulation beside the repository, where there is one: the same folder with its pictures and its
    /// control file, as /dev/video0 at 15 frames a second. Skips the test where there is none.
    /// </summary>
    public static async Task<CameraRig> BuildForeign(params byte[][] pictures)
    {
        string sources = Path.Combine(PublishedBinary.Root, "..", "shared", "rigs", "fakedev");
        if (!Directory.Exists(sources)) Assert.Skip("no emulated camera beside the repository");
        CameraRig rig = new("");
        string copy = rig._folder.CreateSubdirectory("fakedev").FullName;
        foreach (string file in Directory.GetFiles(sources)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        (int code, string output) = await ChildProcess.Run(Peer.Program("make"), "-C", copy);
        Assert.True(code == 0, output);
        rig.Plug(0);
        for (int i = 0; i < pictures.Length; i++) rig.Picture(0, $"{i:D3}.jpg", pictures[i]);
        var environment = (Dictionary<string, string>)rig.Environment;
        environment["LD_PRELOAD"] = Path.Combine(copy, "libfakedev.so");
        environment["FAKEV4L2"] = $"/dev/video0={Path.Combine(rig._folder.FullName, "video0")}@15";
        return rig;
    }

    /// <summary>Plugs a node in.</summary>
    /// <param name="number">N of /dev/videoN.</param>
    /// <param name="setup">Lines of its setup file; see tests/fakecamera/README.md.</param>
    public void Plug(int number, params string[] setup)
    {
        string node = _folder.CreateSubdirectory($"video{number}").FullName;
        File.WriteAllLines(Path.Combine(node, "setup"), setup);
    }

    /// <summary>Puts a picture into a node's folder.</summary>
    public void Picture(int number, string name, byte[] jpeg) => File.WriteAllBytes(Path.Combine(_folder.FullName, $"video{number}", name), jpeg);

    /// <summary>Makes a node fail in one way, or <c>ok</c>; the word is there whole or not at all.</summary>
    public void Control(int number, string word)
    {
        string path = Path.Combine(_folder.FullName, $"video{number}", "control");
        File.WriteAllText(path + ".new", word);
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>The controls that were set so far, in order, each with the value that the camera took.</summary>
    public string[] Applied(int number)
    {
        string path = Path.Combine(_folder.FullName, $"video{number}", "applied");
        return File.Exists(path) ? File.ReadAllLines(path) : [];
    }

    /// <summary>Points a link, as udev keeps them by id, at a node.</summary>
    /// <returns>The link.</returns>
    public string Link(string name, int number)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.CreateSymbolicLink(path + ".new", $"/dev/video{number}");
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    /// <summary>Fails where a program broke V4L2's rules.</summary>
    public void AssertRules()
    {
        foreach (string file in Directory.EnumerateFiles(_folder.FullName, "violations", SearchOption.AllDirectories)) Assert.Fail(File.ReadAllText(file));
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}
