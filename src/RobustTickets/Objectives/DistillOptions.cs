namespace RobustTickets.Objectives;

/// <summary>
/// Distillation (Hinton et al. 2015): the distribution of a trained classifier, the teacher, is
/// learned from beside the labels. The teacher sees the very batch, texts changed by <c>augment</c>
/// included; it stays as it is.
/// </summary>
/// <param name="Teacher">Run or model folder, from beside the run or from the current directory; of
/// the same classes and vocabulary.</param>
/// <param name="Weight">Share of the loss that the teacher has; the labels have the rest.</param>
/// <param name="Temperature">Both distributions are softened by it.</param>
public sealed record DistillOptions(string Teacher, double Weight = 0.5, double Temperature = 2.0);
