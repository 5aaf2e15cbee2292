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

/// <summary>
/// Reads a YAML document as a tree that keeps line and column. Anchors, aliases, tags, repeated keys and second documents are faults;
/// no fault quotes a value, which may be a secret.
/// </summary>
public static class YamlTree
{
    private const int DepthLimit = 32;
    private const int KeyCharactersLimit = 256;
    private const int CharactersLimit = 4 << 20;

    /// <summary>Parses one document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="file">How the place of a fault is named.</param>
    /// <param name="faults">Receives what is wrong.</param>
    /// <param name="isSecret">Whether the document is a secret, of which not even a key is shown.</param>
    /// <returns>
    /// The root; an empty mapping for an empty document; null where the text cannot be read as YAML at all.
    /// A root may come with faults (a repeated key, an alias): the rest of the document is still worth checking.
    /// </returns>
    public static YamlNode? Parse(string text, string file, FaultList faults, bool isSecret = false)
    {
        if (text.Length > CharactersLimit)
        {
            faults.Add(FaultKind.Configuration, file, $"{text.Length} characters are more than the {CharactersLimit} a file may have",
                "split it");
            return null;
        }

        Parser parser = new(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _)) return new YamlMapping(new(file, 1, 1), []);
            parser.Consume<DocumentStart>();
            YamlNode root = new TreeBuilder(parser, file, faults).Node(0, isSecret);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
                faults.Add(FaultKind.Configuration, MarkOf(parser.Current!.Start, file).ToString(), "a second document starts here",
                    "keep one document in a file");
            return root is YamlScalar { IsNull: true } ? new YamlMapping(root.Mark, []) : root;
        }
        catch (FaultException e)
        {
            faults.Add(e.Fault);
        }
        catch (YamlException e)
        {
            faults.Add(Syntax(text, file, (int)e.Start.Line, (int)e.Start.Column, e.Message.TrimEnd('.')));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or EndOfStreamException)
        {
            // YamlDotNet 18.1 leaves some broken inputs by these: "[\n1", a lone "...", a mapping cut off behind a key.
            YamlDotNet.Core.Mark last = parser.Current?.End ?? new YamlDotNet.Core.Mark(0, 1, 1);
            faults.Add(Syntax(text, file, (int)last.Line, (int)last.Column, ""));
        }

        return null;
    }

    private static Fault Syntax(string text, string file, int line, int column, string reason)
    {
        (line, column, string what, string cure) = new YamlSyntax(text).Explain(line, column, reason);
        return new(FaultKind.Configuration, new Mark(file, line, column).ToString(), $"this is not YAML: {what}", cure);
    }

    private static Mark MarkOf(YamlDotNet.Core.Mark mark, string file) => new(file, (int)mark.Line, (int)mark.Column);

    private sealed class TreeBuilder(Parser parser, string file, FaultList faults)
    {
        /// <summary>
        /// Reads the node that the parser stands at. Keys inside a secret are not named: a secret in braces looks like one.
        /// </summary>
        /// <exception cref="FaultException">Nested too deeply to go on.</exception>
        public YamlNode Node(int depth, bool isSecret)
        {
            ParsingEvent at = parser.Current!;
            if (depth > DepthLimit)
                throw FaultException.Of(FaultKind.Configuration, MarkOf(at.Start, file).ToString(),
                    $"more than {DepthLimit} levels of nesting", "flatten it");
            if (at is NodeEvent { Anchor.IsEmpty: false }) Refuse(at, "anchors are not supported", "write the value out");
            if (at is NodeEvent { Tag.IsEmpty: false })
                Refuse(at, "tags are not supported", "remove the tag, or quote a text that begins with '!'");

            if (parser.TryConsume<Scalar>(out Scalar? scalar))
                return new YamlScalar(MarkOf(scalar.Start, file), scalar.Value, scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any));

            if (parser.TryConsume<SequenceStart>(out SequenceStart? sequence))
            {
                List<YamlNode> items = [];
                while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(Node(depth + 1, isSecret));
                return new YamlSequence(MarkOf(sequence.Start, file), items);
            }

            if (parser.TryConsume<MappingStart>(out MappingStart? mapping))
                return new YamlMapping(MarkOf(mapping.Start, file), Entries(depth, isSecret));

            Refuse(at, "aliases are not supported", "write the value out, or quote a text that begins with '*'");
            parser.MoveNext();
            return new YamlScalar(MarkOf(at.Start, file), "", isQuoted: false);
        }

        private List<KeyValuePair<YamlScalar, YamlNode>> Entries(int depth, bool isSecret)
        {
            List<KeyValuePair<YamlScalar, YamlNode>> entries = [];
            HashSet<string> seen = [];
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                ParsingEvent at = parser.Current!;
                if (Node(depth + 1, isSecret) is not YamlScalar key)
                {
                    Refuse(at, "a key must be a single value", "write it as text");
                    Node(depth + 1, isSecret);
                    continue;
                }

                YamlNode value = Node(depth + 1, isSecret || SecretReader.IsSecretKey(key.Value));
                if (key.Value.Length > KeyCharactersLimit || key.Value.Any(char.IsControl))
                {
                    Refuse(at, $"a key is longer than {KeyCharactersLimit} characters or holds control characters", "shorten it");
                    continue;
                }

                string name = isSecret ? "a key" : $"the key {Quoted.Text(key.Value)}";
                if (seen.Add(key.Value)) entries.Add(new(key, value));
                else Refuse(at, $"{name} stands here a second time", "keep one of them");
            }

            return entries;
        }

        private void Refuse(ParsingEvent at, string what, string cure)
            => faults.Add(FaultKind.Configuration, MarkOf(at.Start, file).ToString(), what, cure);
    }
}
