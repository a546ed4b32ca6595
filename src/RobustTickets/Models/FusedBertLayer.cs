// One transformer layer from fused operations (Torch.nn.FusedLayers): the default on packed tokens
// where the activation is the erf GELU. BertEncoder's plain layer states the same function op by op
// and is the reference in tests.

using RobustTickets.Kernels.Attention;
using RobustTickets.Kernels.Layers;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Models;

/// <summary>The fused form of <see cref="BertEncoder"/>'s layers.</summary>
internal static class FusedBertLayer
{
    /// <summary>Whether layers of this network run fused.</summary>
    internal static bool Covers(BertConfig config, Execution execution) =>
        execution is { UsesKernels: true, PlainLayers: false } && config.Activation == Activation.Gelu;

    /// <summary>
    /// The dense layers that products read in reduced precision where the execution says so; pooler
    /// and classifier stay in fp32.
    /// </summary>
    internal static IEnumerable<string> DenseLayers(int l) =>
        [
            .. BertParameters.HeadRows(l),
            $"{BertParameters.LayerPrefix(l)}.attention.output.dense",
            BertParameters.NeuronRows(l),
            $"{BertParameters.LayerPrefix(l)}.output.dense",
        ];

    /// <summary>
    /// Layer <paramref name="l"/> of an encoder on x [T, H]; with <paramref name="clsOnly"/> [B, H]
    /// of the [CLS] rows. <paramref name="weight"/> gives the weight in force of a
    /// dense layer by name: a mask may stand between it and the store.
    /// </summary>
    internal static Tensor Run(
        BertEncoder encoder,
        ParameterStore store,
        Func<string, DenseWeight> weight,
        int l,
        Tensor x,
        BertInputs inputs,
        PassOptions pass,
        bool clsOnly
    )
    {
        var (config, precision, batch) = (encoder.Config, encoder.Execution.Precision, inputs.Batch);
        var layer = BertParameters.LayerPrefix(l);
        DenseWeight query = weight($"{layer}.attention.self.query"),
            key = weight($"{layer}.attention.self.key"),
            value = weight($"{layer}.attention.self.value");
        Tensor q,
            k,
            v,
            residual;
        if (clsOnly)
        {
            // [B, H]
            (var one, residual) = FusedLayers.LinearWithResidual(x.index_select(0, inputs.ClsRows), precision, query);
            var both = FusedLayers.Linear(x, precision, key, value);
            (q, k, v) = (one[0], both[0], both[1]);
        }
        else
        {
            (var all, residual) = FusedLayers.LinearWithResidual(x, precision, query, key, value);
            (q, k, v) = (all[0], all[1], all[2]);
        }
        var layout = new AttentionLayout(
            clsOnly ? Enumerable.Range(0, batch.Count + 1).ToArray() : batch.Offsets,
            batch.Offsets,
            batch.ExampleIds
        );
        var context = PackedAttention.Apply(
            q,
            k,
            v,
            encoder.Gates?.Heads[l],
            layout,
            config.HeadsPerLayer[l],
            pass.Training ? config.AttentionDropout : 0,
            pass.Key.Derive(DropoutSite.AttentionProbabilities(l))
        );
        var attended = FusedLayers.Output(
            context,
            weight($"{layer}.attention.output.dense"),
            residual,
            Norm($"{layer}.attention.output.LayerNorm", DropoutSite.AttentionOutput(l)),
            precision
        );
        pass.Tap?.Invoke($"attention_out.{l}", attended);
        var y = FusedLayers.FeedForward(
            attended,
            weight(BertParameters.NeuronRows(l)),
            weight($"{layer}.output.dense"),
            encoder.Gates?.Neurons[l],
            Norm($"{layer}.output.LayerNorm", DropoutSite.FeedForwardOutput(l)),
            precision
        );
        pass.Tap?.Invoke($"hidden.{l + 1}", y);
        return y;

        NormSpec Norm(string name, int site)
        {
            var keys =
                !pass.Training || config.HiddenDropout <= 0 ? []
                : clsOnly ? KeyedDropout.ClsRows(batch, pass.Key, site)
                : KeyedDropout.PackedRows(batch, pass.Key, site);
            return new NormSpec(
                store[BertParameters.Weight(name)],
                store[BertParameters.Bias(name)],
                config.LayerNormEpsilon,
                config.HiddenDropout,
                keys
            );
        }
    }
}
