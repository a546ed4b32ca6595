// BERT on packed tokens [T, H]: embeddings and L layers; only attention uses the example
// boundaries. Layer for layer Hugging Face's BertModel (transformers 4.4.2), plus EarlyRobust's
// slimming coefficients (3.2; docs/methods/early-robust.md).
using RobustTickets.Attacks;
using RobustTickets.Kernels.Attention;
using RobustTickets.Kernels.Dense;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;
using static RobustTickets.Torch.torch.nn;

namespace RobustTickets.Models;

/// <summary>The encoder of a BERT checkpoint; its parameters are in a store.</summary>
internal sealed class BertEncoder(ParameterStore store, BertConfig config, Execution execution)
{
    /// <summary>Model configuration.</summary>
    public BertConfig Config { get; } = config;

    /// <summary>Execution options.</summary>
    public Execution Execution { get; } = Required(execution, config);

    /// <summary>The parameters grouped by module.</summary>
    internal BertWeights Weights { get; } = new(store, config);

    /// <summary>The parameters.</summary>
    internal ParameterStore Store => store;

    /// <summary>
    /// Slimming coefficients during a search, or null: c_H multiplies the attention probabilities
    /// after dropout, c_F the activation before the output projection.
    /// </summary>
    public BertCoefficients? Coefficients { get; set; }

    /// <summary>Weight masks applied in forward passes, or null.</summary>
    public IWeightMasks? Masks { get; set; }

    private static Execution Required(Execution execution, BertConfig config)
    {
        if (
            execution.Precision == MatrixPrecision.Fp32
            || execution.Path == LayerPath.Operators
            || FusedBertLayer.Covers(config, execution)
        )
            return execution;
        throw new RequestException(
            nameof(Execution.Precision),
            "bf16",
            $"layers with the activation {config.Activation}, padded, or not fused compute in fp32; bf16 needs "
                + "packed, fused layers with the erf GELU (hidden_act 'gelu')"
        );
    }

    /// <summary>Hidden states of the last layer for every token [T, H].</summary>
    public Tensor EncodeAll(BertInputs inputs, PassOptions pass)
    {
        if (Execution.Path == LayerPath.PaddedReference)
            return PaddedBert.Encode(this, inputs, pass);
        return Layers(inputs, pass, clsOnly: false);
    }

    /// <summary>Hidden state of [CLS] in the last layer [B, H].</summary>
    public Tensor EncodeCls(BertInputs inputs, PassOptions pass)
    {
        if (!Execution.ClsOnlyLastLayer)
            return EncodeAll(inputs, pass).index_select(0, inputs.ClsRows);
        return Layers(inputs, pass, clsOnly: true);
    }

    /// <summary>
    /// Runs all layers; with <paramref name="clsOnly"/> the last one computes only [CLS] rows.
    /// </summary>
    private Tensor Layers(BertInputs inputs, PassOptions pass, bool clsOnly)
    {
        if (Execution.Path == LayerPath.Operators && pass.Training)
            pass = pass with { Masks = new PassMasks(inputs, Config, pass.Key, clsOnly) };
        var x = Embed(inputs, pass);
        for (var l = 0; l < Config.Layers; l++)
        {
            var rowsOfCls = clsOnly && l == Config.Layers - 1;
            if (pass.LayerDone is { } done)
            {
                var layer = l;
                Autograd.OnGradient(x, () => done(layer));
            }
            if (pass.Tap is not null)
            {
                x = Layer(l, x, inputs, pass, rowsOfCls); // a tap may keep a reference to intermediate tensors
                continue;
            }
            // Autograd keeps the tensors that backward needs; the scope frees the rest.
            using var scope = torch.scope();
            var y = scope.Keep(Layer(l, x, inputs, pass, rowsOfCls));
            x.Dispose();
            x = y;
        }
        return x;
    }

    private Tensor Embed(BertInputs inputs, PassOptions pass)
    {
        using var scope = torch.scope();
        var words = inputs.LookUpWords(store, Config); // [T, H]
        if (pass.Delta is not null)
            words = words + pass.Delta;
        var types = pass.TokenTypes
            ? inputs.Segments
            : torch.zeros([inputs.Batch.Tokens], DType.Int64, Execution.Device);
        var tables = Weights.Embeddings;
        var x = words + tables.Types.index_select(0, types) + tables.Positions.index_select(0, inputs.Positions);
        x = tables.Norm.Apply(x, Config);
        x = Drop(x, inputs, pass, DropoutSite.Embeddings, clsOnly: false);
        scope.Keep(x);
        pass.Tap?.Invoke("hidden.0", x);
        return x;
    }

    /// <summary>
    /// Runs one layer. With <paramref name="clsOnly"/> the result has only the [CLS] rows; keys and
    /// values still come from all tokens.
    /// </summary>
    private Tensor Layer(int l, Tensor x, BertInputs inputs, PassOptions pass, bool clsOnly)
    {
        if (FusedBertLayer.Covers(Config, Execution))
            return FusedBertLayer.Run(this, WeightsOf(l, inputs, pass), l, x, inputs, pass, clsOnly);
        if (Execution.Autocast is not { } dtype)
            return Plain(l, x, inputs, pass, clsOnly);
        using var rounded = torch.autocast(Execution.Device, dtype);
        return Plain(l, x, inputs, pass, clsOnly);
    }

    private Tensor Plain(int l, Tensor x, BertInputs inputs, PassOptions pass, bool clsOnly)
    {
        var w = Weights.Layer(l, Masks, pass);
        var asking = clsOnly ? x.index_select(0, inputs.ClsRows) : x; // [B, H] or [T, H]
        var context = Attend(l, w.Query.Apply(asking), w.Key.Apply(x), w.Value.Apply(x), inputs, pass, clsOnly);
        var attended = Drop(w.AttentionOutput.Apply(context), inputs, pass, DropoutSite.AttentionOutput(l), clsOnly);
        attended = w.AttentionNorm.Apply(attended + asking, Config);
        pass.Tap?.Invoke($"attention_out.{l}", attended);

        var activated = Activations.Apply(Config.Activation, w.Intermediate.Apply(attended)); // [., F]
        if (Coefficients?.Neurons[l] is { } c)
            activated = activated * c;
        var fed = Drop(w.Output.Apply(activated), inputs, pass, DropoutSite.FeedForwardOutput(l), clsOnly);
        var y = w.OutputNorm.Apply(fed + attended, Config);
        pass.Tap?.Invoke($"hidden.{l + 1}", y);
        return y;
    }

    private Tensor Attend(
        int l,
        Tensor query,
        Tensor key,
        Tensor value,
        BertInputs inputs,
        PassOptions pass,
        bool clsOnly
    )
    {
        var (heads, batch) = (Config.HeadsPerLayer[l], inputs.Batch);
        if (inputs.Layout is { } padded)
            return PaddedAttention.Apply(
                query,
                key,
                value,
                Coefficients?.Heads[l],
                padded,
                heads,
                heads == 0 ? null : pass.Masks?.Attention(l),
                clsOnly
            );
        var layout = new AttentionLayout(
            clsOnly ? Enumerable.Range(0, batch.Count + 1).ToArray() : batch.Offsets,
            batch.Offsets,
            batch.ExampleIds
        );
        return PackedAttention.Apply(
            query,
            key,
            value,
            Coefficients?.Heads[l],
            layout,
            heads,
            pass.Training ? Config.AttentionDropout : 0,
            pass.Key.Derive(DropoutSite.AttentionProbabilities(l))
        );
    }

    /// <summary>
    /// Weights of a fused layer: masked, or rounded once per step for all its passes, or unchanged.
    /// </summary>
    private BertLayerWeights WeightsOf(int l, BertInputs inputs, PassOptions pass)
    {
        if (Masks is null && inputs.RoundedLayer(l) is { } rounded)
            return rounded;
        var weights = Weights.Layer(l, Masks, pass);
        return Execution.Precision == MatrixPrecision.Bf16 ? weights.Rounded() : weights;
    }

    private Tensor Drop(Tensor x, BertInputs inputs, PassOptions pass, int site, bool clsOnly)
    {
        if (!pass.Training || Config.HiddenDropout <= 0)
            return x;
        if (pass.Masks is { } masks)
            return masks.Drop(x, site);
        var keys = clsOnly
            ? KeyedDropout.ClsRows(inputs.Batch, pass.Key, site)
            : KeyedDropout.PackedRows(inputs.Batch, pass.Key, site);
        return KeyedDropout.Apply(x, keys, Config.HiddenDropout);
    }
}

/// <summary>Activation functions of the feed-forward network.</summary>
internal static class Activations
{
    internal static Tensor Apply(Activation activation, Tensor x) =>
        activation switch
        {
            Activation.Gelu => functional.gelu(x),
            // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
            Activation.GeluNew => x * 0.5 * (((x + (x.pow(3) * 0.044715)) * Math.Sqrt(2 / Math.PI)).tanh() + 1.0),
            Activation.Relu => x.relu(),
            _ => throw new ArgumentOutOfRangeException(
                nameof(activation),
                activation,
                "expected gelu, gelu_new or relu"
            ),
        };
}
