namespace EdgeInfer.Gate;

/// <summary>
/// One-to-one matching of two sets. Not greedy by overlap: where two expected boxes both fit one that was found, greedy may give it to the
/// one that has another choice, and refuse a sound model. Where a matching reaches all of the wanted on one side, and another all of the
/// wanted on the other side, there is one that does both (Mendelsohn and Dulmage), so that each side can be asked alone.
/// </summary>
internal static class BoxMatching
{
    /// <summary>Finds a partner for each that must have one.</summary>
    /// <param name="lefts">How many there are on the side that is asked.</param>
    /// <param name="rights">How many on the other.</param>
    /// <param name="isWanted">Whether one of the left must have a partner.</param>
    /// <param name="isPair">Whether a left and a right fit.</param>
    /// <returns>The first that cannot have one beside those before it; −1 where all can.</returns>
    public static int FirstWithout(int lefts, int rights, Func<int, bool> isWanted, Func<int, int, bool> isPair)
    {
        int[] partnerOf = new int[rights];
        Array.Fill(partnerOf, -1);
        for (int left = 0; left < lefts; left++)
            if (isWanted(left) && !TryPlace(left, new bool[rights], partnerOf, isPair)) return left;
        return -1;
    }

    // An augmenting path: whoever has the place moves on, where it can.
    private static bool TryPlace(int left, bool[] isVisited, int[] partnerOf, Func<int, int, bool> isPair)
    {
        for (int right = 0; right < partnerOf.Length; right++)
        {
            if (isVisited[right] || !isPair(left, right)) continue;
            isVisited[right] = true;
            if (partnerOf[right] >= 0 && !TryPlace(partnerOf[right], isVisited, partnerOf, isPair)) continue;
            partnerOf[right] = left;
            return true;
        }

        return false;
    }
}
