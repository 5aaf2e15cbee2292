using System.Text;

namespace EdgeInfer.Trust.Documents;

/// <summary>Patterns of target paths: <c>*</c> is any characters within a segment, <c>?</c> one, everything else stands for itself.</summary>
/// <remarks>Sets in brackets are not taken: the specification names these two, and its clients differ over the rest. A pattern that is read too
/// narrowly hides a target; one that is read too widely gives a role what nobody meant it to have.</remarks>
internal static class PathPattern
{
    /// <summary>Whether the whole path fits, case and all. Costs at most the product of the lengths.</summary>
    public static bool Matches(string pattern, string path)
    {
        int[] p = [.. pattern.EnumerateRunes().Select(r => r.Value)];
        int[] t = [.. path.EnumerateRunes().Select(r => r.Value)];
        int at = 0, text = 0, star = -1, tried = 0;
        while (text < t.Length)
        {
            if (at < p.Length && p[at] == '*')
            {
                (star, tried) = (at++, text);
            }
            else if (at < p.Length && (p[at] == t[text] || (p[at] == '?' && t[text] != '/')))
            {
                at++;
                text++;
            }
            else if (star >= 0 && t[tried] != '/')
            {
                // The last star takes one more; an earlier one never has to, since this one could take what it would have.
                (at, text) = (star + 1, ++tried);
            }
            else
            {
                return false;
            }
        }

        while (at < p.Length && p[at] == '*') at++;
        return at == p.Length;
    }
}
