namespace RobustTickets.Objectives;

/// <summary>
/// Distillation (Hinton et al. 2015) from the output distribution of a trained classifier, the
/// teacher, in addition to the labels. The teacher gets the same batch, including texts changed by
/// <c>augment</c>; it is not trained.
/// </summary>
/// <param name="Teacher">Run or model folder with the same classes and vocabulary; relative to the
/// run's parent or to the current directory.</param>
/// <param name="Weight">Weight of the distillation loss; the cross entropy has the rest.</param>
/// <param name="Temperature">Temperature of both distributions.</param>
public sealed record DistillOptions(string Teacher, double Weight = 0.5, double Temperature = 2.0);
