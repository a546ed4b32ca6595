namespace RobustTickets.Attacks;

/// <summary>Rows of scores, one number a class.</summary>
internal static class ScoreRows
{
    /// <summary>
    /// The class with the highest score: of equal ones the first; NaN counts as lower than every
    /// number.
    /// </summary>
    /// <param name="row">Scores [C].</param>
    /// <exception cref="InvalidOperationException">There is no class.</exception>
    public static int ArgMax<T>(this T[] row)
        where T : struct, IComparable<T> => Array.IndexOf(row, row.Max());
}
