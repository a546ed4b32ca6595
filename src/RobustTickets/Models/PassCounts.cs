namespace RobustTickets.Models;

/// <summary>Number of passes through the whole network.</summary>
/// <param name="Forward">Forward passes.</param>
/// <param name="Backward">Backward passes down to the embeddings.</param>
/// <param name="WeightGradient">Backward passes that also compute weight gradients.</param>
internal readonly record struct PassCounts(int Forward, int Backward, int WeightGradient);
