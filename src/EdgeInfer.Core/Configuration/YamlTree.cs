using System.Globalization;
using EdgeInfer.Diagnostics;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace EdgeInfer.Configuration;

/// <summary>Where a node stands: file, line and column, both from 1.</summary>
public readonly record struct Mark(string File, int Line, int Column)
{
    /// <summary><c>file:line:column</c>; the file alone where there is no line.</summary>
    public override string ToString()
        => Line == 0 ? File : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}");
}

/// <summary>A node of a YAML document, with its place.</summary>
public abstract class YamlNode(Mark mark)
{
    /// <summary>Where the node begins.</summary>
    public Mark Mark { get; } = mark;

    /// <summary>What the node is, in words.</summary>
    public abstract string Kind { get; }
}

/// <summary>A scalar, always text: it is read by the type its reader expects.</summary>
public sealed class YamlScalar(Mark mark, string value, bool isQuoted) : YamlNode(mark)
{
    /// <summary>The text as written, without quotes.</summary>
    public string Value { get; } = value;

    /// <summary>Whether the text stood in quotes.</summary>
    public bool IsQuoted { get; } = isQuoted;

    /// <summary>Whether nothing, <c>~</c> or <c>null</c> was written.</summary>
    public bool IsNull => !IsQuoted && Value is "" or "~" or "null";

    /// <inheritdoc/>
    public override string Kind => IsNull ? "nothing" : "a single value";
}

/// <summary>A sequence.</summary>
public sealed class YamlSequence(Mark mark, IReadOnlyList<YamlNode> items) : YamlNode(mark)
{
    /// <summary>The items in order.</summary>
    public IReadOnlyList<YamlNode> Items { get; } = items;

    /// <inheritdoc/>
    public override string Kind => "a list";
}

/// <summary>A mapping; keys keep their order.</summary>
public sealed class YamlMapping(Mark mark, IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> entries) : YamlNode(mark)
{
    /// <summary>Key and value, in the order written; no key twice.</summary>
    public IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> Entries { get; } = entries;

    /// <inheritdoc/>
    public override string Kind => "a mapping";

    /// <summary>The value under a key, or null.</summary>
    public YamlNode? Find(string key)
    {
        foreach ((YamlScalar k, YamlNode value) in Entries)
            if (k.Value == key) return value;
        return null;
    }
}

/// <summary>Reads a YAML document as a tree that keeps line and column. Aliases, tags and several documents are refused.</summary>
public static class YamlTree
{
    private const int DepthLimit = 32;
    private const int CharactersLimit = 4 << 20;

    /// <summary>Parses one document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="file">How the place of a fault is named.</param>
    /// <param name="faults">Receives what is wrong.</param>
    /// <returns>The root; an empty mapping for an empty document; null where a fault was added.</returns>
    public static YamlNode? Parse(string text, string file, FaultList faults)
    {
        if (text.Length > CharactersLimit)
        {
            faults.Add(FaultKind.Configuration, file, $"{text.Length} characters are more than the {CharactersLimit} a file may have", "split it");
            return null;
        }

        try
        {
            Parser parser = new(new StringReader(text));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _)) return new YamlMapping(new(file, 1, 1), []);
            parser.Consume<DocumentStart>();
            YamlNode root = Node(parser, file, 0);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _)) throw Refused(parser.Current!, file, "a second document starts here", "keep one document in a file");
            return root is YamlScalar { IsNull: true } ? new YamlMapping(root.Mark, []) : root;
        }
        catch (FaultException e)
        {
            faults.Add(e.Fault);
        }
        catch (YamlException e)
        {
            string reason = e.Message;
            faults.Add(FaultKind.Configuration, MarkOf(e.Start, file).ToString(), $"this is not YAML: {reason}", "mind the indentation and quote special characters");
        }

        return null;
    }

    private static YamlNode Node(Parser parser, string file, int depth)
    {
        if (depth > DepthLimit) throw Refused(parser.Current!, file, $"more than {DepthLimit} levels of nesting", "flatten it");
        if (parser.Current is NodeEvent { Anchor.IsEmpty: false }) throw Refused(parser.Current, file, "anchors are not supported", "write the value out");

        if (parser.TryConsume<Scalar>(out Scalar? scalar))
            return new YamlScalar(MarkOf(scalar.Start, file), scalar.Value, scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any));

        if (parser.TryConsume<SequenceStart>(out SequenceStart? sequence))
        {
            List<YamlNode> items = [];
            while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Node(parser, file, depth + 1));
            return new YamlSequence(MarkOf(sequence.Start, file), items);
        }

        if (parser.TryConsume<MappingStart>(out MappingStart? mapping))
        {
            List<KeyValuePair<YamlScalar, YamlNode>> entries = [];
            HashSet<string> seen = [];
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                if (!parser.TryConsume<Scalar>(out Scalar? key)) throw Refused(parser.Current!, file, "a key must be a single value", "write it as text");
                if (!seen.Add(key.Value)) throw Refused(key, file, $"the key '{key.Value}' stands here a second time", "keep one of them");
                entries.Add(new(new(MarkOf(key.Start, file), key.Value, key.Style != ScalarStyle.Plain), Node(parser, file, depth + 1)));
            }

            return new YamlMapping(MarkOf(mapping.Start, file), entries);
        }

        throw Refused(parser.Current!, file, "aliases are not supported", "write the value out");
    }

    private static Mark MarkOf(YamlDotNet.Core.Mark mark, string file) => new(file, (int)mark.Line, (int)mark.Column);

    private static FaultException Refused(ParsingEvent at, string file, string what, string cure)
        => FaultException.Of(FaultKind.Configuration, MarkOf(at.Start, file).ToString(), what, cure);
}
