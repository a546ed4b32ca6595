namespace RobustTickets.Training;

/// <summary>
/// A loss or gradient stopped being a finite number. The message names the stage and the step.
/// </summary>
public sealed class NumericFailureException(string message) : Exception(message);
