// Loads the classifier named by a request: a Hugging Face folder with libtorch, or a format known
// to a loader, without libtorch.
using RobustTickets.Attacks;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Dense;
using RobustTickets.Models;
using RobustTickets.Training;

namespace RobustTickets.Pipeline.Models;

/// <summary>Loads and evaluates classifiers of any format.</summary>
internal static class ClassifierSource
{
    private const int TextsAtOnce = 256;

    /// <summary>Loads a classifier.</summary>
    /// <param name="path">The model.</param>
    /// <param name="execution">Execution options; for formats of a loader, only the threads
    /// apply.</param>
    /// <param name="maxLength">Maximum sequence length; null: the tokenizer's own limit.</param>
    /// <param name="loader">Loads other formats, or null.</param>
    /// <exception cref="RequestException">The format does not support that device or
    /// precision.</exception>
    public static ITextClassifier Load(string path, Execution execution, int? maxLength, IModelLoader? loader)
    {
        if (loader is null || !loader.Knows(path))
            return Classifier.Load(path, execution, maxLength);
        if (!execution.Device.IsHost)
            throw new RequestException(nameof(Execution.Device), null, $"{path} runs only on the CPU; use cpu");
        if (execution.Precision != MatrixPrecision.Fp32)
            throw new RequestException(
                nameof(Execution.Precision),
                null,
                $"{path} runs only in the precision stored in its file; leave it at fp32"
            );
        return loader.LoadClassifier(path, maxLength, execution.Threads)!;
    }

    /// <summary>
    /// The classifier's notes for the user, with one if the requested length exceeds its maximum.
    /// </summary>
    /// <param name="classifier">The classifier.</param>
    /// <param name="maxLength">The length it was loaded with.</param>
    public static IReadOnlyList<string> Notes(ITextClassifier classifier, int? maxLength) =>
        maxLength > classifier.MaxLength
            ?
            [
                .. classifier.Notes,
                $"{maxLength} word pieces were requested; {classifier.Name} accepts at most {classifier.MaxLength}, so "
                    + "longer texts are truncated",
            ]
            : classifier.Notes;

    /// <summary>Accuracy and mean loss on labelled examples.</summary>
    /// <exception cref="NumericFailureException">A logit is not finite.</exception>
    /// <exception cref="RequestException">The maximum length is too short for pairs.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled between
    /// two batches.</exception>
    public static EvaluationResult Evaluate(
        ITextClassifier classifier,
        IReadOnlyList<Example> examples,
        CancellationToken stop = default
    )
    {
        PairRoom.Require(examples.Select(e => e.Text), classifier.MaxLength);
        if (classifier is Classifier torch)
            return torch.Evaluate(EncodedSplit.From(examples, torch.Tokenizer, torch.MaxLength).Examples, stop);
        var sum = new EvaluationSum();
        foreach (var group in examples.Index().Chunk(TextsAtOnce))
        {
            stop.ThrowIfCancellationRequested();
            var rows = classifier.Logits([.. group.Select(e => e.Item.Text)], stop);
            foreach (var ((index, example), row) in group.Zip(rows))
            {
                Evaluator.RequireLabel(example.Label, row.Length, $"example {index + 1} of {examples.Count}");
                sum.Add(row, example.Label, $"example {index + 1} of {examples.Count}");
            }
        }
        return sum.Result;
    }
}
