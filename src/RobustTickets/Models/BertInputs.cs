using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Models;

/// <summary>
/// Slimming coefficients that multiply heads and neurons during a search; null entries mean "none
/// in this layer".
/// </summary>
/// <param name="Heads">Per layer [heads].</param>
/// <param name="Neurons">Per layer [neurons].</param>
internal sealed record BertCoefficients(IReadOnlyList<Tensor?> Heads, IReadOnlyList<Tensor?> Neurons);

/// <summary>Options of one forward pass.</summary>
/// <param name="Training">Whether dropout is on.</param>
/// <param name="Key">Random key of this pass.</param>
/// <param name="Delta">Perturbation [T, H] added to the word embeddings, or null.</param>
/// <param name="TokenTypes">Whether token types are used; false uses zeros.</param>
/// <param name="Tap">Receives (name, tensor) of intermediate results, with the rows that the
/// execution computes; used by InfoBERT and tests.</param>
internal sealed record PassOptions(
    bool Training,
    RandomKey Key,
    Tensor? Delta = null,
    bool TokenTypes = true,
    Action<string, Tensor>? Tap = null
)
{
    /// <summary>
    /// Dropout masks of the pass for execution by operators; created by the encoder.
    /// </summary>
    internal PassMasks? Masks { get; init; }

    /// <summary>
    /// Key of the gates sampled in this pass; null for <see cref="Key"/>. Passes that share dropout
    /// masks still sample gates of their own.
    /// </summary>
    internal RandomKey? GateKey { get; init; }

    /// <summary>
    /// Called in backward with the number of each finished layer: the gradients of its parameters
    /// and of all layers above are then final, for this pass.
    /// </summary>
    internal Action<int>? LayerDone { get; init; }

    /// <summary>Evaluation: no dropout, no perturbation.</summary>
    public static PassOptions Evaluation { get; } = new(Training: false, default);
}

/// <summary>The loss of the passes of one step.</summary>
/// <param name="Terms">Maps cross entropy and logits [B, C] to the loss; null for cross entropy
/// alone.</param>
/// <param name="Share">Factor of the loss: this rank's share of the examples. Losses then sum over
/// ranks to the mean over all examples.</param>
/// <param name="LayerDone">Called in the backward of the last pass with the index of each layer
/// whose gradients are final; or null.</param>
internal sealed record StepLoss(
    Func<Tensor, Tensor, Tensor>? Terms = null,
    double Share = 1,
    Action<int>? LayerDone = null
)
{
    /// <summary>Mean cross entropy of the batch.</summary>
    public static StepLoss CrossEntropy { get; } = new();
}

/// <summary>
/// The tensors of one batch, created once and shared by all passes of a step. With row-sparse word
/// gradients it also owns the leaf that collects them.
/// </summary>
internal sealed class BertInputs
{
    private readonly Tensor? _wordIndex;
    private readonly Tensor? _padRows;
    private BertLayerWeights[]? _rounded;

    /// <summary>
    /// Creates the tensors; <paramref name="training"/> also creates the leaf for the
    /// word-embedding gradient.
    /// </summary>
    public BertInputs(
        PackedBatch batch,
        ParameterStore store,
        BertConfig config,
        Execution execution,
        bool training,
        StepLoss? loss = null
    )
    {
        Batch = batch;
        Loss = loss ?? StepLoss.CrossEntropy;
        var device = execution.Device;
        Ids = torch.vector(batch.Ids, device);
        Positions = torch.vector(batch.Positions, device);
        Segments = torch.vector(batch.Segments, device);
        Labels = torch.vector(batch.Labels, device);
        ClsRows = torch.vector(Array.ConvertAll(batch.Offsets[..^1], o => (long)o), device);
        if (execution.ByOperators)
            Layout = new PaddedLayout(batch.Offsets, device);
        if (!training || !execution.RowSparseWords)
            return;

        var rows = batch.Ids.Distinct().Order().ToArray();
        var place = new Dictionary<long, long>(rows.Length);
        for (var i = 0; i < rows.Length; i++)
            place[rows[i]] = i;
        using (torch.no_grad())
        {
            WordRows = store[BertParameters.WordEmbeddings].index_select(0, torch.tensor<long>(rows, rows.Length));
        }
        WordRows.requires_grad_(true);
        _wordIndex = torch.tensor<long>(Array.ConvertAll(batch.Ids, id => place[id]), batch.Tokens);
        if (place.ContainsKey(config.PadId))
        {
            _padRows = torch.tensor<bool>(Array.ConvertAll(batch.Ids, id => id == config.PadId), batch.Tokens, 1);
        }
        store.SetRowGradient(BertParameters.WordEmbeddings, new RowGradient(rows, WordRows));
    }

    /// <summary>The batch.</summary>
    public PackedBatch Batch { get; }

    /// <summary>[T] token ids.</summary>
    public Tensor Ids { get; }

    /// <summary>[T] positions.</summary>
    public Tensor Positions { get; }

    /// <summary>[T] token types.</summary>
    public Tensor Segments { get; }

    /// <summary>[B] classes.</summary>
    public Tensor Labels { get; }

    /// <summary>[B] row of each example's [CLS].</summary>
    public Tensor ClsRows { get; }

    /// <summary>
    /// Layout for padded attention; null when attention kernels work on packed rows.
    /// </summary>
    public PaddedLayout? Layout { get; }

    /// <summary>
    /// Leaf [U, H] of this batch's distinct word-embedding rows, or null when the gradient is
    /// dense.
    /// </summary>
    public Tensor? WordRows { get; }

    /// <summary>The loss of a pass over the batch.</summary>
    public StepLoss Loss { get; }

    /// <summary>
    /// A layer's weights with bfloat16 copies shared by all passes of a step; null if there are
    /// none.
    /// </summary>
    internal BertLayerWeights? RoundedLayer(int layer) => _rounded?[layer];

    /// <summary>
    /// Creates the copies of <see cref="RoundedLayer"/>; without them every pass rounds the
    /// weights.
    /// </summary>
    internal void RoundWeights(BertWeights weights, int layers) =>
        _rounded = [.. Enumerable.Range(0, layers).Select(l => weights.Layer(l).Rounded())];

    /// <summary>
    /// Word embeddings [T, H] of the batch. The [PAD] row never receives a gradient (padding_idx).
    /// </summary>
    public Tensor LookUpWords(ParameterStore store, BertConfig config)
    {
        if (WordRows is null)
            return torch.nn.functional.embedding(store[BertParameters.WordEmbeddings], Ids, config.PadId);
        var words = WordRows.index_select(0, _wordIndex!);
        return _padRows is null ? words : torch.where(_padRows, words.detach(), words);
    }
}
