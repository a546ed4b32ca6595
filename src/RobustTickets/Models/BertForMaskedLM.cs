using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Models;

/// <summary>
/// BERT with the masked-language-model head, whose output matrix is tied to the word embedding.
/// Owns its parameters.
/// </summary>
internal sealed class BertForMaskedLM : IDisposable
{
    /// <summary>
    /// Creates a model that takes ownership of the store. The tied output matrix needs a dense
    /// word-embedding gradient, so row-sparse gradients are off.
    /// </summary>
    public BertForMaskedLM(ParameterStore store, BertConfig config, Execution execution)
    {
        Store = store;
        store.MoveTo(execution.Device);
        Encoder = new BertEncoder(store, config, execution with { DenseWordGradient = true });
    }

    /// <summary>The parameters, named as in a Hugging Face checkpoint.</summary>
    public ParameterStore Store { get; }

    /// <summary>The encoder.</summary>
    public BertEncoder Encoder { get; }

    /// <summary>Creates the tensors of a batch.</summary>
    public BertInputs Prepare(PackedBatch batch, bool training) =>
        new(batch, Store, Encoder.Config, Encoder.Execution, training);

    /// <summary>
    /// Logits over the vocabulary [M, V] at the packed rows <paramref name="rows"/> [M]; the
    /// vocabulary product is computed for these rows only.
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
