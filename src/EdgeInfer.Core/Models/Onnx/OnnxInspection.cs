using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using EdgeInfer.Diagnostics;

namespace EdgeInfer.Models.Onnx;

/// <summary>One inspection of one file: where it stands, what it has counted, and how it says no.</summary>
/// <param name="reader">The file.</param>
/// <param name="where">The file, for faults.</param>
/// <param name="files">Files of the release by name, with their signed sizes in bytes.</param>
/// <param name="demands">What the device demands.</param>
internal sealed class OnnxInspection(ProtobufReader reader, string where, IReadOnlyDictionary<string, long> files, OnnxDemands demands)
{
    /// <summary>The cure of most faults.</summary>
    public const string ExportAgain = "export the model again and release it anew";

    private readonly Stack<OnnxNodePlace> _open = new();
    private readonly OrderedDictionary<string, long> _externalFiles = new(StringComparer.Ordinal);
    private long _externalAvailable;
    private long _externalBytes;
    private long _nodes;

    /// <summary>The file.</summary>
    public ProtobufReader Reader => reader;

    /// <summary>What the device demands.</summary>
    public OnnxDemands Demands => demands;

    /// <summary>Tensors so far.</summary>
    public long Tensors { get; private set; }

    /// <summary>Files beside the graph that hold weights, in the order found.</summary>
    public IReadOnlyList<string> ExternalFiles => [.. _externalFiles.Keys];

    /// <summary>Goes into a node: faults name it until <see cref="Leave"/>.</summary>
    public void Enter(OnnxNodePlace node)
    {
        if (++_nodes > demands.Nodes) throw Refused($"more than {demands.Nodes} nodes", "split the model, or export it without unrolled loops");
        _open.Push(node);
    }

    /// <summary>Leaves the node.</summary>
    public void Leave() => _open.Pop();

    /// <summary>Counts a tensor.</summary>
    public void CountTensor()
    {
        if (++Tensors > demands.Tensors) throw Refused($"more than {demands.Tensors} constant tensors", ExportAgain);
    }

    /// <summary>Takes note that a tensor's bytes are in another file, which the release must have and which must hold them.</summary>
    public void UseExternal(string location, long offset, long bytes)
    {
        const string Cure = "save the model with its weights inside, or pack the file that its tensors name";
        if (location == ModelFolder.OnnxName || !files.TryGetValue(location, out long size))
            throw Refused($"weights are in {Quoted(location)}, which is no file of weights of this release", Cure);
        if (offset > size || bytes > size - offset)
            throw Refused($"weights end at byte {(UInt128)(ulong)offset + (ulong)bytes} of {Quoted(location)}, which has {size}", "pack the file that belongs to this graph");
        if (_externalFiles.TryAdd(location, size)) _externalAvailable += size;
        _externalBytes += bytes;
        if (_externalBytes / OnnxLimits.ExternalUses > _externalAvailable)
            throw Refused($"tensors claim more than {OnnxLimits.ExternalUses} times the {_externalAvailable} bytes of the files they are in", ExportAgain);
    }

    /// <summary>A text of at most <paramref name="limit"/> bytes that has to be UTF-8.</summary>
    public string Text(long end, int limit)
    {
        string text = reader.Text(end, limit);
        return text.Contains('\uFFFD', StringComparison.Ordinal) ? throw Refused("a name is not UTF-8", ExportAgain) : text;
    }

    /// <summary>Passes over a text or over bytes, at most <paramref name="limit"/>.</summary>
    public void Pass(long end, int limit)
    {
        long last = reader.ReadLength(end);
        if (last - reader.Position > limit) throw Refused($"a text of {last - reader.Position} bytes, at most {limit} are taken", ExportAgain);
        reader.MoveTo(last);
    }

    /// <summary>A place in the file where a name stands, for <see cref="Name"/> and <see cref="Key"/>.</summary>
    public OnnxNamePlace NamePlace(long end)
    {
        long last = reader.ReadLength(end);
        OnnxNamePlace place = new(reader.Position, (int)Math.Min(last - reader.Position, int.MaxValue));
        if (place.Bytes > OnnxLimits.NameBytes) throw Refused($"a name of {place.Bytes} bytes, at most {OnnxLimits.NameBytes} are taken", ExportAgain);
        reader.MoveTo(last);
        return place;
    }

    /// <summary>Half of the name's SHA-256: hundreds of thousands of names are then compared in a few megabytes, and nobody can make two alike.</summary>
    public UInt128 Key(OnnxNamePlace name)
    {
        Span<byte> bytes = stackalloc byte[OnnxLimits.NameBytes];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Peek(name, bytes), hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    /// <summary>The name itself, for a fault.</summary>
    public string Name(OnnxNamePlace name)
    {
        Span<byte> bytes = stackalloc byte[OnnxLimits.NameBytes];
        return Encoding.UTF8.GetString(Peek(name, bytes));
    }

    /// <summary>The release is refused at this place of the file.</summary>
    public UpdateException Refused(string what, string cure) => Refused(reader.Position, _open, what, cure);

    /// <summary>The release is refused at a node that was read before.</summary>
    public UpdateException Refused(OnnxNodePlace node, string what, string cure) => Refused(node.At, [node], what, cure);

    /// <summary>A name for a message: one line, not too long.</summary>
    public static string Quoted(string name) => $"'{OneLine.Short(name)}'";

    private UpdateException Refused(long at, IEnumerable<OnnxNodePlace> nodes, string what, string cure)
    {
        string place = string.Concat(nodes.Select(n => $", node {Quoted(n.Name.Bytes > 0 ? Name(n.Name) : n.OpType)}{(n.OpType.Length > 0 ? $" ({OneLine.Of(n.OpType)})" : "")}"));
        return UpdateException.Of(UpdateCode.Inspect, where, $"byte {at}{place}: {what}", cure);
    }

    private Span<byte> Peek(OnnxNamePlace name, Span<byte> into)
    {
        long position = reader.Position;
        reader.MoveTo(name.At);
        reader.Read(into[..name.Bytes]);
        reader.MoveTo(position);
        return into[..name.Bytes];
    }
}

/// <summary>Where a name stands in the file; of none where <paramref name="Bytes"/> is 0.</summary>
internal readonly record struct OnnxNamePlace(long At, int Bytes);

/// <summary>A node as far as it has been read.</summary>
/// <param name="at">Its first byte.</param>
internal sealed class OnnxNodePlace(long at)
{
    /// <summary>Its first byte.</summary>
    public long At { get; } = at;

    /// <summary>Its name.</summary>
    public OnnxNamePlace Name { get; set; }

    /// <summary>Its operator; empty until that is read.</summary>
    public string OpType { get; set; } = "";
}
