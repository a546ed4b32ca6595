using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Layers;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Models;

/// <summary>
/// BERT with pooler and linear classifier: classifier(dropout(tanh(pooler([CLS])))). Owns its
/// parameters.
/// </summary>
internal sealed class BertForSequenceClassification : IDisposable
{
    private string[]? _matrices;

    /// <summary>
    /// Creates a model that takes ownership of the store and moves it to the execution's device.
    /// </summary>
    public BertForSequenceClassification(ParameterStore store, BertConfig config, Execution execution)
    {
        Store = store;
        store.MoveTo(execution.Device);
        Encoder = new BertEncoder(store, config, execution);
    }

    /// <summary>The parameters, named as in a Hugging Face checkpoint.</summary>
    public ParameterStore Store { get; }

    /// <summary>The encoder.</summary>
    public BertEncoder Encoder { get; }

    /// <summary>Model configuration.</summary>
    public BertConfig Config => Encoder.Config;

    /// <summary>Execution options.</summary>
    public Execution Execution => Encoder.Execution;

    /// <summary>
    /// Creates the tensors of a batch; for training also the leaf for the word-embedding gradient.
    /// </summary>
    /// <param name="batch">The packed batch.</param>
    /// <param name="training">Whether gradients are computed.</param>
    /// <param name="loss">The loss of its passes; null: cross entropy.</param>
    public BertInputs Prepare(PackedBatch batch, bool training, StepLoss? loss = null)
    {
        // Masked weights are not leaf tensors: their gradients are not accumulated in place.
        if (training && Encoder.Masks is null && FusedBertLayer.Covers(Config, Execution))
            FusedLayers.ReserveGradients(Store, _matrices ??= Matrices());
        var inputs = new BertInputs(batch, Store, Config, Execution, training, loss);
        if (Execution is { Precision: MatrixPrecision.Bf16, UsesKernels: true } && Encoder.Masks is null)
            inputs.RoundWeights(Encoder.Weights, Config.Layers);
        return inputs;
    }

    private string[] Matrices() =>
        [.. Encoder.Weights.Names.SelectMany(layer => layer.Dense).Select(BertParameters.Weight)];

    /// <summary>Logits [B, C].</summary>
    public Tensor Forward(BertInputs inputs, PassOptions pass)
    {
        var cls = Encoder.EncodeCls(inputs, pass); // [B, H]
        var pooled = Encoder.Weights.Dense(BertParameters.Pooler, Encoder.Masks, pass).Apply(cls).tanh();
        pass.Tap?.Invoke("pooled", pooled);
        if (pass.Training && Config.HiddenDropout > 0)
        {
            pooled = KeyedDropout.Apply(
                pooled,
                KeyedDropout.ClsRows(inputs.Batch, pass.Key, DropoutSite.Pooled),
                Config.HiddenDropout
            );
        }
        return Encoder.Weights.Dense(BertParameters.Classifier).Apply(pooled);
    }

    /// <summary>
    /// Mean cross entropy of logits [B, C] against the batch's labels, with the additional loss
    /// terms (<see cref="StepLoss.Terms"/>), times this rank's share.
    /// </summary>
    public static Tensor Loss(Tensor logits, BertInputs inputs)
    {
        var crossEntropy = functional.cross_entropy(logits, inputs.Labels);
        var minimised = inputs.Loss.Terms is { } loss ? loss(crossEntropy, logits) : crossEntropy;
        return inputs.Loss.Share == 1 ? minimised : minimised * inputs.Loss.Share;
    }

    /// <summary>The loss of one pass (<see cref="Loss(Tensor, BertInputs)"/>).</summary>
    public Tensor Loss(BertInputs inputs, PassOptions pass) => Loss(Forward(inputs, pass), inputs);

    /// <summary>
    /// Sets which parameters are trained. The word embedding's gradient is row-sparse if the
    /// execution says so.
    /// </summary>
    public void Train(Func<string, bool> wanted) =>
        Store.RequireGradient(name =>
            wanted(name) && !(Execution.RowSparseWords && name == BertParameters.WordEmbeddings)
        );

    /// <inheritdoc/>
    public void Dispose() => Store.Dispose();
}
