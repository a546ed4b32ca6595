// The two bounds of InfoBERT and the random choices in them, as pure functions of tensors and keys,
// so that each can be tested against a plain implementation.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Objectives;

/// <summary>Bounds, partners, order and token selection.</summary>
internal static class InfoBertTerms
{
    /// <summary>mean_i sum_d (y_i - y_r(i))^2 / 2 over the rows of y [n, d].</summary>
    public static Tensor UpperBound(Tensor y, int[] partners)
    {
        var index = torch.vector(Array.ConvertAll(partners, r => (long)r), y.device);
        return (y - y.index_select(0, index)).square().sum() / (2.0 * partners.Length);
    }

    /// <summary>The partner r(i) of every row in a pass.</summary>
    public static int[] Partners(RandomKey step, int pass, int rows)
    {
        var key = step.Derive(RandomStreams.Step.InfoBertPartners).Derive(pass);
        return [.. Enumerable.Range(0, rows).Select(i => key.Below((uint)i, rows))];
    }

    /// <summary>Random key of a pass's order of pairs.</summary>
    public static RandomKey Order(RandomKey step, int pass) =>
        step.Derive(RandomStreams.Step.InfoBertOrder).Derive(pass);

    /// <summary>
    /// Rows of the tokens whose gradient ranks in the middle of their example, with the example of
    /// each; ties in text order.
    /// </summary>
    public static List<(int Row, int Example)> Select(
        PackedBatch batch,
        ReadOnlySpan<float> gradient,
        int hidden,
        double low,
        double high
    )
    {
        var chosen = new List<(int, int)>();
        for (var b = 0; b < batch.Count; b++)
        {
            var (begin, n) = (batch.Offsets[b], batch.Offsets[b + 1] - batch.Offsets[b]);
            var norms = new double[n];
            for (var i = 0; i < n; i++)
                foreach (var g in gradient.Slice((begin + i) * hidden, hidden))
                    norms[i] += (double)g * g;
            var (from, to) = ((int)Math.Ceiling(n * low), Math.Min(n, (int)Math.Ceiling(n * high)));
            if (from < to)
                chosen.AddRange(
                    Enumerable.Range(0, n).OrderBy(i => norms[i]).Take(from..to).Order().Select(i => (begin + i, b))
                );
        }
        return chosen;
    }

    /// <summary>
    /// InfoNCE's lower bound over n pairs: mean_i F(x_i, z_i) - (mean_i logsumexp_j F(x_j, z_i) -
    /// log n).
    /// </summary>
    /// <param name="store">Store that contains the critic.</param>
    /// <param name="x">Token embeddings [n, d].</param>
    /// <param name="z">[CLS] states [n, d].</param>
    public static Tensor LowerBound(ParameterStore store, Tensor x, Tensor z)
    {
        var (paired, all) = InfoBertCritic.Scores(store, x, z);
        return paired.mean() - (all.logsumexp(1).mean() - Math.Log(x.shape[0]));
    }
}
