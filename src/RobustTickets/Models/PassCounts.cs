namespace RobustTickets.Models;

/// <summary>Passes through the whole network, counted where they happen.</summary>
/// <param name="Forward">Forward passes.</param>
/// <param name="Backward">Backward passes down to the embeddings.</param>
/// <param name="WeightGradient">Backward passes that also fill weight gradients.</param>
internal readonly record struct PassCounts(int Forward, int Backward, int WeightGradient);
