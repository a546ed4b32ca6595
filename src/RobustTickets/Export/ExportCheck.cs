// An export is only worth something if it gives the same answers: both folders are loaded afresh
// and their logits compared on made-up sequences.
using RobustTickets.Checkpoints;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Export;

/// <summary>An exported model does not give the logits of its source.</summary>
public sealed class ExportVerificationException(string message) : Exception(message);

/// <summary>Compares an export with its source.</summary>
public static class ExportCheck
{
    private const int Sequences = 16;
    private const int LongestSequence = 64;

    /// <summary>Relative difference that two orders of summation may make in fp32.</summary>
    private const double Tolerance = 1e-5;

    /// <summary>
    /// Loads both classifiers and compares their logits on seeded random sequences.
    /// </summary>
    /// <param name="source">Folder that was exported.</param>
    /// <param name="target">Folder that was written.</param>
    /// <param name="labels">Classes.</param>
    /// <returns>The largest absolute difference of a logit.</returns>
    /// <exception cref="ExportVerificationException">They differ by more than summation order
    /// explains, or the export's are not finite.</exception>
    /// <exception cref="NumericFailureException">The source's are not finite.</exception>
    public static double Verify(string source, string target, int labels)
    {
        var (a, b) = (Logits(source, labels), Logits(target, labels));
        double worst = 0,
            largest = 0;
        for (var i = 0; i < a.Length; i++)
        {
            worst = Math.Max(worst, Math.Abs((double)a[i] - b[i]));
            largest = Math.Max(largest, Math.Abs(a[i]));
            if (!float.IsFinite(a[i]))
                throw new NumericFailureException(
                    $"{source}: a logit is {a[i]} on a made-up sequence; nothing can be compared with it"
                );
            if (!float.IsFinite(b[i]))
                throw new ExportVerificationException(
                    $"{target}: a logit is not finite ({a[i]} in the source, {b[i]} in the export)"
                );
        }
        if (worst > Tolerance * (1 + largest))
        {
            throw new ExportVerificationException(
                $"{target}: its logits differ from those of {source} by up to {worst:g3} (largest logit "
                    + $"{largest:g3}); the export is not usable"
            );
        }
        return worst;
    }

    private static float[] Logits(string folder, int labels)
    {
        using var model = BertFiles.LoadClassifier(folder, labels, RandomKey.FromSeed(0), new Execution());
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var batch = PackedBatch.From(Made(model.Config));
        return model
            .Forward(model.Prepare(batch, training: false), PassOptions.Evaluation)
            .contiguous()
            .span<float>()
            .ToArray();
    }

    private static EncodedExample[] Made(BertConfig config)
    {
        var key = RandomKey.FromSeed(20221);
        var longest = Math.Min(LongestSequence, config.MaxPositions);
        return
        [
            .. Enumerable
                .Range(0, Sequences)
                .Select(s =>
                {
                    var own = key.Derive((long)s);
                    // The first is as long as allowed, the others shorter, down to one word piece.
                    var length = Math.Max(1, longest - (s * longest / Sequences));
                    var ids = Enumerable
                        .Range(0, length)
                        .Select(i => (int)own.Below((uint)i, config.VocabularySize))
                        .ToArray();
                    return new EncodedExample(
                        s,
                        ids,
                        [
                            .. Enumerable
                                .Range(0, length)
                                .Select(i => i > length / 2 && config.TypeVocabularySize > 1 ? 1 : 0),
                        ],
                        -1
                    );
                }),
        ];
    }
}
