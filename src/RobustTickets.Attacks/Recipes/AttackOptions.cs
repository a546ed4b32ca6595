using RobustTickets.Attacks.Goals;

namespace RobustTickets.Attacks;

/// <summary>Which words around an edit a sentence encoder sees.</summary>
public enum SimilarityWindow
{
    /// <summary>The recipe's own window.</summary>
    AsPublished,

    /// <summary>The whole text, for texts shorter than a recipe's window.</summary>
    WholeText,
}

/// <summary>
/// What may be varied in every attack recipe; the defaults are those of the command line, of
/// experiments and of the library alike. Numbers of one recipe alone stand in its file.
/// </summary>
/// <param name="Similarity">Whether sentence similarity constrains candidates, where the recipe has
/// that constraint.</param>
/// <param name="SimilarityThreshold">Smallest sentence similarity, in [-1, 1]; null: the recipe's
/// own.</param>
/// <param name="Window">What of a text the sentence encoder sees.</param>
/// <param name="PartOfSpeech">Whether a substitute must keep the part of speech, where the recipe
/// has that constraint.</param>
/// <param name="Candidates">Most substitutes of a word that are tried (neighbours, or K tokens of a
/// masked language model); null: the recipe's own.</param>
/// <param name="QueryBudget">Most queries per example; null: no limit.</param>
/// <param name="TimeLimit">Most work per example, then the best text so far counts; null: no
/// limit. Outcomes under a limit depend on the machine.</param>
/// <param name="Version">TextAttack release whose behaviour is followed.</param>
/// <param name="Precision">Number type of scores. TextAttack compares the model's float32, so ties
/// fall as there.</param>
/// <param name="Randomness">Where recipes that draw take random numbers from; null: a stream per
/// example, seed 42.</param>
/// <param name="Restarts">Further tries in random word orders on examples that survive the search;
/// their queries are added up.</param>
/// <param name="HeldOutShare">Share of all words, by hash, that a defence held out of training: of
/// its dictionary, an attack tries the substitutions alone whose word or substitute is among them;
/// 0 tries all.</param>
public sealed record AttackOptions(
    bool Similarity = true,
    double? SimilarityThreshold = null,
    SimilarityWindow Window = SimilarityWindow.AsPublished,
    bool PartOfSpeech = true,
    int? Candidates = null,
    int? QueryBudget = null,
    TimeSpan? TimeLimit = null,
    TextAttackVersion Version = TextAttackVersion.V034,
    ScorePrecision Precision = ScorePrecision.Single,
    RandomPlan? Randomness = null,
    int Restarts = 0,
    double HeldOutShare = 0
)
{
    /// <summary>The plan of random numbers.</summary>
    internal RandomPlan RandomPlan => Randomness ?? new StreamPerExample();

    /// <summary>Refuses values that no recipe can take.</summary>
    /// <exception cref="RequestException">Field, value found, values possible.</exception>
    internal void Check()
    {
        if (SimilarityThreshold is < -1 or > 1 or double.NaN)
            throw new RequestException(
                nameof(SimilarityThreshold),
                null,
                Invariant.Text($"must lie in [-1, 1], found {SimilarityThreshold}")
            );
        if (Candidates is < 1)
            throw new RequestException(nameof(Candidates), null, $"must be 1 or more, found {Candidates}");
        if (QueryBudget is < 1)
            throw new RequestException(nameof(QueryBudget), null, $"must be 1 or more, found {QueryBudget}");
        if (!(HeldOutShare is >= 0 and < 1))
            throw new RequestException(
                nameof(HeldOutShare),
                null,
                Invariant.Text($"must lie in [0, 1), found {HeldOutShare}")
            );
        if (Restarts < 0)
            throw new RequestException(nameof(Restarts), null, $"must be 0 or more, found {Restarts}");
        if (TimeLimit is { } limit && limit <= TimeSpan.Zero)
            throw new RequestException(nameof(TimeLimit), null, $"must be above 0, found {limit}");
    }
}
