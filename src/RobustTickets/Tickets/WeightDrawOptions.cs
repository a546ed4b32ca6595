namespace RobustTickets.Tickets;

/// <summary>
/// Draws a ticket of single weights at a sparsity over all maskable matrices together. Any sparsity
/// can be drawn from one search.
/// </summary>
/// <param name="Sparsity">Fraction of weights to prune, in (0, 1).</param>
public sealed record WeightDrawOptions(double Sparsity) : TicketDraw;

/// <summary>The unchanged mask of a saved ticket.</summary>
public sealed record SavedDraw() : TicketDraw;

/// <summary>Which matrices are pooled when random positions are drawn.</summary>
public enum RandomPool
{
    /// <summary>Each matrix separately.</summary>
    Matrix,

    /// <summary>The six matrices of a layer together; the pooler separately.</summary>
    Layer,
}
