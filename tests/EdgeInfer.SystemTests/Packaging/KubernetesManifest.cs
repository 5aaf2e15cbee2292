using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.SystemTests.Rig;

namespace EdgeInfer.SystemTests.Packaging;

/// <summary>packaging/kubernetes/edgeinfer.yaml: the objects of a file, and of them the pod of the DaemonSet.</summary>
internal sealed class KubernetesManifest
{
    private readonly YamlNode[] _objects;

    private KubernetesManifest(YamlNode[] objects) => _objects = objects;

    /// <summary>The folder of the manifests.</summary>
    public static string Folder { get; } = Path.Combine(PublishedBinary.Root, "packaging", "kubernetes");

    /// <summary>Reads the file.</summary>
    public static KubernetesManifest Read()
    {
        string[] documents = File.ReadAllText(Path.Combine(Folder, "edgeinfer.yaml")).Split("\n---\n");
        return new([.. documents.Select(Parse)]);
    }

    /// <summary>Reads one document; fails where it is no YAML.</summary>
    public static YamlNode Parse(string text)
    {
        FaultList faults = new();
        YamlNode? root = YamlTree.Parse(text, "manifest", faults);
        Assert.Empty(faults.Faults);
        return root!;
    }

    /// <summary>The kinds of its objects, in order.</summary>
    public IEnumerable<string> Kinds => _objects.Select(static o => Text(o, "kind"));

    /// <summary>The only object of a kind.</summary>
    public YamlNode Object(string kind) => _objects.Single(o => Text(o, "kind") == kind);

    /// <summary>The pod's specification.</summary>
    public YamlNode Pod => At(Object("DaemonSet"), "spec/template/spec");

    /// <summary>The container of the agent.</summary>
    public YamlNode Container => Assert.Single(Items(Pod, "containers"));

    /// <summary>What the ConfigMap gives the agent to read.</summary>
    public string Configuration => Text(Object("ConfigMap"), "data/edgeinfer.yaml");

    /// <summary>Name and value of the container's variables, of which those of the node and the pod are given.</summary>
    public Dictionary<string, string> Environment(string node, string address)
    {
        Dictionary<string, string> variables = [];
        foreach (YamlNode variable in Items(Container, "env"))
        {
            string value = Find(variable, "valueFrom/fieldRef/fieldPath") is YamlScalar { Value: { } field }
                ? field switch { "spec.nodeName" => node, "status.podIP" => address, _ => throw new InvalidOperationException(field) }
                : Text(variable, "value");
            foreach ((string name, string known) in variables) value = value.Replace($"$({name})", known, StringComparison.Ordinal);
            Assert.DoesNotContain("$(", value, StringComparison.Ordinal);
            variables.Add(Text(variable, "name"), value);
        }

        return variables;
    }

    /// <summary>Where each volume is mounted, and the volume.</summary>
    public (string Path, bool IsReadOnly, YamlNode Volume)[] Mounts =>
    [
        .. Items(Container, "volumeMounts").Select(m => (Text(m, "mountPath"), Find(m, "readOnly") is YamlScalar { Value: "true" },
            Items(Pod, "volumes").Single(v => Text(v, "name") == Text(m, "name")))),
    ];

    /// <summary>A value by the names of its mappings, with / between.</summary>
    public static YamlNode? Find(YamlNode from, string path)
    {
        YamlNode? node = from;
        foreach (string name in path.Split('/')) node = (node as YamlMapping)?.Find(name);
        return node;
    }

    /// <summary>A value that has to be there.</summary>
    public static YamlNode At(YamlNode from, string path) => Find(from, path) ?? throw new InvalidOperationException($"{from.Mark}: {path} is missing");

    /// <summary>A scalar that has to be there.</summary>
    public static string Text(YamlNode from, string path) => ((YamlScalar)At(from, path)).Value;

    /// <summary>A list that has to be there.</summary>
    public static IReadOnlyList<YamlNode> Items(YamlNode from, string path) => ((YamlSequence)At(from, path)).Items;
}
