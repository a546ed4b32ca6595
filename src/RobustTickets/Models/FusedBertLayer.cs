// One transformer layer from fused operations (FusedLayers): the default on packed tokens with the
// erf GELU. BertEncoder's plain layer computes the same function op by op and is the reference in
// tests.

using RobustTickets.Kernels.Attention;
using RobustTickets.Kernels.Layers;
using RobustTickets.Torch;

namespace RobustTickets.Models;

/// <summary>The fused form of <see cref="BertEncoder"/>'s layers.</summary>
internal static class FusedBertLayer
{
    /// <summary>Whether the layers of this network run fused.</summary>
    internal static bool Covers(BertConfig config, Execution execution) =>
        execution is { UsesKernels: true, PlainLayers: false } && config.Activation == Activation.Gelu;

    /// <summary>
    /// Runs layer <paramref name="l"/> of an encoder on x [T, H]; with <paramref name="clsOnly"/>
    /// the result is [B, H], the [CLS] rows.
    /// </summary>
    internal static Tensor Run(
        BertEncoder encoder,
        BertLayerWeights weights,
        int l,
        Tensor x,
        BertInputs inputs,
        PassOptions pass,
        bool clsOnly
    )
    {
        var (config, precision, batch) = (encoder.Config, encoder.Execution.Precision, inputs.Batch);
        var (query, key, value) = (weights.Query, weights.Key, weights.Value);
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
            encoder.Coefficients?.Heads[l],
            layout,
            config.HeadsPerLayer[l],
            pass.Training ? config.AttentionDropout : 0,
            pass.Key.Derive(DropoutSite.AttentionProbabilities(l))
        );
        var attended = FusedLayers.Output(
            context,
            weights.AttentionOutput,
            residual,
            Norm(weights.AttentionNorm, DropoutSite.AttentionOutput(l)),
            precision
        );
        pass.Tap?.Invoke($"attention_out.{l}", attended);
        var y = FusedLayers.FeedForward(
            attended,
            weights.Intermediate,
            weights.Output,
            encoder.Coefficients?.Neurons[l],
            Norm(weights.OutputNorm, DropoutSite.FeedForwardOutput(l)),
            precision
        );
        pass.Tap?.Invoke($"hidden.{l + 1}", y);
        return y;

        NormSpec Norm(NormWeight norm, int site)
        {
            var keys =
                !pass.Training || config.HiddenDropout <= 0 ? []
                : clsOnly ? KeyedDropout.ClsRows(batch, pass.Key, site)
                : KeyedDropout.PackedRows(batch, pass.Key, site);
            return new NormSpec(norm.Weight, norm.Bias, config.LayerNormEpsilon, config.HiddenDropout, keys);
        }
    }
}
