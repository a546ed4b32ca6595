namespace RobustTickets.Models;

/// <summary>
/// A weight, logit, loss or gradient is not a finite number. The message names the file and the
/// tensor, the example, or the stage and the step.
/// </summary>
public sealed class NumericFailureException(string message) : Exception(message);
