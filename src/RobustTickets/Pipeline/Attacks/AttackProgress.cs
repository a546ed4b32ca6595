using RobustTickets.Attacks.Engine;

namespace RobustTickets;

/// <summary>A progress event of an attack.</summary>
public abstract record AttackProgress;

/// <summary>A sentence to print on its own line.</summary>
/// <param name="Text">The sentence.</param>
public sealed record AttackNote(string Text) : AttackProgress;

/// <summary>Reports notes.</summary>
internal static class AttackNotes
{
    /// <summary>Reports a sentence, if anyone listens.</summary>
    public static void Note(this IProgress<AttackProgress>? progress, string text) =>
        progress?.Report(new AttackNote(text));
}

/// <summary>An example was finished.</summary>
/// <param name="Done">Examples finished.</param>
/// <param name="Total">Total number of examples.</param>
/// <param name="Succeeded">Attacks that succeeded.</param>
/// <param name="Failed">Attacks that failed.</param>
/// <param name="Skipped">Examples that the victim misclassified before the attack.</param>
/// <param name="Errors">Examples that could not be attacked.</param>
/// <param name="QueriesPerSecond">Queries per second of this run.</param>
/// <param name="Remaining">Remaining time at this pace, or null until a pace is known.</param>
public sealed record AttackStep(
    int Done,
    int Total,
    int Succeeded,
    int Failed,
    int Skipped,
    int Errors,
    double QueriesPerSecond,
    TimeSpan? Remaining
) : AttackProgress;

/// <summary>All examples are finished; the cost of this run.</summary>
/// <param name="Statistics">The cost.</param>
public sealed record AttackCost(AttackStatistics Statistics) : AttackProgress;
