using RobustTickets.Attacks;
using RobustTickets.Models;
using RobustTickets.Torch;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Evaluation;

/// <summary>Accuracy and loss of a classifier on a split.</summary>
/// <param name="Accuracy">Fraction of examples whose largest logit is the label's; ties go to the
/// lower class.</param>
/// <param name="Loss">Mean cross entropy.</param>
/// <param name="Examples">Number of examples.</param>
public sealed record EvaluationResult(double Accuracy, double Loss, int Examples);

/// <summary>Evaluates classifiers in evaluation mode, without recording gradients.</summary>
internal static class Evaluator
{
    /// <summary>Maximum tokens per packed evaluation batch.</summary>
    private const int TokensPerBatch = 2048;

    /// <summary>
    /// Maximum padded size (texts times longest text) of a batch on a device, where few large
    /// launches are faster and attention pads to the longest text.
    /// </summary>
    private const int TokensPerDeviceBatch = 16384;

    /// <summary>Accuracy and mean loss over labelled examples.</summary>
    /// <param name="model">The network.</param>
    /// <param name="examples">Tokenised examples.</param>
    /// <param name="stop">Cancels the call after the current batch.</param>
    /// <param name="predicted">Receives the index of each example and its predicted class; null:
    /// nobody.</param>
    /// <exception cref="DataException">A label is not a class index of the model.</exception>
    /// <exception cref="NumericFailureException">A logit is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled between
    /// two batches.</exception>
    public static EvaluationResult Evaluate(
        BertForSequenceClassification model,
        IReadOnlyList<EncodedExample> examples,
        CancellationToken stop = default,
        Action<int, int>? predicted = null
    )
    {
        for (var i = 0; i < examples.Count; i++)
            RequireLabel(examples[i].Label, model.Config.Labels, $"example {i + 1} of {examples.Count}");
        var sum = new EvaluationSum();
        Logits(
            model,
            examples,
            (index, logits) =>
            {
                var found = sum.Add(logits, examples[index].Label, $"example {index + 1} of {examples.Count}");
                predicted?.Invoke(index, found);
            },
            stop: stop
        );
        return sum.Result;
    }

    /// <summary>
    /// Computes the logits of every example and passes them to <paramref name="use"/> as (index,
    /// [C]). Examples are batched by length, longest first.
    /// </summary>
    /// <param name="model">The network.</param>
    /// <param name="examples">Tokenised examples.</param>
    /// <param name="use">Receives the logits of each example.</param>
    /// <param name="inference">The model's compiled path if the caller caches one; otherwise one is
    /// compiled for this call where it supports the model.</param>
    /// <param name="stop">Cancels the call after the current batch.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static void Logits(
        BertForSequenceClassification model,
        IReadOnlyList<EncodedExample> examples,
        Action<int, ReadOnlySpan<float>> use,
        BertInference? inference = null,
        CancellationToken stop = default
    )
    {
        using var _ = torch.no_grad();
        var byLength = Enumerable
            .Range(0, examples.Count)
            .Select(i => examples[i] with { Id = i })
            .OrderByDescending(e => e.Ids.Length)
            .ToArray();
        var classes = model.Config.Labels;
        using var compiled = inference is null ? BertInference.Of(model) : null;
        foreach (var group in Groups(byLength, model.Execution.Device.IsHost ? TokensPerBatch : TokensPerDeviceBatch))
        {
            stop.ThrowIfCancellationRequested();
            using var scope = torch.scope();
            var batch = PackedBatch.From(group);
            var logits =
                (inference ?? compiled)?.Logits(batch)
                ?? model.Forward(model.Prepare(batch, training: false), PassOptions.Evaluation).contiguous();
            var rows = logits.host<float>();
            for (var i = 0; i < group.Count; i++)
                use((int)group[i].Id, rows.Slice(i * classes, classes));
        }
    }

    /// <summary>
    /// Splits examples into groups of at most <paramref name="tokens"/> tokens, at least one
    /// example each.
    /// </summary>
    internal static IEnumerable<ArraySegment<EncodedExample>> Groups(EncodedExample[] examples, int tokens)
    {
        for (var first = 0; first < examples.Length; )
        {
            var last = first + 1;
            for (
                var sum = examples[first].Ids.Length;
                last < examples.Length && (sum += examples[last].Ids.Length) <= tokens;

            )
                last++;
            yield return new ArraySegment<EncodedExample>(examples, first, last - first);
            first = last;
        }
    }

    /// <summary>Throws if a label is not a class index.</summary>
    /// <exception cref="DataException">The label is negative or not below the number of
    /// classes.</exception>
    internal static void RequireLabel(int label, int classes, FormattableString place)
    {
        if (label < 0 || label >= classes)
            throw new DataException(
                Text($"{FormattableString.Invariant(place)}: label {label}; the classes are 0 to {classes - 1}")
            );
    }

    /// <summary>Throws if a logit is not finite: then no class is the largest.</summary>
    /// <exception cref="NumericFailureException">A logit is NaN or infinite.</exception>
    internal static void RequireFinite(ReadOnlySpan<float> logits, FormattableString place, int? text = null)
    {
        for (var c = 0; c < logits.Length; c++)
        {
            if (float.IsFinite(logits[c]))
                continue;
            var found = Text(
                $"the logit of class {c} is {logits[c]}; the model's weights exceed the range of single ",
                $"precision"
            );
            throw new NumericFailureException($"{FormattableString.Invariant(place)}: {found}")
            {
                Text = text,
                Found = found,
            };
        }
    }

    internal static double LogSumExp(ReadOnlySpan<float> logits)
    {
        double max = double.NegativeInfinity,
            sum = 0;
        foreach (var x in logits)
            max = Math.Max(max, x);
        foreach (var x in logits)
            sum += Math.Exp(x - max);
        return max + Math.Log(sum);
    }
}
