using RobustTickets.Attacks;
using RobustTickets.Models;

namespace RobustTickets.Evaluation;

/// <summary>Sums of accuracy and cross entropy over labelled examples.</summary>
internal sealed class EvaluationSum
{
    private int _examples;
    private int _correct;
    private double _loss;

    /// <summary>The means over the examples added.</summary>
    public EvaluationResult Result => new((double)_correct / _examples, _loss / _examples, _examples);

    /// <summary>Adds an example.</summary>
    /// <param name="logits">Its logits [C].</param>
    /// <param name="label">Its class, below C.</param>
    /// <param name="place">Names the example in errors.</param>
    /// <returns>The predicted class; ties go to the lower one.</returns>
    /// <exception cref="NumericFailureException">A logit is not finite.</exception>
    public int Add(ReadOnlySpan<float> logits, int label, FormattableString place)
    {
        Evaluator.RequireFinite(logits, place);
        var predicted = logits.ArgMax();
        if (predicted == label)
            _correct++;
        _loss += Evaluator.LogSumExp(logits) - logits[label];
        _examples++;
        return predicted;
    }
}
