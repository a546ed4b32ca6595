// The parameters of a transformer layer, looked up once in the store and shared by all
// implementations: fused, operators, padded reference, compiled inference.
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Layers;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Models;

/// <summary>Scale and shift of a LayerNorm [H].</summary>
/// <param name="Weight">Scale.</param>
/// <param name="Bias">Shift.</param>
internal readonly record struct NormWeight(Tensor Weight, Tensor Bias)
{
    /// <summary>LayerNorm of x [., H] with plain operators.</summary>
    internal Tensor Apply(Tensor x, BertConfig config) =>
        functional.layer_norm(x, [config.Hidden], Weight, Bias, config.LayerNormEpsilon);
}

/// <summary>The embedding tables and the LayerNorm of their sum.</summary>
/// <param name="Words">[V, H].</param>
/// <param name="Positions">[P, H].</param>
/// <param name="Types">[types, H].</param>
/// <param name="Norm">The LayerNorm.</param>
internal sealed record BertEmbeddingWeights(Tensor Words, Tensor Positions, Tensor Types, NormWeight Norm);

/// <summary>One layer with h heads of width d and n neurons.</summary>
/// <param name="Query">[h d, H].</param>
/// <param name="Key">[h d, H].</param>
/// <param name="Value">[h d, H].</param>
/// <param name="AttentionOutput">[H, h d].</param>
/// <param name="AttentionNorm">LayerNorm after attention.</param>
/// <param name="Intermediate">[n, H].</param>
/// <param name="Output">[H, n].</param>
/// <param name="OutputNorm">LayerNorm after the feed-forward network.</param>
internal sealed record BertLayerWeights(
    DenseWeight Query,
    DenseWeight Key,
    DenseWeight Value,
    DenseWeight AttentionOutput,
    NormWeight AttentionNorm,
    DenseWeight Intermediate,
    DenseWeight Output,
    NormWeight OutputNorm
)
{
    /// <summary>These weights with bfloat16 copies for matrix products.</summary>
    internal BertLayerWeights Rounded()
    {
        return this with
        {
            Query = Round(Query),
            Key = Round(Key),
            Value = Round(Value),
            AttentionOutput = Round(AttentionOutput),
            Intermediate = Round(Intermediate),
            Output = Round(Output),
        };

        static DenseWeight Round(DenseWeight dense) =>
            DenseWeight.Of(dense.Weight, dense.Bias, MatrixPrecision.Bf16) with
            {
                Slot = dense.Slot,
            };
    }
}

/// <summary>
/// Parameters of a store grouped by module. They are cached, and looked up again only when the
/// store's tensors are replaced; masks create new effective weights in each pass.
/// </summary>
internal sealed class BertWeights(ParameterStore store, BertConfig config)
{
    private readonly BertLayerNames[] _names = [.. Enumerable.Range(0, config.Layers).Select(BertParameters.Layer)];
    private readonly BertLayerWeights?[] _layers = new BertLayerWeights?[config.Layers];
    private readonly Dictionary<string, DenseWeight> _dense = [];
    private BertEmbeddingWeights? _embeddings;
    private long _version = -1;

    /// <summary>Names of the layers' modules.</summary>
    internal IReadOnlyList<BertLayerNames> Names => _names;

    /// <summary>The embedding tables and their LayerNorm.</summary>
    internal BertEmbeddingWeights Embeddings
    {
        get
        {
            Refresh();
            return _embeddings ??= new BertEmbeddingWeights(
                store[BertParameters.WordEmbeddings],
                store[BertParameters.PositionEmbeddings],
                store[BertParameters.TypeEmbeddings],
                Norm(BertParameters.EmbeddingNorm)
            );
        }
    }

    /// <summary>Weights of a layer without masks, in float32.</summary>
    internal BertLayerWeights Layer(int layer)
    {
        Refresh();
        return _layers[layer] ??= Resolve(_names[layer]);
    }

    /// <summary>Weights of a layer in a pass, with <paramref name="masks"/> applied.</summary>
    internal BertLayerWeights Layer(int layer, IWeightMasks? masks, PassOptions pass)
    {
        var plain = Layer(layer);
        if (masks is null)
            return plain;
        var names = _names[layer];
        return plain with
        {
            Query = Masked(names.Query, plain.Query, masks, pass),
            Key = Masked(names.Key, plain.Key, masks, pass),
            Value = Masked(names.Value, plain.Value, masks, pass),
            AttentionOutput = Masked(names.AttentionOutput, plain.AttentionOutput, masks, pass),
            Intermediate = Masked(names.Intermediate, plain.Intermediate, masks, pass),
            Output = Masked(names.Output, plain.Output, masks, pass),
        };
    }

    /// <summary>
    /// A dense layer outside the transformer layers, with <paramref name="masks"/> applied.
    /// </summary>
    internal DenseWeight Dense(string name, IWeightMasks? masks, PassOptions pass)
    {
        Refresh();
        if (!_dense.TryGetValue(name, out var dense))
            _dense[name] = dense = Resolve(name);
        return masks is null ? dense : Masked(name, dense, masks, pass);
    }

    /// <summary>A dense layer without masks.</summary>
    internal DenseWeight Dense(string name) => Dense(name, null, PassOptions.Evaluation);

    /// <summary>Whether the store has a dense layer of this name.</summary>
    internal bool Has(string name) => store.Contains(BertParameters.Weight(name));

    /// <summary>A LayerNorm by name.</summary>
    internal NormWeight Norm(string name) => new(store[BertParameters.Weight(name)], store[BertParameters.Bias(name)]);

    private void Refresh()
    {
        if (_version == store.Version)
            return;
        _version = store.Version;
        _embeddings = null;
        _dense.Clear();
        Array.Clear(_layers);
    }

    private BertLayerWeights Resolve(BertLayerNames names) =>
        new(
            Resolve(names.Query),
            Resolve(names.Key),
            Resolve(names.Value),
            Resolve(names.AttentionOutput),
            Norm(names.AttentionNorm),
            Resolve(names.Intermediate),
            Resolve(names.Output),
            Norm(names.OutputNorm)
        );

    private DenseWeight Resolve(string name)
    {
        var matrix = BertParameters.Weight(name);
        var weight = store[matrix];
        // Matrix products read the parameter itself: a contiguous copy would miss its updates.
        if (!weight.is_contiguous)
            throw new InvalidOperationException($"parameter '{matrix}' is not contiguous");
        return new DenseWeight(weight, store[BertParameters.Bias(name)], weight, store.SlotOf(matrix));
    }

    private static DenseWeight Masked(string name, DenseWeight plain, IWeightMasks masks, PassOptions pass)
    {
        var weight = masks.Effective(name, plain.Weight, pass);
        return ReferenceEquals(weight, plain.Weight)
            ? plain
            : DenseWeight.Of(weight, plain.Bias, MatrixPrecision.Fp32) with
            {
                Slot = plain.Slot,
            };
    }
}

/// <summary>Dense layers with plain operators.</summary>
internal static class DenseOperators
{
    /// <summary>x W^T + b.</summary>
    internal static Tensor Apply(this DenseWeight dense, Tensor x) => functional.linear(x, dense.Weight, dense.Bias);
}
