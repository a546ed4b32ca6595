namespace RobustTickets.Checkpoints.Graphs;

/// <summary>The three tables of BERT's embeddings.</summary>
/// <param name="Word">Indexed by token ids.</param>
/// <param name="Position">Indexed by positions.</param>
/// <param name="Segment">Indexed by token types.</param>
internal sealed record EmbeddingTables(Embedding Word, Embedding Position, Embedding Segment)
{
    /// <summary>Identifies the tables by their indices, then by their sizes.</summary>
    /// <exception cref="CheckpointException">The tables are not these three.</exception>
    public static EmbeddingTables Of(Norm norm)
    {
        var found = ((Sum)norm.Input).Terms.Cast<Embedding>().ToList();
        if (found.Count != 3)
        {
            throw new CheckpointException(
                $"{norm.Place}: normalises the sum of {found.Count} embeddings; expected words, positions and token "
                    + "types (a model without token types is not BERT)"
            );
        }
        foreach (var one in found)
        {
            if (one.Index is Auxiliary { Input: null, OfData: true })
            {
                throw new CheckpointException(
                    $"{one.Place}: a table of {one.Table.Dims[0]} rows is indexed by numbers computed from the "
                        + "inputs, as RoBERTa's positions are; BERT uses ids, positions and token types unchanged"
                );
            }
        }
        var position = Take(e => Named(e, "position")) ?? Largest(found.Where(IsFree));
        var segment =
            Take(e => Named(e, "token_type") || Named(e, "segment"))
            ?? Smallest(found.Where(e => !IsFree(e)), least: 2)
            ?? Take(IsFree);
        return position is not null && segment is not null && found is [var word] && !IsFree(word)
            ? new EmbeddingTables(word, position, segment)
            : throw new CheckpointException(
                $"{norm.Place}: cannot tell from their indices which embeddings are words, positions and token "
                    + "types"
            );

        Embedding? Take(Func<Embedding, bool> which)
        {
            if (found.Where(which).ToArray() is not [var one])
                return null;
            found.Remove(one);
            return one;
        }

        Embedding? Largest(IEnumerable<Embedding> of)
        {
            var one = of.MaxBy(e => e.Table.Dims[0]);
            if (one is not null)
                found.Remove(one);
            return one;
        }

        Embedding? Smallest(IEnumerable<Embedding> of, int least)
        {
            var all = of.ToArray();
            var one = all.Length >= least ? all.MinBy(e => e.Table.Dims[0]) : null;
            if (one is not null)
                found.Remove(one);
            return one;
        }
    }

    // Indexed by values that are not an input: positions, or token types that are all zero.
    private static bool IsFree(Embedding e) => e.Index is not Auxiliary { Input: not null };

    private static bool Named(Embedding e, string part) =>
        e.Index is Auxiliary { Input: { } name } && name.Contains(part, StringComparison.OrdinalIgnoreCase);
}
