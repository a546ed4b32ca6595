namespace RobustTickets.Searches;

/// <summary>
/// A search ended with coefficients, scores or weights that hardly moved: no ticket can be drawn
/// from them. The message names the numbers and what to change.
/// </summary>
public sealed class NothingLearnedException(string message) : Exception(message);
