namespace RobustTickets.Attacks;

/// <summary>How an attack on one example ended.</summary>
public enum AttackResult
{
    /// <summary>A text was found that the victim misclassifies.</summary>
    Success,

    /// <summary>No misclassified text was found.</summary>
    Failed,

    /// <summary>The victim misclassifies the original text; it was not attacked.</summary>
    Skipped,

    /// <summary>
    /// The example could not be attacked (see <see cref="AttackOutcome.Error"/>). It is excluded
    /// from all figures.
    /// </summary>
    Error,
}

/// <summary>Why an example could not be attacked.</summary>
public enum AttackErrorKind
{
    /// <summary>A model returned a number that is not finite.</summary>
    NotFinite,

    /// <summary>
    /// A model returned rows of the wrong number or length, or numbers that are not probabilities.
    /// </summary>
    WrongAnswer,

    /// <summary>A model threw an exception.</summary>
    ModelThrew,

    /// <summary>A transformation, constraint or search threw an exception.</summary>
    AttackThrew,
}

/// <summary>The error that prevented an attack.</summary>
/// <param name="Kind">Kind of error.</param>
/// <param name="Message">The model or step, what it returned or threw, and the input text.</param>
public sealed record AttackError(AttackErrorKind Kind, string Message);

/// <summary>Counts of one constraint for one example.</summary>
/// <param name="Name">The constraint.</param>
/// <param name="Offered">Positions or candidates checked.</param>
/// <param name="Rejected">How many of them were rejected.</param>
public sealed record ConstraintCount(string Name, long Offered, long Rejected);

/// <summary>
/// The result of attacking one example. It depends only on the example, the attack and the victim,
/// not on batches, concurrency or order.
/// </summary>
/// <param name="Id">The example.</param>
/// <param name="Label">Its true class.</param>
/// <param name="Result">How the attack ended.</param>
/// <param name="Queries">Queries as TextAttack counts them: every text scored, repeats
/// included.</param>
/// <param name="UniqueForwards">Distinct texts of this example that needed a forward pass of the
/// victim.</param>
/// <param name="Original">The original columns.</param>
/// <param name="Perturbed">The final columns: the adversarial text, the best one found (failed), or
/// the original (skipped).</param>
/// <param name="OriginalOutput">The victim's predicted class of the original text.</param>
/// <param name="PerturbedOutput">The victim's predicted class of the final text.</param>
/// <param name="OriginalScore">1 - p[true class] of the original text.</param>
/// <param name="PerturbedScore">1 - p[true class] of the final text.</param>
/// <param name="Words">Number of words in the original text.</param>
/// <param name="WordsChanged">Positions whose words differ, up to the length of the shorter
/// text.</param>
/// <param name="OriginalMarks">Positions of original words that were replaced or removed.</param>
/// <param name="PerturbedMarks">Positions of new words in the final text.</param>
/// <param name="Similarity">Sentence similarity of the final text, if the attack measures
/// one.</param>
/// <param name="Constraints">Rejections per constraint, position constraints first, in the attack's
/// order.</param>
/// <param name="Error">Non-null exactly when the result is <see cref="AttackResult.Error"/>;
/// outputs are then -1 and scores 0.</param>
/// <param name="StoppedByTime">Whether the time limit ended the search; the result is then the best
/// text found.</param>
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
    /// <summary>The original columns, one per line.</summary>
    internal string OriginalText => Lines(Original);

    /// <summary>The final columns, one per line.</summary>
    internal string PerturbedText => Lines(Perturbed);

    private static string Lines(IEnumerable<KeyValuePair<string, string>> columns) =>
        string.Join('\n', columns.Select(c => c.Value));
}
