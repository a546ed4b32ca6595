namespace RobustTickets.Attacks;

/// <summary>How an attack on one example ended.</summary>
public enum AttackResult
{
    /// <summary>A text was found that the victim gets wrong.</summary>
    Success,

    /// <summary>The victim withstood.</summary>
    Failed,

    /// <summary>The victim is wrong on the original text; nothing was attacked.</summary>
    Skipped,

    /// <summary>
    /// The example could not be attacked: <see cref="AttackOutcome.Error"/> says why. It counts in
    /// no figure.
    /// </summary>
    Error,
}

/// <summary>What kept an example from being attacked.</summary>
public enum AttackErrorKind
{
    /// <summary>A model gave a number that is not finite.</summary>
    NotFinite,

    /// <summary>
    /// A model gave rows of the wrong number or length, or numbers that are no probabilities.
    /// </summary>
    WrongAnswer,

    /// <summary>A model threw an exception.</summary>
    ModelThrew,

    /// <summary>A transformation, constraint or search threw an exception.</summary>
    AttackThrew,
}

/// <summary>Why an example could not be attacked.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Message">The model or step, what it gave or threw, and the text it was asked
/// about.</param>
public sealed record AttackError(AttackErrorKind Kind, string Message);

/// <summary>What one constraint did during one example.</summary>
/// <param name="Name">The constraint.</param>
/// <param name="Offered">Positions or candidates that reached it.</param>
/// <param name="Rejected">How many of them it refused.</param>
public sealed record ConstraintCount(string Name, long Offered, long Rejected);

/// <summary>
/// The result of attacking one example. It depends on the example, the attack and the victim only:
/// not on batches, concurrency or order.
/// </summary>
/// <param name="Id">The example.</param>
/// <param name="Label">Its true class.</param>
/// <param name="Result">How it ended.</param>
/// <param name="Queries">Queries as TextAttack counts them: every text scored, repeats
/// included.</param>
/// <param name="UniqueForwards">Distinct texts of this example that the victim was needed
/// for.</param>
/// <param name="Original">The original columns.</param>
/// <param name="Perturbed">The final columns: the adversarial text, the best one found (failed), or
/// the original (skipped).</param>
/// <param name="OriginalOutput">The victim's class of the original text.</param>
/// <param name="PerturbedOutput">The victim's class of the final text.</param>
/// <param name="OriginalScore">1 - p[true class] of the original text.</param>
/// <param name="PerturbedScore">The same of the final text.</param>
/// <param name="Words">Words of the original text.</param>
/// <param name="WordsChanged">Places whose words differ, up to the shorter text.</param>
/// <param name="OriginalMarks">Positions of original words that were replaced or removed.</param>
/// <param name="PerturbedMarks">Positions of words of the final text that are new.</param>
/// <param name="Similarity">Similarity recorded for the final text, if the attack measures
/// one.</param>
/// <param name="Constraints">What each constraint refused, positions first, in the attack's
/// order.</param>
/// <param name="Error">Why it could not be attacked, exactly when the result is
/// <see cref="AttackResult.Error"/>; outputs are then -1 and scores 0.</param>
/// <param name="StoppedByTime">The search was ended by the time limit; the result is the best text
/// until then.</param>
public sealed record AttackOutcome(
    string Id,
    int Label,
    AttackResult Result,
    int Queries,
    int UniqueForwards,
    IReadOnlyList<KeyValuePair<string, string>> Original,
    IReadOnlyList<KeyValuePair<string, string>> Perturbed,
    int OriginalOutput,
    int PerturbedOutput,
    double OriginalScore,
    double PerturbedScore,
    int Words,
    int WordsChanged,
    IReadOnlyList<int> OriginalMarks,
    IReadOnlyList<int> PerturbedMarks,
    double? Similarity,
    IReadOnlyList<ConstraintCount> Constraints,
    AttackError? Error = null,
    bool StoppedByTime = false
)
{
    /// <summary>The original columns, a line each.</summary>
    internal string OriginalText => Lines(Original);

    /// <summary>The final columns, a line each.</summary>
    internal string PerturbedText => Lines(Perturbed);

    private static string Lines(IEnumerable<KeyValuePair<string, string>> columns) =>
        string.Join('\n', columns.Select(c => c.Value));
}
