using RobustTickets.Torch;
using RobustTickets.Torch.Kernels;
using RobustTickets.Torch.nn;

namespace RobustTickets.Models;

/// <summary>How the model runs; changes speed, never meaning (DESIGN 2.5).</summary>
/// <param name="Packed">Packed tokens; otherwise the padded reference path.</param>
/// <param name="ClsOnlyLastLayer">The last layer computes only the [CLS] rows that the classifier reads. Exact.</param>
/// <param name="RowSparseWords">The gradient of the word embedding is kept for the rows in the batch only. Exact.</param>
/// <param name="Fused">Layers of fused operations; otherwise op by op.</param>
/// <param name="Precision">Precision of the factors of the layers' products. Weights, sums, optimiser state, coefficients and scores are fp32 always; bf16 needs <paramref name="Fused"/>.</param>
public sealed record ModelExecution(
    bool Packed = true, bool ClsOnlyLastLayer = true, bool RowSparseWords = true, bool Fused = true, MatrixPrecision Precision = MatrixPrecision.Fp32)
{
    /// <summary>The plain reference: padded, every row, dense gradients, op by op, fp32.</summary>
    public static ModelExecution Reference { get; } = new(false, false, false, false);

    /// <summary>Word pieces that the padded path pads every example to at least, as programs do that pad to a fixed length. It is there to be measured against.</summary>
    public int PadTo { get; init; }
}

/// <summary>Coefficients that multiply heads and neurons while a ticket is searched; null entries mean "none in this layer".</summary>
/// <param name="Heads">Per layer [heads].</param>
/// <param name="Neurons">Per layer [neurons].</param>
public sealed record BertGates(IReadOnlyList<Tensor?> Heads, IReadOnlyList<Tensor?> Neurons);

/// <summary>How one forward pass runs.</summary>
/// <param name="Training">Whether dropout is on.</param>
/// <param name="Key">Key of this pass's randomness.</param>
/// <param name="Delta">Perturbation [T, H] added to the word embeddings, or null.</param>
/// <param name="TokenTypes">Whether token types are passed; false sends zeros (spec 1.5).</param>
/// <param name="Tap">Receives (name, tensor) of intermediate results, rows as the execution computes them; InfoBERT and tests read it.</param>
public sealed record PassOptions(bool Training, RandomKey Key, Tensor? Delta = null, bool TokenTypes = true, Action<string, Tensor>? Tap = null)
{
    /// <summary>Evaluation: no dropout, no perturbation.</summary>
    public static PassOptions Evaluation { get; } = new(false, default);
}

/// <summary>
/// The tensors of one batch, made once and used by every pass of a step. With row-sparse words it also owns the leaf that collects the word-embedding gradient.
/// </summary>
public sealed class BertInputs
{
    private readonly Tensor? _wordIndex;
    private readonly Tensor? _padRows;
    private readonly Dictionary<string, Tensor> _rounded = [];

    /// <summary>Prepares a batch; <paramref name="training"/> prepares the leaf for the word gradient as well.</summary>
    public BertInputs(PackedBatch batch, ParameterStore store, BertConfig config, ModelExecution execution, bool training)
    {
        Batch = batch;
        Ids = torch.tensor<long>(batch.Ids, batch.Tokens);
        Positions = torch.tensor<long>(batch.Positions, batch.Tokens);
        Segments = torch.tensor<long>(batch.Segments, batch.Tokens);
        Labels = torch.tensor<long>(batch.Labels, batch.Count);
        ClsRows = torch.tensor<long>(Array.ConvertAll(batch.Offsets[..^1], o => (long)o), batch.Count);
        if (!training || !execution.RowSparseWords) return;

        var rows = batch.Ids.Distinct().Order().ToArray();
        var place = new Dictionary<long, long>(rows.Length);
        for (var i = 0; i < rows.Length; i++) place[rows[i]] = i;
        using (torch.no_grad())
        {
            WordRows = store[BertSites.WordEmbeddings].index_select(0, torch.tensor<long>(rows, rows.Length));
        }
        WordRows.requires_grad_(true);
        _wordIndex = torch.tensor<long>(Array.ConvertAll(batch.Ids, id => place[id]), batch.Tokens);
        if (place.ContainsKey(config.PadId))
        {
            _padRows = torch.tensor<bool>(Array.ConvertAll(batch.Ids, id => id == config.PadId), batch.Tokens, 1);
        }
        store.SetRowGradient(BertSites.WordEmbeddings, new RowGradient(rows, WordRows));
    }

    /// <summary>The batch behind.</summary>
    public PackedBatch Batch { get; }

    /// <summary>[T] word pieces.</summary>
    public Tensor Ids { get; }

    /// <summary>[T] positions.</summary>
    public Tensor Positions { get; }

    /// <summary>[T] token types.</summary>
    public Tensor Segments { get; }

    /// <summary>[B] classes.</summary>
    public Tensor Labels { get; }

    /// <summary>[B] row of each example's [CLS].</summary>
    public Tensor ClsRows { get; }

    /// <summary>Leaf [U, H] of the word rows in this batch, or null when the gradient is dense.</summary>
    public Tensor? WordRows { get; }

    /// <summary>The bfloat16 copy of a dense layer's weight, made once for all passes of a step; null in fp32.</summary>
    internal Tensor? RoundedWeight(string layer) => _rounded.GetValueOrDefault(layer);

    /// <summary>Makes the copies of <see cref="RoundedWeight"/>; without them every pass rounds for itself.</summary>
    internal void RoundWeights(ParameterStore store, BertConfig config)
    {
        for (var l = 0; l < config.Layers; l++)
        {
            foreach (var name in FusedBertLayer.DenseLayers(l))
            {
                var weight = store[$"{name}.weight"];
                _rounded[name] = DenseWeight.Of(weight, store[$"{name}.bias"], MatrixPrecision.Bf16).Factor;
            }
        }
    }

    /// <summary>Word embeddings [T, H] of the batch. The row of [PAD] never receives a gradient (padding_idx).</summary>
    public Tensor LookUpWords(ParameterStore store, BertConfig config)
    {
        if (WordRows is null) return torch.nn.functional.embedding(store[BertSites.WordEmbeddings], Ids, config.PadId);
        var words = WordRows.index_select(0, _wordIndex!);
        return _padRows is null ? words : torch.where(_padRows, words.detach(), words);
    }
}
