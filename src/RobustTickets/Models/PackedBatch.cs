// A batch without padding: the tokens of all examples, concatenated. Shape notation of this
// project: B examples, T tokens of the batch, S tokens of the longest example, H hidden size, d_h
// head size, F neurons of a layer, C classes, V vocabulary.
namespace RobustTickets.Models;

/// <summary>One tokenised example.</summary>
/// <param name="Id">Index in the data set; keyed randomness uses it.</param>
/// <param name="Ids">Token ids, special tokens included.</param>
/// <param name="Segments">Token types, 0 or 1.</param>
/// <param name="Label">Class, or -1 when unknown.</param>
public sealed record EncodedExample(long Id, int[] Ids, int[] Segments, int Label);

/// <summary>A batch on packed tokens.</summary>
/// <param name="Ids">[T] token ids.</param>
/// <param name="Positions">[T] position within the example.</param>
/// <param name="Segments">[T] token types.</param>
/// <param name="Offsets">[B+1] first row of each example (cu_seqlens).</param>
/// <param name="Labels">[B] classes.</param>
/// <param name="ExampleIds">[B] example ids, for keyed randomness.</param>
internal sealed record PackedBatch(
    long[] Ids,
    long[] Positions,
    long[] Segments,
    int[] Offsets,
    long[] Labels,
    long[] ExampleIds
)
{
    /// <summary>
    /// An empty batch: a rank's share when the batch is smaller than the number of ranks.
    /// </summary>
    public static PackedBatch Empty { get; } = new([], [], [], [0], [], []);

    /// <summary>Number of examples B.</summary>
    public int Count => ExampleIds.Length;

    /// <summary>Number of tokens T.</summary>
    public int Tokens => Ids.Length;

    /// <summary>Tokens of the longest example S.</summary>
    public int Longest
    {
        get
        {
            var longest = 0;
            for (var b = 0; b < Count; b++)
                longest = Math.Max(longest, Offsets[b + 1] - Offsets[b]);
            return longest;
        }
    }

    /// <summary>Packs examples in the order given.</summary>
    /// <exception cref="ArgumentException">The batch or one of its examples is empty.</exception>
    public static PackedBatch From(IReadOnlyList<EncodedExample> examples)
    {
        if (examples.Count == 0)
            throw new ArgumentException("a batch needs at least one example");
        var tokens = examples.Sum(e => e.Ids.Length);
        var batch = new PackedBatch(
            new long[tokens],
            new long[tokens],
            new long[tokens],
            new int[examples.Count + 1],
            new long[examples.Count],
            new long[examples.Count]
        );
        var row = 0;
        for (var b = 0; b < examples.Count; b++)
        {
            var example = examples[b];
            if (example.Ids.Length == 0)
                throw new ArgumentException($"example {example.Id} has no word pieces");
            for (var i = 0; i < example.Ids.Length; i++, row++)
            {
                batch.Ids[row] = example.Ids[i];
                batch.Positions[row] = i;
                batch.Segments[row] = example.Segments[i];
            }
            batch.Offsets[b + 1] = row;
            batch.Labels[b] = example.Label;
            batch.ExampleIds[b] = example.Id;
        }
        return batch;
    }
}
