using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Tests.Models;

/// <summary>Adding models to the store, and finding them by name.</summary>
public sealed class ModelStoreTests : IDisposable
{
    private readonly ModelBox _box = new(TestModels.Yolov8().UltralyticsMetadata(), "name: parts\nlabels: names/all.txt\n");

    public ModelStoreTests() => _box.Write("names/all.txt", "bolt\nnut\n");

    private string Store => Path.Combine(_box.Outside, "store");

    public void Dispose() => _box.Dispose();

    [Fact]
    public void A_folder_is_copied_whole_under_its_name()
    {
        InstalledModel installed = new ModelStore(Store).Add(_box.Folder, null);
        Assert.Equal(("parts", Path.Combine(Store, "parts")), (installed.Name, installed.Path));
        Assert.Equal(_box.Load().Digest, ModelLoader.Load(installed.Path).Digest);
        Assert.Equal(["parts"], Directory.GetFileSystemEntries(Store).Select(Path.GetFileName));
    }

    [Fact]
    public void A_bare_file_becomes_a_folder()
    {
        _box.Write("net.onnx", TestModels.Yolox().External("w", "net.data", 0, 4, 1).ToArray());
        _box.Write("net.data", "1234");
        InstalledModel installed = new ModelStore(Store).Add(_box.At("net.onnx"), null);
        Assert.Equal(["model.onnx", "net.data"], Directory.GetFiles(installed.Path).Select(Path.GetFileName).Order());
        Assert.Equal("net", ModelLoader.Load(installed.Path).Name);
    }

    [Fact]
    public void An_existing_model_is_replaced_and_nothing_is_left_over()
    {
        ModelStore store = new(Store);
        store.Add(_box.Folder, "a");
        _box.Write("model.yaml", "threshold: 0.9\n");
        Directory.Delete(_box.At("names"), recursive: true);
        store.Add(_box.Folder, "a");
        Assert.Equal(0.9f, ModelLoader.Load(Path.Combine(Store, "a")).Threshold);
        Assert.False(Directory.Exists(Path.Combine(Store, "a", "names")));
        Assert.Equal(["a"], Directory.GetFileSystemEntries(Store).Select(Path.GetFileName));
    }

    [Fact]
    public void What_a_power_cut_left_behind_is_cleared()
    {
        Directory.CreateDirectory(Path.Combine(Store, ".a.new"));
        File.WriteAllText(Path.Combine(Store, ".a.new", "model.onnx"), "half");
        new ModelStore(Store).Add(_box.Folder, "a");
        Assert.Equal(["a"], Directory.GetFileSystemEntries(Store).Select(Path.GetFileName));
    }

    [Fact]
    public void A_copy_that_differs_from_what_was_validated_is_refused()
    {
        _box.Write("copy/model.yaml", "name: parts\nlabels: names/all.txt\n");
        ModelFile[] files = [new("model.yaml", _box.At("model.yaml"))];
        string expected = ModelDigest.Of(files);
        ModelStore.Verify(_box.At("copy"), files, expected);
        _box.Write("copy/model.yaml", "name: parts\nlabels: names/odd.txt\n");
        Assert.Throws<IOException>(() => ModelStore.Verify(_box.At("copy"), files, expected));
    }

    [Fact]
    public void A_model_that_cannot_be_served_is_not_added()
    {
        _box.Write("model.yaml", "labels: [one]\n");
        Assert.Throws<FaultException>(() => new ModelStore(Store).Add(_box.Folder, null));
        Assert.False(Directory.Exists(Store));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData(".hidden")]
    [InlineData("")]
    public void A_name_that_is_a_path_is_refused(string name)
        => Assert.Equal(FaultKind.Usage, Assert.Throws<FaultException>(() => new ModelStore(Store).Add(_box.Folder, name)).Fault.Kind);

    [Fact]
    public void A_store_that_cannot_be_made_says_so()
    {
        File.WriteAllText(Store, "a file");
        Assert.Equal(FaultKind.InputOutput, Assert.Throws<FaultException>(() => new ModelStore(Store).Add(_box.Folder, null)).Fault.Kind);
    }

    [Fact]
    public void A_model_is_found_by_name_first_folder_first()
    {
        string bundled = Path.Combine(_box.Outside, "bundled");
        new ModelStore(bundled).Add(_box.Folder, "a");
        new ModelStore(bundled).Add(_box.Folder, "b");
        new ModelStore(Store).Add(_box.Folder, "a");
        ModelLocator locator = new([Store, bundled, Path.Combine(_box.Outside, "absent")]);
        Assert.Equal(Path.Combine(Store, "a"), locator.Find("a"));
        Assert.Equal(Path.Combine(bundled, "b"), locator.Find("b"));
        Assert.Equal(["a", "b"], locator.List().Select(m => m.Name));
        Assert.Equal(_box.Folder, locator.Find(_box.Folder));
    }

    [Fact]
    public void An_unknown_name_is_answered_with_the_nearest_or_all()
    {
        new ModelStore(Store).Add(_box.Folder, "parts-detector");
        ModelLocator locator = new([Store]);
        Assert.Equal("did you mean 'parts-detector'?", Assert.Throws<FaultException>(() => locator.Find("part-detector")).Fault.Cure);
        Assert.Equal("installed: parts-detector; or give a path", Assert.Throws<FaultException>(() => locator.Find("zebra")).Fault.Cure);
        Assert.Equal(FaultKind.NoInput, Assert.Throws<FaultException>(() => locator.Find("./none.onnx")).Fault.Kind);
        Assert.Contains("no models are installed", Assert.Throws<FaultException>(() => new ModelLocator([]).Find("zebra")).Fault.Cure);
    }
}
