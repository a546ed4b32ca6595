// Word hulls for a recipe's hull objectives: the words of the training texts with their neighbours,
// as token ids of the checkpoint.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Objectives;

namespace RobustTickets.Pipeline.Data;

/// <summary>Builds hulls.</summary>
internal static class HullTables
{
    /// <summary>The paths of a recipe's hull objectives.</summary>
    public static IEnumerable<string> Of(Recipe recipe)
    {
        (string Path, ObjectiveOptions? Objective)[] all =
        [
            ("search.fine-tune.objective", (recipe.Search as MaskSearchOptions)?.FineTune?.Objective),
            (
                "search.objective",
                recipe.Search switch
                {
                    SlimmingSearchOptions s => s.Objective,
                    MagnitudeSearchOptions m => m.Objective,
                    MaskSearchOptions m => m.Objective,
                    _ => null,
                }
            ),
            ("retrain.objective", recipe.Retrain.Objective),
        ];
        return all.Where(a => a.Objective is HullOptions).Select(a => a.Path);
    }

    /// <summary>Builds the hulls of the words in some texts.</summary>
    /// <param name="options">Options with the number of neighbours.</param>
    /// <param name="texts">The training texts.</param>
    /// <param name="neighbours">The neighbour table.</param>
    /// <param name="stopWords">Words without a hull.</param>
    /// <param name="tokenizer">Tokenizer of the checkpoint.</param>
    public static WordHulls Build(
        HullOptions options,
        IReadOnlyList<Example> texts,
        INeighbourSource neighbours,
        StopWords stopWords,
        WordPieceTokenizer tokenizer
    )
    {
        var heldOut = new HeldOutWords(options.HeldOutShare);
        var words = texts
            .SelectMany(t => t.Columns)
            .SelectMany(c => WordSplitter.Words(c.Value, TextAttackVersion.V034))
            .Select(PythonText.Lower)
            .Where(w => !stopWords.Contains(w) && !heldOut.Contains(w))
            .ToHashSet(StringComparer.Ordinal);
        neighbours.Prepare(words, options.Neighbours, CancellationToken.None);
        bool[] continues =
        [
            .. tokenizer.Vocabulary.Tokens.Select(t =>
                t.StartsWith(Vocabulary.ContinuationPrefix, StringComparison.Ordinal)
            ),
        ];
        // All words that the vocabulary cannot spell have the same id, and not the same neighbours.
        bool Spelled(int[] ids) => !ids.Contains(tokenizer.UnknownId);
        return new WordHulls(
            words
                .Order(StringComparer.Ordinal)
                .Select(w => (Word: w, Ids: tokenizer.TokenIds(w)))
                .Where(w => Spelled(w.Ids))
                .Select(w =>
                    (
                        w.Ids,
                        neighbours
                            .Nearest(w.Word, options.Neighbours)
                            .Where(n => !heldOut.Contains(PythonText.Lower(n)))
                            .Select(tokenizer.TokenIds)
                            .Where(Spelled)
                            .ToArray()
                    )
                ),
            continues
        );
    }
}
