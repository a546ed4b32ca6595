// TextAttack `UntargetedClassification`: success when the predicted class is not the true one
// (ties: the lowest class), score = 1 - p[true]. Rows must be probabilities; no softmax is applied
// over a batch, so a row's meaning does not depend on the other rows.

namespace RobustTickets.Attacks.Goals;

/// <summary>
/// Floating-point type of scores. TextAttack uses the model's own (float32 for BERT), in which
/// saturated scores tie.
/// </summary>
public enum ScorePrecision
{
    /// <summary>Scores in double precision.</summary>
    Double,

    /// <summary>Scores rounded to float32, as from a float32 model.</summary>
    Single,
}

/// <summary>The goal's evaluation of a victim's output for one text.</summary>
/// <param name="Score">1 - probability of the true class.</param>
/// <param name="Output">The predicted class.</param>
/// <param name="Succeeded">Whether the predicted class is not the true class.</param>
public readonly record struct Verdict(double Score, int Output, bool Succeeded);

/// <summary>The goal of every published recipe here: any wrong class.</summary>
/// <param name="Precision">Floating-point type of scores.</param>
public sealed record UntargetedGoal(ScorePrecision Precision = ScorePrecision.Single)
{
    /// <summary>Evaluates one row of class probabilities.</summary>
    public Verdict Judge(ReadOnlySpan<double> probabilities, int label)
    {
        var best = 0;
        for (var c = 1; c < probabilities.Length; c++)
        {
            if (probabilities[c] > probabilities[best])
                best = c;
        }
        var score = Precision == ScorePrecision.Single ? 1f - (float)probabilities[label] : 1.0 - probabilities[label];
        return new Verdict(score, best, best != label);
    }
}
