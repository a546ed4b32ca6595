using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// A victim of our own: class weights per word by hash, a bonus for repeated words; fast,
/// deterministic, attackable. Counts its calls.
/// </summary>
internal sealed class HashVictim(int classes = 2) : IVictim
{
    public int ClassCount { get; } = classes;

    public int Batches { get; private set; }

    public int Rows { get; private set; }

    public int LargestBatch { get; private set; }

    public double[][] Predict(IReadOnlyList<TextPair> inputs)
    {
        Batches++;
        Rows += inputs.Count;
        LargestBatch = Math.Max(LargestBatch, inputs.Count);
        Assert.Equal(inputs.Count, inputs.Distinct().Count());
        return [.. inputs.Select(i => Row(i, ClassCount))];
    }

    public static double[] Row(TextPair input, int classes)
    {
        var z = new double[classes];
        foreach (var token in Toy.Tokens(input.First + "\n" + input.Second))
        {
            for (var k = 0; k < classes; k++)
                z[k] += 0.4 * Toy.Hash($"{k}/{token}");
        }
        var sum = z.Sum(Math.Exp);
        return [.. z.Select(x => Math.Exp(x) / sum)];
    }
}

/// <summary>An encoder of our own: the mean of hashed token vectors.</summary>
internal sealed class HashEncoder : ISentenceEncoder
{
    public string Name => "hash encoder";

    public int Dimension => 12;

    public double[][] Encode(IReadOnlyList<string> texts) =>
        [
            .. texts.Select(t =>
            {
                var v = new double[Dimension];
                foreach (var token in Toy.Tokens(t))
                {
                    for (var d = 0; d < v.Length; d++)
                        v[d] += Toy.Hash($"{d}~{token}");
                }
                v[0] += 1;
                return v;
            }),
        ];
}

/// <summary>Sentences, neighbours and attacks made up from a seed.</summary>
internal static class MadeUp
{
    private static readonly string[] Stems = [.. from c in "bdfgklmnprst" from v in "aeiou" select $"{c}{v}"];

    public static string[] Words { get; } =
    [
        .. Enumerable
            .Range(0, 300)
            .Select(i => Stems[i % Stems.Length] + Stems[i * 7 % Stems.Length] + (i >= 200 ? "n" : "")),
    ];

    public static NeighbourTable Neighbours { get; } =
        new(
            Words
                .Distinct()
                .Select((w, i) => (w, i))
                .Where(p => p.i % 7 != 0)
                .ToDictionary(
                    p => p.w,
                    p =>
                        Enumerable
                            .Range(1, 12)
                            .Select(k => Words[(p.i * 5 + k * 31) % Words.Length])
                            .Where(n => n != p.w)
                            .Distinct()
                            .ToArray()
                )
        );

    public static StopWords StopWords { get; } = new("made up", Words.Where((_, i) => i % 5 == 0));

    /// <summary>
    /// Examples that the victim gets right for the most part; some pairs, repeated words and long
    /// texts among them.
    /// </summary>
    public static List<Example> Inputs(int count, int classes = 2, int seed = 3)
    {
        var random = new Random(seed);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i =>
                {
                    string Sentence() =>
                        string.Join(
                            random.Next(4) == 0 ? ", " : " ",
                            Enumerable
                                .Range(0, random.Next(1, i % 10 == 0 ? 60 : 24))
                                .Select(_ => Words[random.Next(random.Next(2) == 0 ? 30 : Words.Length)])
                        );
                    List<KeyValuePair<string, string>> columns =
                        i % 6 == 5
                            ? [new("premise", Sentence()), new("hypothesis", Sentence())]
                            : [new("text", Sentence())];
                    var row = HashVictim.Row(
                        new TextPair(columns[0].Value, columns.Count > 1 ? columns[1].Value : null),
                        classes
                    );
                    var label = random.Next(10) == 0 ? random.Next(classes) : Array.IndexOf(row, row.Max());
                    return new Example($"e{i}", columns, label);
                }),
        ];
    }

    public static Attack Attack(
        int? budget = null,
        bool skipIdle = true,
        bool similarity = true,
        TextAttackVersion version = TextAttackVersion.V034
    ) =>
        new(
            "made-up",
            version,
            new UntargetedGoal(ScorePrecision.Double),
            new GreedyWordRanking(WordRanking.Delete, skipIdle),
            new EmbeddingSwap(Neighbours, 10),
            [new NoRepeat(), new NoStopWords(StopWords), new FrozenColumn(["premise", "hypothesis"], "premise")],
            similarity
                ? [new SentenceSimilarity(new HashEncoder(), 0.8, SimilarityMetric.Angular, 9, false, true)]
                : [],
            budget,
            [],
            []
        );
}
