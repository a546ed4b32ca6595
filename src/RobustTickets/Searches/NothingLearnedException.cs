namespace RobustTickets.Searches;

/// <summary>
/// A search ended with almost unchanged coefficients, scores or weights, from which no ticket can
/// be drawn. The message names the numbers and what to change.
/// </summary>
public sealed class NothingLearnedException(string message) : Exception(message);
