// Shape of a BERT encoder, per layer where tickets make layers differ. Mirrors Hugging Face's
// config.json; read and written by Checkpoints.
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

/// <summary>Everything the forward pass needs to know about shapes and constants.</summary>
/// <param name="VocabularySize">Rows of the word embedding.</param>
/// <param name="Hidden">Hidden size H.</param>
/// <param name="HeadSize">Width d_h of one head; H divided by the original number of heads, also in
/// pruned layers.</param>
/// <param name="HeadsPerLayer">Heads left in each layer.</param>
/// <param name="NeuronsPerLayer">FFN neurons left in each layer.</param>
/// <param name="MaxPositions">Rows of the position embedding.</param>
/// <param name="TypeVocabularySize">Rows of the token-type embedding.</param>
/// <param name="Labels">Classes C.</param>
/// <param name="LayerNormEpsilon">Guard inside LayerNorm.</param>
/// <param name="HiddenDropout">Dropout on embeddings, block outputs and the pooled vector.</param>
/// <param name="AttentionDropout">Dropout on attention probabilities.</param>
/// <param name="PadId">Word piece whose embedding row receives no gradient.</param>
/// <param name="InitializerRange">Standard deviation of fresh matrices.</param>
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

    /// <summary>An unpruned encoder.</summary>
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
