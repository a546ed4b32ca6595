using RobustTickets.Attacks.Engine;

namespace RobustTickets;

/// <summary>Something that happened in an attack.</summary>
public abstract record AttackProgress;

/// <summary>A sentence worth a line of its own.</summary>
/// <param name="Text">The sentence.</param>
public sealed record AttackNote(string Text) : AttackProgress;

/// <summary>An example has an outcome.</summary>
/// <param name="Done">Examples that have one.</param>
/// <param name="Total">Examples attacked in all.</param>
/// <param name="Succeeded">Attacks that succeeded.</param>
/// <param name="Failed">Attacks that failed.</param>
/// <param name="Skipped">Examples that the victim got wrong before.</param>
/// <param name="Errors">Examples that could not be attacked.</param>
/// <param name="QueriesPerSecond">Queries a second of this run.</param>
/// <param name="Remaining">Time left at this pace, or null before a pace is known.</param>
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

/// <summary>Every example has an outcome; what this run has cost.</summary>
/// <param name="Statistics">The cost.</param>
public sealed record AttackCost(AttackStatistics Statistics) : AttackProgress;
