namespace RobustTickets.Kernels.Attention;

/// <summary>Rows of each sequence's queries and keys, and the ids that key its dropout.</summary>
/// <param name="QueryOffsets">[B+1] first query row of each sequence. Equal to
/// <paramref name="KeyOffsets"/>, or 0..B when there are only [CLS] queries.</param>
/// <param name="KeyOffsets">[B+1] first key row of each sequence.</param>
/// <param name="ExampleIds">[B] id of each example in the data set, for keyed dropout.</param>
internal sealed record AttentionLayout(int[] QueryOffsets, int[] KeyOffsets, long[] ExampleIds)
{
    /// <summary>Number of sequences B.</summary>
    public int Count => ExampleIds.Length;
}
