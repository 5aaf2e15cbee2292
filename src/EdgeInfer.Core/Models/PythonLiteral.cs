using System.Globalization;
using System.Text;

namespace EdgeInfer.Models;

/// <summary>A value of Python's literal syntax.</summary>
internal abstract record PythonValue;

/// <summary>A text.</summary>
internal sealed record PythonText(string Value) : PythonValue;

/// <summary>A number.</summary>
internal sealed record PythonNumber(double Value) : PythonValue;

/// <summary><c>None</c>, <c>True</c>, <c>False</c>, or JSON's words for them.</summary>
internal sealed record PythonWord(string Value) : PythonValue;

/// <summary>A list or tuple.</summary>
internal sealed record PythonList(IReadOnlyList<PythonValue> Items) : PythonValue;

/// <summary>A dictionary, in the order written.</summary>
internal sealed record PythonMapping(IReadOnlyList<KeyValuePair<PythonValue, PythonValue>> Entries) : PythonValue;

/// <summary>
/// Reads the literal syntax of Python (texts, numbers, lists, tuples, dictionaries; JSON is nearly a part of it) as exporters put
/// it into metadata. Nothing is evaluated: names, calls, operators, formatted texts and sets are refused.
/// </summary>
internal sealed class PythonLiteral
{
    private const int DepthLimit = 16;
    private const int ItemLimit = 200_000;

    private readonly string _text;
    private int _at;
    private int _items;

    private PythonLiteral(string text) => _text = text;

    /// <summary>Reads one literal.</summary>
    /// <param name="text">The literal, nothing else but white space around it.</param>
    /// <param name="error">Where and why it is none.</param>
    /// <returns>The value, or null where it is no literal.</returns>
    public static PythonValue? Parse(string text, out string error)
    {
        PythonLiteral parser = new(text);
        try
        {
            PythonValue value = parser.Value(0);
            parser.SkipSpace();
            if (parser._at < text.Length) throw parser.Wrong("something follows the value");
            error = "";
            return value;
        }
        catch (FormatException e)
        {
            error = e.Message;
            return null;
        }
    }

    private PythonValue Value(int depth)
    {
        if (depth > DepthLimit) throw Wrong($"more than {DepthLimit} levels");
        if (++_items > ItemLimit) throw Wrong($"more than {ItemLimit} values");
        SkipSpace();
        switch (Peek())
        {
            case '{': return Mapping(depth);
            case '[': return new PythonList(Items(']', depth, out _));
            case '(': return Tuple(depth);
            case '\'' or '"': return new PythonText(Text(isRaw: false));
            case 'u' or 'U' when Next() is '\'' or '"': _at++; return new PythonText(Text(isRaw: false));
            case 'r' or 'R' when Next() is '\'' or '"': _at++; return new PythonText(Text(isRaw: true));
            case '+' or '-' or '.' or (>= '0' and <= '9'): return Number();
            default: return Word();
        }
    }

    private PythonMapping Mapping(int depth)
    {
        List<KeyValuePair<PythonValue, PythonValue>> entries = [];
        _at++;
        while (true)
        {
            SkipSpace();
            if (TryTake('}')) return new PythonMapping(entries);
            PythonValue key = Value(depth + 1);
            SkipSpace();
            if (!TryTake(':')) throw Wrong("':' expected after a key");
            entries.Add(new(key, Value(depth + 1)));
            SkipSpace();
            if (TryTake(',')) continue;
            if (Peek() != '}') throw Wrong("',' or '}' expected");
        }
    }

    // Brackets around a single value are no tuple.
    private PythonValue Tuple(int depth)
    {
        List<PythonValue> items = Items(')', depth, out bool hasComma);
        return items.Count == 1 && !hasComma ? items[0] : new PythonList(items);
    }

    private List<PythonValue> Items(char close, int depth, out bool hasComma)
    {
        List<PythonValue> items = [];
        hasComma = false;
        _at++;
        while (true)
        {
            SkipSpace();
            if (TryTake(close)) return items;
            items.Add(Value(depth + 1));
            SkipSpace();
            if (TryTake(',')) hasComma = true;
            else if (Peek() != close) throw Wrong($"',' or '{close}' expected");
        }
    }

    private PythonNumber Number()
    {
        int start = _at;
        while (Peek() is '+' or '-' or '.' or 'e' or 'E' or (>= '0' and <= '9')) _at++;
        if (double.TryParse(_text.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value))
            return new(value);
        _at = start;
        throw Wrong("no number");
    }

    private PythonWord Word()
    {
        int start = _at;
        while (char.IsAsciiLetter(Peek())) _at++;
        string word = _text[start.._at];
        if (word is "None" or "True" or "False" or "null" or "true" or "false") return new(word);
        _at = start;
        throw Wrong(start >= _text.Length ? "it ends too early" : "no literal value");
    }

    private string Text(bool isRaw)
    {
        char quote = _text[_at++];
        bool isTriple = Peek() == quote && Next() == quote;
        if (isTriple) _at += 2;
        StringBuilder text = new();
        while (_at < _text.Length)
        {
            char c = _text[_at++];
            if (c == quote)
            {
                if (!isTriple) return text.ToString();
                if (Peek() == quote && Next() == quote)
                {
                    _at += 2;
                    return text.ToString();
                }
            }

            if (c == '\n' && !isTriple) break;
            if (c != '\\') text.Append(c);
            else if (isRaw && _at < _text.Length) text.Append(c).Append(_text[_at++]);
            else Escape(text);
        }

        throw Wrong("a text without its closing quote");
    }

    private void Escape(StringBuilder text)
    {
        char c = _at < _text.Length ? _text[_at++] : throw Wrong("a text without its closing quote");
        switch (c)
        {
            case '\n': break;
            case 'a': text.Append('\a'); break;
            case 'b': text.Append('\b'); break;
            case 'f': text.Append('\f'); break;
            case 'n': text.Append('\n'); break;
            case 'r': text.Append('\r'); break;
            case 't': text.Append('\t'); break;
            case 'v': text.Append('\v'); break;
            case '\\' or '\'' or '"' or '/': text.Append(c); break;
            case 'x': AppendCode(text, 2); break;
            case 'u': AppendCode(text, 4); break;
            case 'U': AppendCode(text, 8); break;
            case >= '0' and <= '7': _at--; AppendOctal(text); break;
            case 'N': throw Wrong("named characters are not read");
            default: text.Append('\\').Append(c); break;
        }
    }

    // JSON writes characters beyond 16 bits as two \u escapes, so a lone surrogate is kept until its other half follows.
    private void AppendCode(StringBuilder text, int digits)
    {
        if (_at + digits > _text.Length || !uint.TryParse(_text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code))
            throw Wrong($"{digits} hexadecimal digits expected");
        _at += digits;
        if (code <= 0xFFFF) text.Append((char)code);
        else if (code <= 0x10FFFF) text.Append(char.ConvertFromUtf32((int)code));
        else throw Wrong("no such character");
    }

    private void AppendOctal(StringBuilder text)
    {
        int code = 0;
        for (int i = 0; i < 3 && Peek() is >= '0' and <= '7'; i++) code = code * 8 + (_text[_at++] - '0');
        text.Append((char)code);
    }

    private char Peek() => _at < _text.Length ? _text[_at] : '\0';

    private char Next() => _at + 1 < _text.Length ? _text[_at + 1] : '\0';

    private bool TryTake(char c)
    {
        if (Peek() != c) return false;
        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while (Peek() is ' ' or '\t' or '\r' or '\n') _at++;
    }

    private FormatException Wrong(string what) => new($"character {_at + 1}: {what}");
}
