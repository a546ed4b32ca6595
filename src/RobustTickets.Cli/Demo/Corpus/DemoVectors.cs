// The demo's word vectors, in place of counter-fitted ones: constructed, not learned, so that an
// attack's substitutes are exactly the demo's synonyms. A word outside the lexicon has no vector.
using System.Globalization;
using System.Text;
using RobustTickets.Attacks;

namespace RobustTickets.Cli.Demo.Corpus;

/// <summary>Word vectors in which the demo's synonyms are neighbours.</summary>
internal static class DemoVectors
{
    /// <summary>Dimension of a vector.</summary>
    public const int Dimensions = 64;

    private const double MaxCentreCosine = 0.28;
    private const double MinWithin = 0.72;
    private const double MaxAcross = 0.38;

    /// <summary>Unit vectors of all words of the lexicon, in the lexicon's order.</summary>
    /// <param name="seed">Seed of the directions.</param>
    public static IReadOnlyList<(string Word, float[] Vector)> Create(int seed)
    {
        var centres = Centres(seed);
        var rows = new List<(string Word, string Group, float[] Vector)>();
        for (var g = 0; g < DemoLexicon.Groups.Count; g++)
        {
            var group = DemoLexicon.Groups[g];
            foreach (var word in group.Members)
            {
                var random = new DemoRandom(seed, 201, rows.Count);
                float[] vector;
                do vector = Member(random, centres[g]);
                while (!rows.All(row => Allowed(row.Group == group.Name, Dot(row.Vector, vector))));
                rows.Add((word, group.Name, vector));
            }
        }
        return [.. rows.Select(row => (row.Word, row.Vector))];
    }

    /// <summary>
    /// Writes the vectors in the standard text format: a word and its numbers, separated by spaces;
    /// no header.
    /// </summary>
    /// <param name="file">File to write.</param>
    /// <param name="seed">Seed of the directions.</param>
    public static void Write(string file, int seed)
    {
        var text = new StringBuilder();
        foreach (var (word, vector) in Create(seed))
        {
            text.Append(word);
            foreach (var x in vector)
                text.Append(' ').Append(x.ToString("0.00000", CultureInfo.InvariantCulture));
            text.Append('\n');
        }
        WholeFile.Write(file, text.ToString());
    }

    // Members are redrawn until they are close enough to their own group and far enough from all
    // others.
    private static bool Allowed(bool sameGroup, double cosine) => sameGroup ? cosine >= MinWithin : cosine <= MaxAcross;

    // Random directions at most MaxCentreCosine from each other; opposites start from -0.25.
    private static float[][] Centres(int seed)
    {
        var centres = new float[DemoLexicon.Groups.Count][];
        for (var g = 0; g < centres.Length; g++)
        {
            var random = new DemoRandom(seed, 200, g);
            var antonym = DemoLexicon.Groups[g].Antonym;
            var opposite = antonym is null
                ? -1
                : Enumerable.Range(0, g).Single(other => DemoLexicon.Groups[other].Name == antonym);
            do
            {
                centres[g] = Direction(random);
                if (opposite >= 0)
                    centres[g] = Sum(-0.25, centres[opposite], 0.968, Across(centres[g], centres[opposite]));
            } while (Enumerable.Range(0, g).Any(other => Dot(centres[other], centres[g]) > MaxCentreCosine));
        }
        return centres;
    }

    private static float[] Member(DemoRandom random, float[] centre) =>
        Sum(0.92, centre, 0.392, Across(Direction(random), centre));

    private static float[] Direction(DemoRandom random)
    {
        var vector = new float[Dimensions];
        for (var i = 0; i < vector.Length; i++)
            vector[i] = (float)random.NextNormal();
        return Sum(1.0, vector, 0.0, vector);
    }

    // The part of a direction that is orthogonal to another, as a unit vector.
    private static float[] Across(float[] direction, float[] from) => Sum(1.0, direction, -Dot(direction, from), from);

    // a x + b y, scaled to length 1.
    private static float[] Sum(double a, float[] x, double b, float[] y)
    {
        var sum = new double[x.Length];
        for (var i = 0; i < sum.Length; i++)
            sum[i] = a * x[i] + b * y[i];
        var length = Math.Sqrt(sum.Sum(v => v * v));
        return [.. sum.Select(v => (float)(v / length))];
    }

    private static double Dot(float[] x, float[] y)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++)
            sum += (double)x[i] * y[i];
        return sum;
    }
}
