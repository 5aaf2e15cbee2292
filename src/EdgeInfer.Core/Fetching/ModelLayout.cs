using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Fetching;

/// <summary>Makes a model's folder of files that lie in someone else's order: the graph becomes <c>model.onnx</c> at the top.</summary>
internal static class ModelLayout
{
    private const string Graph = ".onnx";

    /// <summary>Finds the graph, and the files that belong to it.</summary>
    /// <param name="where">The reference.</param>
    /// <param name="files">All there are, with the names that they have there.</param>
    /// <param name="wanted">The graph's name where the reference gives it; null for the only one.</param>
    /// <returns>The graph first; other graphs and what lies outside its folder are left out.</returns>
    /// <exception cref="FaultException">There is no graph, or more than one and none is called model.onnx.</exception>
    public static IReadOnlyList<RemoteFile> Arrange(string where, IReadOnlyList<RemoteFile> files, string? wanted)
    {
        RemoteFile graph = Find(where, [.. files.Where(static f => IsGraph(f.Name))], wanted, files.Count);
        string folder = graph.Name[..(graph.Name.LastIndexOf('/') + 1)];
        string[] others = [.. files.Where(f => IsGraph(f.Name) && f != graph).Select(static f => f.Name)];
        List<RemoteFile> arranged = [graph with { Name = ModelFolder.OnnxName }];
        foreach (RemoteFile file in files)
        {
            if (file == graph || !file.Name.StartsWith(folder, StringComparison.Ordinal)) continue;
            // Another graph's weights begin with its name.
            if (others.Any(other => file.Name.StartsWith(other, StringComparison.Ordinal))) continue;
            arranged.Add(file with { Name = file.Name[folder.Length..] });
        }

        return arranged;
    }

    private static RemoteFile Find(string where, RemoteFile[] graphs, string? wanted, int count)
    {
        if (wanted is not null)
        {
            return graphs.FirstOrDefault(g => g.Name == wanted)
                ?? throw FaultException.Of(FaultKind.NoInput, where, $"there is no file '{wanted}'{There(graphs)}", "check the path and the revision");
        }

        if (graphs.Length == 1) return graphs[0];
        if (graphs.Where(static g => g.Name.Split('/')[^1] == ModelFolder.OnnxName).MinBy(static g => g.Name.Count(c => c == '/')) is { } named) return named;
        throw graphs.Length == 0
            ? FaultException.Of(FaultKind.NoInput, where, $"none of the {count} files there is an ONNX graph", "give the folder that holds model.onnx; other formats have to be exported to ONNX first")
            : FaultException.Of(FaultKind.Data, where, $"there are several graphs and none is called {ModelFolder.OnnxName}{There(graphs)}", "give the path of one of them");
    }

    private static string There(RemoteFile[] graphs)
        => graphs.Length == 0 ? "" : $": {string.Join(", ", graphs.Take(8).Select(static g => g.Name))}{(graphs.Length > 8 ? ", …" : "")}";

    private static bool IsGraph(string name) => name.EndsWith(Graph, StringComparison.OrdinalIgnoreCase);
}
