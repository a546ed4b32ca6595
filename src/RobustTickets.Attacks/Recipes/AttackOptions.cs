using RobustTickets.Attacks.Goals;

namespace RobustTickets.Attacks;

/// <summary>The words around an edit that the sentence encoder encodes.</summary>
public enum SimilarityWindow
{
    /// <summary>The recipe's own window.</summary>
    AsPublished,

    /// <summary>The whole text; for texts shorter than a recipe's window.</summary>
    WholeText,
}

/// <summary>
/// Options common to all attack recipes, with the same defaults on the command line, in experiments
/// and in the library. Numbers specific to one recipe are in its file.
/// </summary>
/// <param name="Similarity">Whether sentence similarity constrains candidates, if the recipe has
/// that constraint.</param>
/// <param name="SimilarityThreshold">Minimum sentence similarity, in [-1, 1]; null: the recipe's
/// own.</param>
/// <param name="Window">The part of a text that the sentence encoder encodes.</param>
/// <param name="PartOfSpeech">Whether a substitute must have the same part of speech, if the recipe
/// has that constraint.</param>
/// <param name="Candidates">Maximum substitutes per word (neighbours, or K tokens of a masked
/// language model); null: the recipe's own.</param>
/// <param name="QueryBudget">Maximum queries per example; null: no limit.</param>
/// <param name="TimeLimit">Maximum compute time per example, after which the best text so far is
/// the result; null: no limit. With a limit, outcomes depend on the machine.</param>
/// <param name="Version">TextAttack release whose behaviour is followed.</param>
/// <param name="Precision">Floating-point type of scores. TextAttack compares float32 scores, so
/// ties are as there.</param>
/// <param name="Randomness">Random numbers of recipes that use them; null: a stream per example,
/// seed 42.</param>
/// <param name="Restarts">Number of restarts in random word order on examples that survive the
/// search; their queries are added up.</param>
/// <param name="HeldOutShare">Fraction of all words, by hash, held out from a defence's training;
/// the attack tries only the dictionary substitutions whose word or substitute is held out. 0 tries
/// all.</param>
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
    /// <summary>The random plan, with the default applied.</summary>
    internal RandomPlan RandomPlan => Randomness ?? new StreamPerExample();

    /// <summary>Throws if a value is out of range for every recipe.</summary>
    /// <exception cref="RequestException">An option is out of range; the message names field, value
    /// and possible values.</exception>
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
