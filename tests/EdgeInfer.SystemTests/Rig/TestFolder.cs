namespace EdgeInfer.SystemTests.Rig;

/// <summary>A temporary folder with the files of one test.</summary>
internal sealed class TestFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeinfer-test-");

    /// <summary>Its path.</summary>
    public string Path => _folder.FullName;

    /// <summary>The path of a file in it.</summary>
    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    /// <summary>Writes a text file.</summary>
    public string Write(string relative, string text) => Write(relative, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a file.</summary>
    public string Write(string relative, byte[] bytes)
    {
        string path = this[relative];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Copies a file into it.</summary>
    public string Copy(string from, string relative)
    {
        string path = this[relative];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.Copy(from, path);
        return path;
    }

    /// <summary>A configuration with one pipeline, named belt, on the bundled model.</summary>
    /// <param name="broker">mqtt.url.</param>
    /// <param name="source">The source mapping.</param>
    /// <param name="pipeline">More keys of the pipeline, each on a line indented by four.</param>
    /// <param name="mqtt">More keys of mqtt, each on a line indented by two.</param>
    public string Configuration(string broker, string source, string pipeline = "", string mqtt = "") => Write("edgeinfer.yaml", $$"""
        device: { id: press-3 }
        mqtt:
          url: {{broker}}
        {{mqtt}}
        runtime: { state_folder: {{Path}}/state, cache_folder: {{Path}}/cache, control: {{Path}}/control.sock }
        models:
          parts: { path: {{BundledModel}} }
        pipelines:
          belt:
            source: {{source}}
            model: parts
        {{pipeline}}
        """);

    /// <summary>The folder of the model that ships with the binary.</summary>
    public static string BundledModel => PublishedBinary.Require(
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(PublishedBinary.Path)!, "models", "parts-detector"), "run ./publish.sh again");

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(true);
}
