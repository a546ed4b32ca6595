namespace RobustTickets.Attacks;

/// <summary>Operations on rows of scores, one number per class.</summary>
internal static class ScoreRows
{
    /// <summary>
    /// The class with the highest score; ties to the first; NaN counts as lower than every number.
    /// </summary>
    /// <param name="row">Scores [C].</param>
    /// <exception cref="InvalidOperationException">The row is empty.</exception>
    public static int ArgMax<T>(this T[] row)
        where T : struct, IComparable<T> => ((ReadOnlySpan<T>)row).ArgMax();

    /// <inheritdoc cref="ArgMax{T}(T[])"/>
    public static int ArgMax<T>(this ReadOnlySpan<T> row)
        where T : struct, IComparable<T>
    {
        if (row.IsEmpty)
            throw new InvalidOperationException("no scores");
        var best = 0;
        for (var c = 1; c < row.Length; c++)
            if (row[c].CompareTo(row[best]) > 0)
                best = c;
        return best;
    }
}
