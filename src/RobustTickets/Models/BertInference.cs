// The compiled evaluation path: no autograd, no padding, weights packed once, fused kernels
// (CompiledEncoder). A text's output depends on the text alone, bit for bit, so attack outcomes do
// not depend on batching. Reference: BertEncoder.

using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Inference;
using RobustTickets.Kernels.Layers;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Models;

/// <summary>
/// Forward passes of a frozen encoder. The store's weights must not change while it is in use.
/// </summary>
internal sealed class BertInference : IDisposable
{
    private readonly BertConfig _config;
    private readonly CompiledEncoder _encoder;
    private readonly PackedWeightFp32? _pooler;
    private readonly PackedWeightFp32? _classifier;

    /// <summary>
    /// Packs the matrices of an encoder, with <paramref name="masks"/> applied and rounded to
    /// <paramref name="precision"/>, and those of pooler and classifier if present. With bf16 the
    /// layers' matrices and inputs are rounded; sums, norms, attention, pooler and classifier stay
    /// in fp32.
    /// </summary>
    /// <exception cref="NotSupportedException">bf16 on a processor that would emulate
    /// it.</exception>
    public BertInference(
        ParameterStore store,
        BertConfig config,
        BertCoefficients? coefficients = null,
        IWeightMasks? masks = null,
        MatrixPrecision precision = MatrixPrecision.Fp32
    )
    {
        _config = config;
        var (weights, pass) = (new BertWeights(store, config), PassOptions.Evaluation);
        using var _ = torch.no_grad();
        using var scope = torch.scope();
        var packed = new List<PackedWeight>();
        try
        {
            var tables = weights.Embeddings;
            _encoder = new CompiledEncoder(
                new CompiledEmbeddings(tables.Words, tables.Types, tables.Positions, Norm(tables.Norm)),
                [
                    .. Enumerable
                        .Range(0, config.Layers)
                        .Select(l => Layer(l, weights.Layer(l, masks, pass), coefficients, precision, packed)),
                ],
                config.HeadSize,
                config.LayerNormEpsilon
            );
            _pooler = Head(BertParameters.Pooler);
            _classifier = Head(BertParameters.Classifier);
        }
        catch
        {
            packed.ForEach(matrix => matrix.Dispose());
            throw;
        }

        PackedWeightFp32? Head(string name)
        {
            if (!weights.Has(name))
                return null;
            var dense = weights.Dense(name, masks, pass);
            var head = new PackedWeightFp32(dense.Weight, dense.Bias);
            packed.Add(head);
            return head;
        }
    }

    /// <summary>Whether this path supports a configuration: only the erf GELU.</summary>
    public static bool Covers(BertConfig config) => config.Activation == Activation.Gelu;

    /// <summary>
    /// Whether a model with this execution is evaluated by this path: packed, and with tensors in
    /// host memory.
    /// </summary>
    public static bool Covers(BertConfig config, Execution execution) => execution.UsesKernels && Covers(config);

    /// <summary>
    /// Compiles a model in its current state, with its coefficients, masks and precision; null if
    /// this path does not support it.
    /// </summary>
    public static BertInference? Of(BertForSequenceClassification model) =>
        Covers(model.Config, model.Execution)
            ? new BertInference(
                model.Store,
                model.Config,
                model.Encoder.Coefficients,
                model.Encoder.Masks,
                model.Execution.Precision
            )
            : null;

    /// <summary>Logits [B, C] of a batch.</summary>
    /// <exception cref="InvalidOperationException">The store has no pooler or
    /// classifier.</exception>
    public Tensor Logits(PackedBatch batch)
    {
        if (_pooler is null || _classifier is null)
            throw new InvalidOperationException(
                "logits need a pooler and a classifier; the weights hold an encoder only"
            );
        using var scope = torch.scope();
        using var _ = torch.no_grad();
        var first = torch.empty([batch.Count, _config.Hidden]);
        _encoder.Run(batch.Ids, batch.Segments, batch.Positions, batch.Offsets, clsOnly: true, first);
        var pooled = torch.empty([batch.Count, _pooler.Outputs]);
        InferenceKernels.Linear(first, _pooler, pooled);
        InferenceKernels.Tanh(pooled);
        var logits = torch.empty([batch.Count, _classifier.Outputs]);
        InferenceKernels.Linear(pooled, _classifier, logits);
        return scope.Keep(logits);
    }

    /// <summary>Hidden states of the last layer [T, H].</summary>
    public Tensor HiddenStates(PackedBatch batch)
    {
        using var scope = torch.scope();
        using var _ = torch.no_grad();
        var states = torch.empty([batch.Tokens, _config.Hidden]);
        _encoder.Run(batch.Ids, batch.Segments, batch.Positions, batch.Offsets, clsOnly: false, states);
        return scope.Keep(states);
    }

    // Adds what it packs to a list, for a constructor that fails later.
    private CompiledLayer Layer(
        int l,
        BertLayerWeights w,
        BertCoefficients? coefficients,
        MatrixPrecision precision,
        List<PackedWeight> packed
    )
    {
        // In the last layer, queries may be computed for the [CLS] rows only.
        PackedWeight[] projections =
            l == _config.Layers - 1 ? [Pack(w.Query), Pack(w.Key, w.Value)] : [Pack(w.Query, w.Key, w.Value)];
        return new CompiledLayer(
            projections,
            _config.HeadsPerLayer[l],
            Pack(w.AttentionOutput),
            Norm(w.AttentionNorm),
            Pack(w.Intermediate),
            Pack(w.Output),
            Norm(w.OutputNorm),
            coefficients?.Heads[l],
            coefficients?.Neurons[l]
        );

        // Concatenates dense layers along their outputs.
        PackedWeight Pack(params DenseWeight[] parts)
        {
            using var weight = torch.cat(Array.ConvertAll(parts, part => part.Weight));
            using var bias = torch.cat(Array.ConvertAll(parts, part => part.Bias));
            PackedWeight matrix =
                precision == MatrixPrecision.Bf16
                    ? new PackedWeightBf16(weight, bias)
                    : new PackedWeightFp32(weight, bias);
            packed.Add(matrix);
            return matrix;
        }
    }

    private static CompiledNorm Norm(NormWeight norm) => new(norm.Weight, norm.Bias);

    /// <inheritdoc/>
    public void Dispose()
    {
        _encoder.Dispose();
        _pooler?.Dispose();
        _classifier?.Dispose();
    }
}
