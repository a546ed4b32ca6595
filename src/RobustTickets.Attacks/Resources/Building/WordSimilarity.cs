// Agreement of word vectors with human similarity ratings (SimLex-999, WordSim-353): Spearman's
// rank correlation of cosine and rating; ties get their mean rank.

using System.Globalization;

namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Correlation of cosines with human ratings.</summary>
/// <param name="Correlation">Spearman's coefficient.</param>
/// <param name="Pairs">Pairs whose words both have vectors.</param>
/// <param name="OfPairs">Pairs in the file.</param>
internal sealed record WordSimilarity(double Correlation, int Pairs, int OfPairs)
{
    private static readonly char[] Between = ['\t', ' ', ';'];

    /// <summary>Evaluates vectors on a file of rated pairs.</summary>
    /// <param name="vectors">The vectors.</param>
    /// <param name="path">Lines "word word .. rating ..", where the first number is the rating; a
    /// first line without a number is a header.</param>
    /// <exception cref="DataException">A line is malformed, or fewer than two pairs have
    /// vectors.</exception>
    public static WordSimilarity Of(WordVectors vectors, string path)
    {
        var (cosines, ratings, all) = (new List<double>(), new List<double>(), 0);
        foreach (var (line, text) in ResourceFile.Lines(path, "word similarities"))
        {
            var fields = text.Split(Between, StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length == 0 || text.StartsWith('#'))
                continue;
            if (Rating(fields) is not { } rating)
            {
                if (line == 1)
                    continue;
                throw new DataException(
                    $"word similarities {path}:{line}: should be 'word word rating', found no rating"
                );
            }
            all++;
            var (a, b) = (vectors.IndexOfAnyCase(fields[0]), vectors.IndexOfAnyCase(fields[1]));
            if (a < 0 || b < 0)
                continue;
            cosines.Add(vectors.Cosine(a, b));
            ratings.Add(rating);
        }
        if (cosines.Count < 2)
        {
            throw new DataException(
                $"word similarities {path}: {cosines.Count} of {all} pairs have both words among the vectors; "
                    + "at least 2 "
                    + "are needed"
            );
        }
        return new WordSimilarity(Spearman(cosines, ratings), cosines.Count, all);
    }

    /// <summary>Spearman's rank correlation; NaN when one side is constant.</summary>
    internal static double Spearman(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        var (a, b) = (Ranks(x), Ranks(y));
        var mean = (x.Count + 1) / 2.0;
        var (ab, aa, bb) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            ab += (a[i] - mean) * (b[i] - mean);
            aa += (a[i] - mean) * (a[i] - mean);
            bb += (b[i] - mean) * (b[i] - mean);
        }
        return ab / Math.Sqrt(aa * bb);
    }

    private static double[] Ranks(IReadOnlyList<double> values)
    {
        var order = Enumerable.Range(0, values.Count).OrderBy(i => values[i]).ToArray();
        var ranks = new double[values.Count];
        for (int first = 0, next; first < order.Length; first = next)
        {
            for (next = first; next < order.Length && values[order[next]] == values[order[first]]; next++) { }
            for (var k = first; k < next; k++)
                ranks[order[k]] = (first + next + 1) / 2.0;
        }
        return ranks;
    }

    private static double? Rating(string[] fields)
    {
        foreach (var field in fields.Skip(2))
        {
            if (double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var rating))
                return rating;
        }
        return null;
    }
}
