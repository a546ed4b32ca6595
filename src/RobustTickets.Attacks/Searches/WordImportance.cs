// Word importance as in GreedyWordRanking (TextAttack `GreedyWordSwapWIR`, delete), for display:
// the score of the text without each word, minus that of the text.

using RobustTickets.Attacks.Goals;

namespace RobustTickets.Attacks.Searches;

/// <summary>Importance of each word for a prediction.</summary>
public static class WordImportance
{
    private const int TextsAtOnce = 32;

    /// <summary>
    /// How much the probability of a class (in float32, as in the recipes' ranking) falls when a
    /// word is deleted, for each of the first words across the columns; negative where it rises.
    /// </summary>
    /// <param name="victim">The classifier.</param>
    /// <param name="text">The text.</param>
    /// <param name="label">The class.</param>
    /// <param name="words">Maximum number of words measured; each costs a forward pass.</param>
    public static double[] Of(IVictim victim, AttackedText text, int label, int words = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(victim);
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegative(words);
        var goal = new UntargetedGoal();
        var whole = goal.Judge(victim.Predict([text.ToTextPair()])[0], label).Score;
        var without = Enumerable
            .Range(0, Math.Min(words, text.Words.Count))
            .Select(i => GreedyWordRanking.Hide(WordRanking.Delete, text, i).ToTextPair());
        return
        [
            .. without
                .Chunk(TextsAtOnce)
                .SelectMany(batch => victim.Predict(batch))
                .Select(row => goal.Judge(row, label).Score - whole),
        ];
    }
}
