namespace RobustTickets.Kernels.Attention;

/// <summary>Where each sequence's queries and keys lie, and how its dropout is keyed.</summary>
/// <param name="QueryOffsets">[B+1] first query row of each sequence. Equal to
/// <paramref name="KeyOffsets"/>, or 0..B when only [CLS] asks.</param>
/// <param name="KeyOffsets">[B+1] first key row of each sequence.</param>
/// <param name="ExampleIds">[B] identity of each example in the data set, for keyed
/// dropout.</param>
internal sealed record AttentionLayout(int[] QueryOffsets, int[] KeyOffsets, long[] ExampleIds)
{
    /// <summary>Number of sequences B.</summary>
    public int Count => ExampleIds.Length;
}
