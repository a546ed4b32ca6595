// Shape of a BERT encoder, with heads and neurons per layer because pruned layers differ. Mirrors
// Hugging Face's config.json; read and written by Checkpoints.
namespace RobustTickets.Models;

/// <summary>Activation of the feed-forward network.</summary>
internal enum Activation
{
    /// <summary>The erf form that BERT uses.</summary>
    Gelu,

    /// <summary>The tanh approximation (<c>gelu_new</c>).</summary>
    GeluNew,

    /// <summary>Rectifier.</summary>
    Relu,
}

/// <summary>Shapes and constants of the forward pass.</summary>
/// <param name="VocabularySize">Rows of the word embedding V.</param>
/// <param name="Hidden">Hidden size H.</param>
/// <param name="HeadSize">Width d_h of one head: H divided by the original number of heads, also in
/// pruned layers.</param>
/// <param name="HeadsPerLayer">Remaining heads in each layer.</param>
/// <param name="NeuronsPerLayer">Remaining FFN neurons in each layer.</param>
/// <param name="MaxPositions">Rows of the position embedding.</param>
/// <param name="TypeVocabularySize">Rows of the token-type embedding.</param>
/// <param name="Labels">Number of classes C.</param>
/// <param name="LayerNormEpsilon">Epsilon of LayerNorm.</param>
/// <param name="HiddenDropout">Dropout on embeddings, block outputs and the pooled vector.</param>
/// <param name="AttentionDropout">Dropout on attention probabilities.</param>
/// <param name="PadId">Token id whose embedding row receives no gradient (padding_idx).</param>
/// <param name="InitializerRange">Standard deviation of newly initialised matrices.</param>
/// <param name="Activation">FFN activation.</param>
internal sealed record BertConfig(
    int VocabularySize,
    int Hidden,
    int HeadSize,
    IReadOnlyList<int> HeadsPerLayer,
    IReadOnlyList<int> NeuronsPerLayer,
    int MaxPositions,
    int TypeVocabularySize,
    int Labels,
    double LayerNormEpsilon = 1e-12,
    double HiddenDropout = 0.1,
    double AttentionDropout = 0.1,
    int PadId = 0,
    double InitializerRange = 0.02,
    Activation Activation = Activation.Gelu
)
{
    /// <summary>Number of layers L.</summary>
    public int Layers => HeadsPerLayer.Count;

    /// <summary>Creates the configuration of an unpruned encoder.</summary>
    public static BertConfig Dense(
        int vocabulary,
        int hidden,
        int layers,
        int heads,
        int intermediate,
        int positions,
        int types,
        int labels
    )
    {
        if (heads <= 0 || hidden % heads != 0)
            throw new ArgumentException($"hidden size {hidden} is not a multiple of the number of heads {heads}");
        return new(
            vocabulary,
            hidden,
            hidden / heads,
            Enumerable.Repeat(heads, layers).ToArray(),
            Enumerable.Repeat(intermediate, layers).ToArray(),
            positions,
            types,
            labels
        );
    }
}
