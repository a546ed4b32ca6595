namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Progress of building a resource.</summary>
/// <param name="Stage">The current stage.</param>
/// <param name="Done">Units done.</param>
/// <param name="Total">Total units.</param>
/// <param name="Unit">Name of the unit.</param>
public sealed record BuildProgress(string Stage, long Done, long Total, string Unit);
