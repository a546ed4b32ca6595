using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Models;

/// <summary>
/// BERT with the masked-language-model head, whose output matrix is the word embedding. Owns its
/// parameters.
/// </summary>
internal sealed class BertForMaskedLM : IDisposable
{
    /// <summary>
    /// A model over a store that it takes ownership of. The tied output matrix needs the dense word
    /// gradient, so rows are not sparse here.
    /// </summary>
    public BertForMaskedLM(ParameterStore store, BertConfig config, Execution execution)
    {
        Store = store;
        store.MoveTo(execution.Device);
        Encoder = new BertEncoder(store, config, execution with { DenseWordGradient = true });
    }

    /// <summary>The parameters, named as in a Hugging Face checkpoint.</summary>
    public ParameterStore Store { get; }

    /// <summary>The encoder below.</summary>
    public BertEncoder Encoder { get; }

    /// <summary>Makes the tensors of a batch.</summary>
    public BertInputs Prepare(PackedBatch batch, bool training) =>
        new(batch, Store, Encoder.Config, Encoder.Execution, training);

    /// <summary>
    /// Scores over the vocabulary [M, V] at the packed rows <paramref name="rows"/> [M]; only those
    /// rows pay for the vocabulary product.
    /// </summary>
    public Tensor Forward(BertInputs inputs, Tensor rows, PassOptions pass)
    {
        var hidden = Encoder.EncodeAll(inputs, pass).index_select(0, rows); // [M, H]
        var dense = Encoder.Weights.Dense(BertParameters.PredictionDense).Apply(hidden);
        var norm = Encoder
            .Weights.Norm(BertParameters.PredictionNorm)
            .Apply(Activations.Apply(Encoder.Config.Activation, dense), Encoder.Config);
        return functional.linear(norm, Encoder.Weights.Embeddings.Words, Store[BertParameters.PredictionBias]);
    }

    /// <inheritdoc/>
    public void Dispose() => Store.Dispose();
}
