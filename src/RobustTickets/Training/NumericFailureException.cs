namespace RobustTickets.Training;

/// <summary>
/// A loss or gradient stopped being a finite number. The message names the stage and the step; the
/// command line maps it to exit code 4.
/// </summary>
public sealed class NumericFailureException(string message) : Exception(message);
