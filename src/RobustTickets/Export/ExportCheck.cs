// Verifies that an export computes the same outputs: the same random texts, of every length up to
// the longest, run through the source and the export, in padded batches where the format has them.
using System.Globalization;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Export;

/// <summary>An exported model does not compute the outputs of its source.</summary>
public sealed class ExportVerificationException(string message) : Exception(message);

/// <summary>Compares an export with its source.</summary>
public static class ExportCheck
{
    private const int Texts = 64,
        Shortest = 3,
        TextsPerBatch = 8;

    /// <summary>Logits over a vocabulary are large, so batches are small.</summary>
    private const int MaskedTextsPerBatch = 2;

    /// <summary>
    /// Tolerance of an output in single precision, relative to the largest output (at least 1).
    /// </summary>
    private const double Relative = 1e-5;

    /// <summary>
    /// Tolerance for eight bits: root mean square of the differences relative to that of the
    /// outputs.
    /// </summary>
    private const double RelativeInt8 = 0.5;

    /// <summary>
    /// Loads both classifiers and compares their logits on seeded random texts of 3 tokens up to
    /// the model's maximum length.
    /// </summary>
    /// <param name="source">Folder that was exported, or the name of a model
    /// (<see cref="ModelStore"/>).</param>
    /// <param name="target">Folder that was written.</param>
    /// <param name="labels">Classes.</param>
    /// <param name="stop">Cancels between two batches.</param>
    /// <returns>The largest absolute difference of a logit.</returns>
    /// <exception cref="ExportVerificationException">They differ by more than the tolerance, or the
    /// export's are not finite.</exception>
    /// <exception cref="NumericFailureException">The source's are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was
    /// cancelled.</exception>
    public static double Verify(string source, string target, int labels, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        source = ModelStore.OfUser().Locate(source);
        BertConfig config;
        using (var files = BertFiles.OpenClassifier(source))
            config = BertFiles.ConfigOf(files.Config, labels);
        using var written = Network.Of(target, config, OnnxHead.SequenceClassification);
        return Compare(
            source,
            config,
            OnnxHead.SequenceClassification,
            OnnxPrecision.Float32,
            written,
            target,
            stop
        ).LargestDifference;
    }

    /// <summary>Runs both models and compares their outputs.</summary>
    /// <exception cref="ExportVerificationException">The outputs differ.</exception>
    /// <exception cref="NumericFailureException">The source's outputs are not finite.</exception>
    internal static OnnxExportResult Compare(
        string source,
        BertConfig config,
        OnnxHead head,
        OnnxPrecision precision,
        ITokenModel model,
        string name = OnnxExport.FileName,
        CancellationToken stop = default
    )
    {
        var longest = config.MaxPositions;
        var shortest = Math.Min(Shortest, longest);
        var texts = Made(config, shortest, longest);
        using var reference = Network.Of(source, config, head);
        var comparison = new Comparison(source, name);
        // Neighbours in a batch differ in length, so that padding is tested.
        var size = head == OnnxHead.MaskedLM ? MaskedTextsPerBatch : TextsPerBatch;
        var batches = texts.Length / size;
        for (var b = 0; b < batches; b++)
        {
            stop.ThrowIfCancellationRequested();
            TokenEncoding[] batch = [.. Enumerable.Range(0, size).Select(i => texts[b + (i * batches)])];
            comparison.Add(reference.Run(batch), model.Run(batch));
        }
        comparison.Require(precision);
        return new OnnxExportResult(head, 0, comparison.Worst, texts.Length, shortest, longest);
    }

    private static TokenEncoding[] Made(BertConfig config, int shortest, int longest)
    {
        var key = RandomKey.FromSeed(20221);
        return
        [
            .. Enumerable
                .Range(0, Texts)
                .Select(t =>
                {
                    var own = key.Derive((long)t);
                    var length = shortest + ((longest - shortest) * t / (Texts - 1));
                    int[] ids =
                    [
                        .. Enumerable.Range(0, length).Select(i => (int)own.Below((uint)i, config.VocabularySize)),
                    ];
                    int[] segments =
                    [
                        .. Enumerable
                            .Range(0, length)
                            .Select(i => i > length / 2 && config.TypeVocabularySize > 1 ? 1 : 0),
                    ];
                    return new TokenEncoding(ids, segments);
                }),
        ];
    }

    private sealed class Comparison(string source, string target)
    {
        private double _differences,
            _squares,
            _largest;

        public double Worst { get; private set; }

        public void Add(float[][] expected, float[][] found)
        {
            if (found.Length != expected.Length)
                throw Refused($"returns {found.Length} rows for {expected.Length} texts");
            for (var t = 0; t < expected.Length; t++)
            {
                if (found[t].Length != expected[t].Length)
                    throw Refused(
                        $"returns {found[t].Length} numbers for a text where the source returns {expected[t].Length}"
                    );
                for (var i = 0; i < expected[t].Length; i++)
                {
                    double a = expected[t][i],
                        b = found[t][i];
                    if (!double.IsFinite(a))
                        throw new NumericFailureException(
                            Text($"{source}: an output is {a} for a generated text; cannot compare the export with it")
                        );
                    if (!double.IsFinite(b))
                        throw Refused(Text($"an output is {b} where the source's is {a}"));
                    Worst = Math.Max(Worst, Math.Abs(a - b));
                    _largest = Math.Max(_largest, Math.Abs(a));
                    _differences += (a - b) * (a - b);
                    _squares += a * a;
                }
            }
        }

        public void Require(OnnxPrecision precision)
        {
            var differs =
                precision == OnnxPrecision.Int8
                    ? _differences > RelativeInt8 * RelativeInt8 * _squares
                    : Worst > Relative * Math.Max(1, _largest);
            if (differs)
                throw Refused(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"its outputs differ from those of {source} by up to {Worst:g3} (largest {_largest:g3})"
                    )
                );
        }

        private ExportVerificationException Refused(string reason) =>
            new($"{target}: {reason}; the export is not usable");
    }

    /// <summary>Outputs of a model folder by our own packed forward pass.</summary>
    private sealed class Network(IDisposable model, Func<PackedBatch, Tensor> forward, bool byToken) : ITokenModel
    {
        public static Network Of(string source, BertConfig config, OnnxHead head)
        {
            var (key, execution) = (RandomKey.FromSeed(0), new Execution());
            if (head == OnnxHead.SequenceClassification)
            {
                var classifier = BertFiles.LoadClassifier(source, config.Labels, key, execution);
                return new Network(
                    classifier,
                    b => classifier.Forward(classifier.Prepare(b, training: false), PassOptions.Evaluation),
                    byToken: false
                );
            }
            var masked = BertFiles.LoadMaskedLM(source, key, execution);
            return new Network(
                masked,
                b =>
                    head == OnnxHead.Encoder
                        ? masked.Encoder.EncodeAll(masked.Prepare(b, training: false), PassOptions.Evaluation)
                        : masked.Forward(
                            masked.Prepare(b, training: false),
                            torch.tensor<long>([.. Enumerable.Range(0, b.Tokens).Select(i => (long)i)], [b.Tokens]),
                            PassOptions.Evaluation
                        ),
                byToken: true
            );
        }

        public float[][] Run(IReadOnlyList<TokenEncoding> texts)
        {
            using var quiet = torch.no_grad();
            using var scope = torch.scope();
            var batch = PackedBatch.From([.. texts.Select((t, i) => new EncodedExample(i, t.Ids, t.Segments, -1))]);
            var output = forward(batch).contiguous();
            var width = (int)output.shape[^1];
            var rows = output.span<float>();
            var result = new float[texts.Count][];
            for (var b = 0; b < batch.Count; b++)
            {
                result[b] = byToken
                    ? rows[(batch.Offsets[b] * width)..(batch.Offsets[b + 1] * width)].ToArray()
                    : rows.Slice(b * width, width).ToArray();
            }
            return result;
        }

        public void Dispose() => model.Dispose();
    }
}
