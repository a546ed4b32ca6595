using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Evaluation;

/// <summary>Accuracy and loss of a classifier on a split.</summary>
/// <param name="Accuracy">Share of examples whose largest logit is the label's; ties go to the lower class.</param>
/// <param name="Loss">Mean cross entropy.</param>
/// <param name="Examples">Examples seen.</param>
public sealed record EvaluationResult(double Accuracy, double Loss, int Examples);

/// <summary>Evaluates classifiers in evaluation mode, without recording gradients.</summary>
public static class Evaluator
{
    /// <summary>Word pieces of one packed evaluation batch.</summary>
    private const int TokensPerBatch = 2048;

    /// <summary>Accuracy and mean loss over labelled examples.</summary>
    public static EvaluationResult Evaluate(BertForSequenceClassification model, IReadOnlyList<EncodedExample> examples)
    {
        var correct = 0;
        var loss = 0.0;
        Logits(model, examples, (index, logits) =>
        {
            var label = examples[index].Label;
            var best = 0;
            for (var c = 1; c < logits.Length; c++) if (logits[c] > logits[best]) best = c;
            if (best == label) correct++;
            loss += LogSumExp(logits) - logits[label];
        });
        return new EvaluationResult((double)correct / examples.Count, loss / examples.Count, examples.Count);
    }

    /// <summary>
    /// Logits of every example, handed to <paramref name="use"/> as (index, [C]). Examples are batched by length, longest first.
    /// </summary>
    public static void Logits(BertForSequenceClassification model, IReadOnlyList<EncodedExample> examples, Action<int, ReadOnlySpan<float>> use)
    {
        using var _ = torch.no_grad();
        var order = Enumerable.Range(0, examples.Count).OrderByDescending(i => examples[i].Ids.Length).ToArray();
        for (var first = 0; first < order.Length;)
        {
            var last = first;
            for (var tokens = 0; last < order.Length && (last == first || tokens + examples[order[last]].Ids.Length <= TokensPerBatch); last++) tokens += examples[order[last]].Ids.Length;
            using var scope = torch.scope();
            var batch = PackedBatch.From(order[first..last].Select(i => examples[i]).ToArray());
            var logits = model.Forward(model.Prepare(batch, training: false), PassOptions.Evaluation).contiguous();
            var classes = model.Config.Labels;
            var rows = logits.span<float>();
            for (var i = first; i < last; i++) use(order[i], rows.Slice((i - first) * classes, classes));
            first = last;
        }
    }

    private static double LogSumExp(ReadOnlySpan<float> logits)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (var x in logits) max = Math.Max(max, x);
        foreach (var x in logits) sum += Math.Exp(x - max);
        return max + Math.Log(sum);
    }
}
