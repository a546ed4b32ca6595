namespace RobustTickets.Tickets;

/// <summary>
/// A ticket of single weights: the share that is pruned, over all maskable matrices together. Any
/// share can be drawn from one search.
/// </summary>
/// <param name="Sparsity">Share of weights to prune, in (0, 1).</param>
public sealed record WeightDrawOptions(double Sparsity) : TicketDraw;

/// <summary>The mask of a saved ticket, as it is.</summary>
public sealed record SavedDraw() : TicketDraw;

/// <summary>From what random positions are drawn together.</summary>
public enum RandomPool
{
    /// <summary>Each matrix on its own.</summary>
    Matrix,

    /// <summary>The six matrices of a layer together; the pooler on its own.</summary>
    Layer,
}
