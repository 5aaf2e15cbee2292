namespace EdgeInfer.Configuration;

/// <summary>Finds the bracket or brace of a broken YAML text that has no partner; quotes and comments are passed over.</summary>
internal sealed class YamlBrackets(string text)
{
    private readonly Stack<(char Opener, int Line, int Column)> _open = new();
    private int _line = 1;
    private int _column = 1;
    private char _quote;

    // What stood before, spaces aside: tells a bracket from one within a plain text.
    private char _before = '\n';

    /// <summary>The first that is not closed, or that closes nothing; null where all have partners.</summary>
    public (int Line, int Column, string What, string Cure)? FirstUnmatched()
    {
        for (int i = 0; i < text.Length; i++, _column++)
        {
            char c = text[i];
            if (c == '\n')
            {
                (_line, _column) = (_line + 1, 0);
                if (_quote == 0 && _open.Count == 0) _before = '\n';
                continue;
            }

            if (_quote != 0)
            {
                if (c == '\\' && _quote == '"') (i, _column) = (i + 1, _column + 1);
                else if (c == _quote) _quote = '\0';
                continue;
            }

            if (c == '#' && (i == 0 || char.IsWhiteSpace(text[i - 1])))
            {
                i = text.IndexOf('\n', i) is var end and >= 0 ? end - 1 : text.Length;
                continue;
            }

            if (Take(c) is { } fault) return fault;
            if (!char.IsWhiteSpace(c)) _before = c;
        }

        return _open.Count == 0 ? null : NotClosed(_open.Peek());
    }

    private (int, int, string, string)? Take(char c)
    {
        bool isStart = _before is '\n' or ':' or '-' or ',' or '[' or '{';
        if (c is '"' or '\'' && isStart) _quote = c;
        else if (c is '[' or '{' && (isStart || _open.Count > 0)) _open.Push((c, _line, _column));
        else if (c is ']' or '}' && _open.Count > 0)
        {
            (char Opener, int Line, int Column) last = _open.Pop();
            if (last.Opener != (c == ']' ? '[' : '{')) return NotClosed(last);
        }
        else if (c is ']' or '}' && _before is ']' or '}') return (_line, _column, $"a '{c}' that closes nothing", "remove it, or open it before");

        return null;
    }

    private static (int, int, string, string) NotClosed((char Opener, int Line, int Column) opener)
        => (opener.Line, opener.Column, $"a '{opener.Opener}' that is opened here is not closed", $"close it with '{(opener.Opener == '[' ? ']' : '}')}'");
}
