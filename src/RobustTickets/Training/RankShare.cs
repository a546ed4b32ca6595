using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets.Training;

/// <summary>A rank's share of the examples in a batch.</summary>
/// <param name="Rank">Index of the rank.</param>
/// <param name="Size">Number of ranks.</param>
internal readonly record struct RankShare(int Rank, int Size)
{
    /// <summary>The whole batch.</summary>
    public static RankShare Whole { get; } = new(0, 1);

    /// <summary>The share of a rank.</summary>
    public static RankShare Of(Ranks ranks) => new(ranks.Rank, ranks.Size);

    /// <summary>Throws if batches cannot be divided.</summary>
    /// <exception cref="RequestException">A batch has fewer examples than there are
    /// ranks.</exception>
    public static void Require(int ranks, int batchSize)
    {
        if (batchSize < ranks)
            throw new RequestException(
                nameof(Ranks),
                ranks.ToString(CultureInfo.InvariantCulture),
                $"a batch has {batchSize} examples, so some ranks would never get one; possible: at most "
                    + $"{batchSize} ranks, or larger batches"
            );
    }

    /// <summary>
    /// This rank's examples in batch order. They are distributed by length, in alternating
    /// direction, so that ranks have about equal work and the same number of examples, up to one;
    /// rank 0 has the most.
    /// </summary>
    /// <param name="batch">Indices of the examples.</param>
    /// <param name="length">Number of tokens of an example.</param>
    public int[] In(ReadOnlySpan<int> batch, Func<int, int> length)
    {
        if (Size == 1)
            return batch.ToArray();
        int[] examples = batch.ToArray();
        int[] places = [.. Enumerable.Range(0, examples.Length).OrderByDescending(i => length(examples[i]))];
        var mine = new List<int>();
        for (var i = 0; i < places.Length; i++)
        {
            var (round, place) = (i / Size, i % Size);
            // An incomplete last round goes to the first ranks.
            var whole = (round + 1) * Size <= places.Length;
            if ((whole && round % 2 == 1 ? Size - 1 - place : place) == Rank)
                mine.Add(places[i]);
        }
        mine.Sort();
        return [.. mine.Select(i => examples[i])];
    }
}
