using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace EdgeInfer.Inference.Interop;

/// <summary>Which provider got how many nodes of a graph. The managed package does not offer it yet, so the native table is asked.</summary>
internal static unsafe class GraphAssignment
{
    /// <summary>The session option that makes ONNX Runtime keep this; a few kilobytes a session.</summary>
    public const string RecordKey = "session.record_ep_graph_assignment_info";

    // Entries of struct OrtApi (onnxruntime_c_api.h); a table only ever grows at its end.
    private const int ReleaseStatus = 93;
    private const int GetAssignment = 407;
    private const int GetName = 408;
    private const int GetNodes = 409;

    /// <summary>Nodes per provider, most first; empty where the library does not tell.</summary>
    public static IReadOnlyList<ProviderNodes> Read(InferenceSession session)
    {
        void** api = NativeRuntimeLibrary.Api();
        if (api is null) return [];
        void** subgraphs;
        nuint count;
        if (!IsOk(api, ((delegate* unmanaged<nint, void***, nuint*, void*>)api[GetAssignment])(HandleOf(session), &subgraphs, &count))) return [];
        Dictionary<string, int> nodes = [];
        for (nuint i = 0; i < count; i++)
        {
            byte* name;
            void** members;
            nuint memberCount;
            if (!IsOk(api, ((delegate* unmanaged<void*, byte**, void*>)api[GetName])(subgraphs[i], &name))) return [];
            if (!IsOk(api, ((delegate* unmanaged<void*, void***, nuint*, void*>)api[GetNodes])(subgraphs[i], &members, &memberCount))) return [];
            string provider = ExecutionProviders.NameOf(Marshal.PtrToStringUTF8((nint)name) ?? "?");
            nodes[provider] = nodes.GetValueOrDefault(provider) + (int)memberCount;
        }

        return [.. nodes.Select(static n => new ProviderNodes(n.Key, n.Value)).OrderByDescending(static n => n.Nodes)];
    }

    private static bool IsOk(void** api, void* status)
    {
        if (status is null) return true;
        ((delegate* unmanaged<void*, void>)api[ReleaseStatus])(status);
        return false;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Handle")]
    private static extern nint HandleOf(InferenceSession session);
}
