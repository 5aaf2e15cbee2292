using EdgeInfer.SystemTests.Reliability;
using EdgeInfer.SystemTests.Systemd;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(EdgeInfer.SystemTests.Rig.LongestFirst))]

namespace EdgeInfer.SystemTests.Rig;

/// <summary>Tests that run one after the other for a minute and more begin first: the last ones of a run would have nothing beside them.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] s_long = [nameof(SupervisionTests), StorageTests.Name, nameof(PackageTests), nameof(ServiceTests)];

    IReadOnlyCollection<T> ITestCollectionOrderer.OrderTestCollections<T>(IReadOnlyCollection<T> testCollections)
        => [.. testCollections.OrderBy(static c => Place(((ITestCollection)c).TestCollectionDisplayName)).ThenBy(static c => ((ITestCollection)c).TestCollectionDisplayName, StringComparer.Ordinal)];

    // A class that names no collection is one of its own, called after it.
    private static int Place(string collection)
    {
        int place = Array.FindIndex(s_long, name => collection == name || collection.Contains($".{name} ", StringComparison.Ordinal));
        return place < 0 ? s_long.Length : place;
    }
}
