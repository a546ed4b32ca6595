// The compiled evaluation path: no autograd, no padding, weights laid out once, fused kernels. Its promise is that the row of a text is a function of the text alone, bit for
// bit, whatever batch it comes in and however many threads run: outcomes of an attack must not depend on scheduling. The reference beside it is BertEncoder.
// In bf16 the layers' matrices and the rows they multiply are rounded; sums, norms, attention, pooler and classifier stay in fp32, and the promise holds as well.
using RobustTickets.Torch;
using RobustTickets.Torch.Kernels;
using RobustTickets.Torch.nn;

namespace RobustTickets.Models;

/// <summary>Forward passes of a frozen encoder. Made from a store whose weights must not change while it is in use.</summary>
public sealed class BertInference : IDisposable
{
    private readonly ParameterStore _store;
    private readonly BertConfig _config;
    private readonly BertGates? _gates;
    private readonly Dictionary<string, PackedMatrix> _matrices = [];
    private readonly Dictionary<string, HalfMatrix> _halves = [];

    /// <summary>
    /// Lays out the matrices of an encoder, masked where <paramref name="masks"/> says so and rounded where <paramref name="precision"/> does, and, where present, of pooler and classifier.
    /// </summary>
    /// <exception cref="NotSupportedException">bf16 on a processor that would emulate it.</exception>
    public BertInference(
        ParameterStore store, BertConfig config, BertGates? gates = null, IWeightMasks? masks = null, MatrixPrecision precision = MatrixPrecision.Fp32)
    {
        (_store, _config, _gates) = (store, config, gates);
        using var _ = torch.no_grad();
        using var scope = torch.scope();
        for (var l = 0; l < config.Layers; l++)
        {
            foreach (var name in FusedBertLayer.DenseLayers(l)) Pack(name, masks, precision);
        }
        foreach (var name in (string[])[BertSites.Pooler, BertSites.Classifier]) if (store.Contains($"{name}.weight")) Pack(name, masks, MatrixPrecision.Fp32);
    }

    /// <summary>Whether this path covers a configuration: it knows the erf GELU alone.</summary>
    public static bool Covers(BertConfig config) => config.Activation == Activation.Gelu;

    /// <summary>Logits [B, C] of a batch.</summary>
    public Tensor Logits(PackedBatch batch)
    {
        using var scope = torch.scope();
        using var _ = torch.no_grad();
        var pooled = Linear(Encode(batch, clsOnly: true), BertSites.Pooler);
        InferenceKernels.Tanh(pooled);
        return scope.Keep(Linear(pooled, BertSites.Classifier));
    }

    /// <summary>Hidden states of the last layer [T, H].</summary>
    public Tensor HiddenStates(PackedBatch batch)
    {
        using var scope = torch.scope();
        using var _ = torch.no_grad();
        return scope.Keep(Encode(batch, clsOnly: false));
    }

    private Tensor Encode(PackedBatch batch, bool clsOnly)
    {
        var x = Embed(batch);
        for (var l = 0; l < _config.Layers; l++) x = Layer(l, x, batch, clsOnly && l == _config.Layers - 1);
        return x;
    }

    private Tensor Embed(PackedBatch batch)
    {
        var words = Rows(BertSites.WordEmbeddings, batch.Ids);
        words.add_(Rows(BertSites.TypeEmbeddings, batch.Segments));
        words.add_(Rows(BertSites.PositionEmbeddings, batch.Positions));
        return Norm(words, null, "bert.embeddings.LayerNorm");
    }

    private Tensor Layer(int l, Tensor x, PackedBatch batch, bool clsOnly)
    {
        var self = $"{BertSites.Layer(l)}.attention.self";
        var asking = clsOnly ? x.index_select(0, torch.tensor<long>(Array.ConvertAll(batch.Offsets[..^1], o => (long)o), batch.Count)) : x;
        var queries = clsOnly ? Enumerable.Range(0, batch.Count + 1).ToArray() : batch.Offsets;
        var factor = Factor(x);
        var query = Linear(clsOnly ? asking : factor, $"{self}.query");
        var context = torch.empty(query.shape);
        if (_config.HeadsPerLayer[l] > 0) // otherwise the context has no columns, and the output projection is its bias
        {
            InferenceKernels.Attention(
                query, Linear(factor, $"{self}.key"), Linear(factor, $"{self}.value"), _gates?.Heads[l], new AttentionLayout(queries, batch.Offsets, batch.ExampleIds), _config.HeadsPerLayer[l], context);
        }
        var attended = Norm(Linear(context, $"{BertSites.Layer(l)}.attention.output.dense"), asking, $"{BertSites.Layer(l)}.attention.output.LayerNorm");
        var activated = Activated(attended, BertSites.NeuronRows(l), _gates?.Neurons[l]);
        return Norm(Linear(activated, $"{BertSites.Layer(l)}.output.dense"), attended, $"{BertSites.Layer(l)}.output.LayerNorm");
    }

    private Tensor Rows(string name, long[] rows) => _store[name].index_select(0, torch.tensor<long>(rows, rows.Length));

    /// <summary>What the layers' products read: rows in the precision of the matrices, rounded once for all that share them.</summary>
    private Tensor Factor(Tensor x) => _halves.Count == 0 || x.dtype == DType.BFloat16 ? x : HalfMatrix.Rounded(x);

    private Tensor Linear(Tensor x, string name)
    {
        if (!_halves.TryGetValue(name, out var half)) return Wide(x, name, gelu: false);
        var y = torch.empty([x.shape[0], half.Outputs]);
        half.Linear(Factor(x), y);
        return y;
    }

    /// <summary>c GELU(x W^T + b).</summary>
    private Tensor Activated(Tensor x, string name, Tensor? coefficients)
    {
        if (!_halves.ContainsKey(name))
        {
            var activated = Wide(x, name, gelu: true);
            return coefficients is null ? activated : activated.mul_(coefficients);
        }
        var y = Linear(x, name);
        if (coefficients is null) return HalfMatrix.RoundedGelu(y);
        InferenceKernels.Gelu(y);
        return y.mul_(coefficients);
    }

    private Tensor Wide(Tensor x, string name, bool gelu)
    {
        var w = _matrices[name];
        var y = torch.empty([x.shape[0], w.Outputs]);
        InferenceKernels.Linear(x, w, y, gelu);
        return y;
    }

    private Tensor Norm(Tensor x, Tensor? residual, string name)
    {
        var y = torch.empty(x.shape);
        InferenceKernels.AddNorm(x, residual, _store[$"{name}.weight"], _store[$"{name}.bias"], _config.LayerNormEpsilon, y);
        return y;
    }

    private void Pack(string name, IWeightMasks? masks, MatrixPrecision precision)
    {
        Tensor weight = _store[$"{name}.weight"], bias = _store[$"{name}.bias"];
        weight = masks?.Effective(name, weight, PassOptions.Evaluation) ?? weight;
        if (precision == MatrixPrecision.Bf16) _halves[name] = new HalfMatrix(weight, bias);
        else _matrices[name] = new PackedMatrix(weight, bias);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var matrix in _matrices.Values) matrix.Dispose();
        foreach (var matrix in _halves.Values) matrix.Dispose();
        _matrices.Clear();
        _halves.Clear();
    }
}
