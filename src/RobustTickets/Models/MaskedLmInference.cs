// The compiled evaluation path of a masked language model: BertInference, then the head's two
// products in kernels whose rows are independent. The scores at a position depend on that text
// alone, bit for bit. Reference: BertForMaskedLM.

using RobustTickets.Kernels.Inference;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Models;

/// <summary>
/// Forward passes of a frozen masked language model. The store's weights must not change while it
/// is in use.
/// </summary>
internal sealed class MaskedLmInference : IDisposable
{
    private readonly NormWeight _norm;
    private readonly BertConfig _config;
    private readonly BertInference _encoder;
    private readonly PackedWeightFp32 _dense;
    private readonly PackedWeightFp32 _decoder;

    /// <summary>
    /// Packs the matrices of encoder and head. The output matrix is the word embedding.
    /// </summary>
    public MaskedLmInference(ParameterStore store, BertConfig config)
    {
        _config = config;
        var weights = new BertWeights(store, config);
        using var _ = torch.no_grad();
        _encoder = new BertInference(store, config);
        try
        {
            _norm = weights.Norm(BertParameters.PredictionNorm);
            var dense = weights.Dense(BertParameters.PredictionDense);
            _dense = new PackedWeightFp32(dense.Weight, dense.Bias);
            _decoder = new PackedWeightFp32(weights.Embeddings.Words, store[BertParameters.PredictionBias]);
        }
        catch
        {
            _dense?.Dispose();
            _encoder.Dispose();
            throw;
        }
    }

    /// <summary>Hidden states of the last layer [T, H].</summary>
    public Tensor HiddenStates(PackedBatch batch) => _encoder.HiddenStates(batch);

    /// <summary>Logits over the vocabulary [M, V] from hidden states [M, H].</summary>
    public Tensor Scores(Tensor hidden)
    {
        using var scope = torch.scope();
        using var _ = torch.no_grad();
        var dense = torch.empty([hidden.shape[0], _config.Hidden]);
        InferenceKernels.Linear(hidden, _dense, dense, gelu: true);
        var normed = torch.empty(dense.shape);
        InferenceKernels.AddNorm(dense, null, _norm.Weight, _norm.Bias, _config.LayerNormEpsilon, normed);
        var scores = torch.empty([hidden.shape[0], _config.VocabularySize]);
        InferenceKernels.Linear(normed, _decoder, scores);
        return scope.Keep(scores);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _encoder.Dispose();
        _dense.Dispose();
        _decoder.Dispose();
    }
}
