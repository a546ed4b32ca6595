namespace RobustTickets.Attacks.Resources.Building;

/// <summary>How far the making of a resource is.</summary>
/// <param name="Stage">What is done.</param>
/// <param name="Done">Units done.</param>
/// <param name="Total">Units in all.</param>
/// <param name="Unit">Name of the unit.</param>
internal sealed record BuildProgress(string Stage, long Done, long Total, string Unit);
