// Loss terms in addition to cross entropy, for every objective (docs/methods/augmentation.md):
// consistency between a text and its changed form (symmetric KL, as in R-Drop), and distillation
// from a teacher (Hinton et al. 2015).
using RobustTickets.Torch;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Objectives;

/// <summary>A teacher's logits for the batch.</summary>
/// <param name="Logits">[B, C].</param>
/// <param name="Options">Weight and temperature.</param>
internal sealed record TeacherLogits(Tensor Logits, DistillOptions Options);

/// <summary>Loss terms of a pass.</summary>
internal static class LossTerms
{
    /// <summary>
    /// Maps cross entropy and logits [B, C] to the loss; null for cross entropy alone.
    /// </summary>
    /// <param name="consistency">Weight of <see cref="Disagreement"/>; the batch must contain the
    /// originals first, then their changed forms.</param>
    /// <param name="teacher">A teacher, or null.</param>
    public static Func<Tensor, Tensor, Tensor>? Of(double consistency, TeacherLogits? teacher)
    {
        if (consistency == 0 && teacher is null)
            return null;
        return (crossEntropy, logits) =>
        {
            var loss = crossEntropy;
            if (teacher is { Options: var (_, weight, temperature) })
                loss = (loss * (1 - weight)) + (Distance(logits, teacher.Logits, temperature) * weight);
            return consistency == 0 ? loss : loss + (Disagreement(logits) * consistency);
        };
    }

    /// <summary>
    /// Half of KL(p, q) + KL(q, p), mean over pairs: p of row i, q of row i + B/2 of logits [B, C].
    /// </summary>
    public static Tensor Disagreement(Tensor logits)
    {
        var half = logits.size(0) / 2;
        var (plain, changed) = (logits.narrow(0, 0, half), logits.narrow(0, half, half));
        var (p, q) = (plain.softmax(1), changed.softmax(1));
        return (Against(changed, p) - Against(plain, p) + Against(plain, q) - Against(changed, q)) * 0.5;
    }

    /// <summary>T² KL(teacher, student) at temperature T, mean over the batch.</summary>
    public static Tensor Distance(Tensor student, Tensor teacher, double temperature)
    {
        var (s, t) = (student / temperature, teacher / temperature);
        var target = t.softmax(1);
        return (Against(s, target) - Against(t, target)) * (temperature * temperature);
    }

    // Cross entropy against a distribution stays finite when a probability underflows.
    private static Tensor Against(Tensor logits, Tensor distribution) => functional.cross_entropy(logits, distribution);
}
