// TextAttack `UntargetedClassification`: success when the most probable class is not the true one
// (ties: the lowest class), score = 1 - p[true]. Rows must be probabilities; no softmax is applied
// to a batch, so a row's meaning does not depend on its neighbours.

namespace RobustTickets.Attacks.Goals;

/// <summary>
/// The number type in which scores are formed; TextAttack's is the model's own (float32 for BERT),
/// and saturated scores tie there.
/// </summary>
public enum ScorePrecision
{
    /// <summary>Scores in double precision.</summary>
    Double,

    /// <summary>Scores rounded to float32, as from a float32 model.</summary>
    Single,
}

/// <summary>What a victim's answer to one text means for the attack.</summary>
/// <param name="Score">1 - probability of the true class.</param>
/// <param name="Output">The most probable class.</param>
/// <param name="Succeeded">True when that is not the true class.</param>
public readonly record struct Verdict(double Score, int Output, bool Succeeded);

/// <summary>The goal of every published recipe here: any wrong class.</summary>
/// <param name="Precision">The number type of scores.</param>
public sealed record UntargetedGoal(ScorePrecision Precision = ScorePrecision.Single)
{
    /// <summary>Judges one row of class probabilities.</summary>
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
