// All dropout masks of one pass on a device. Masks are functions of keys (KeyedDropout), so those
// of a group of sites are generated together in 15 kernel launches instead of as many per site.
// Group size is limited by memory.

using RobustTickets.Kernels.Randomness;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Models;

/// <summary>
/// Dropout masks of one pass, created before its first layer, because tensors created within a
/// layer are freed with it.
/// </summary>
internal sealed class PassMasks
{
    private readonly MaskGroups? _hidden;
    private readonly MaskGroups? _attention;
    private readonly double _attentionDropout;

    /// <summary>Creates the masks of a pass over the encoder.</summary>
    /// <param name="inputs">The batch, with its padded layout.</param>
    /// <param name="config">Shapes and probabilities.</param>
    /// <param name="key">Random key of the pass.</param>
    /// <param name="clsOnlyLast">Whether the last layer computes only [CLS] rows.</param>
    internal PassMasks(BertInputs inputs, BertConfig config, RandomKey key, bool clsOnlyLast)
    {
        var (batch, layout) = (inputs.Batch, inputs.Layout!);
        _attentionDropout = config.AttentionDropout;
        if (config.HiddenDropout > 0)
        {
            var sites = new List<(int, RandomKey[])>
            {
                (DropoutSite.Embeddings, KeyedDropout.PackedRows(batch, key, DropoutSite.Embeddings)),
            };
            for (var l = 0; l < config.Layers; l++)
            {
                foreach (var site in (int[])[DropoutSite.AttentionOutput(l), DropoutSite.FeedForwardOutput(l)])
                {
                    sites.Add(
                        (
                            site,
                            Last(l) ? KeyedDropout.ClsRows(batch, key, site) : KeyedDropout.PackedRows(batch, key, site)
                        )
                    );
                }
            }
            _hidden = new MaskGroups(
                layout.Cells.device,
                sites,
                config.Hidden,
                config.HiddenDropout,
                kept => kept.to(DType.Float32).mul_(1.0 / (1.0 - config.HiddenDropout))
            );
        }
        if (config.AttentionDropout > 0)
        {
            var sites = Enumerable
                .Range(0, config.Layers)
                .Where(l => config.HeadsPerLayer[l] > 0)
                .Select(l =>
                    (
                        DropoutSite.AttentionProbabilities(l),
                        KeyedDropout.AttentionRows(batch, key, l, config.HeadsPerLayer[l], Last(l) ? 1 : layout.Longest)
                    )
                );
            _attention = new MaskGroups(
                layout.Cells.device,
                [.. sites],
                layout.Longest,
                config.AttentionDropout,
                kept => kept
            );
        }

        bool Last(int l) => clsOnlyLast && l == config.Layers - 1;
    }

    /// <summary>Applies dropout to x at a site of token rows.</summary>
    internal Tensor Drop(Tensor x, int site) => _hidden is null ? x : x * _hidden.Of(site);

    /// <summary>Attention dropout of a layer, or null.</summary>
    internal AttentionDropout? Attention(int layer) =>
        _attention is null
            ? null
            : new AttentionDropout(_attention.Of(DropoutSite.AttentionProbabilities(layer)), _attentionDropout);

    /// <summary>Masks of several sites with the same number of features per row.</summary>
    private sealed class MaskGroups
    {
        /// <summary>Maximum elements per group, unless a single site has more.</summary>
        private const long MostElements = 1 << 25;

        private readonly Dictionary<int, (int Group, long Start, long Count)> _sites = [];
        private readonly List<(long Start, long Count)> _groups = [];
        private readonly Tensor[] _made;

        internal MaskGroups(
            Device device,
            List<(int Site, RandomKey[] Keys)> sites,
            long features,
            double probability,
            Func<Tensor, Tensor> finish
        )
        {
            long start = 0;
            foreach (var (site, keys) in sites)
            {
                if (_groups.Count == 0 || (_groups[^1].Count + keys.Length) * features > MostElements)
                    _groups.Add((start, 0));
                _sites[site] = (_groups.Count - 1, start - _groups[^1].Start, keys.Length);
                _groups[^1] = (_groups[^1].Start, _groups[^1].Count + keys.Length);
                start += keys.Length;
            }
            using var quiet = torch.no_grad();
            var rows = KeyedRows.On(device, [.. sites.SelectMany(s => s.Keys)]);
            _made =
            [
                .. _groups.Select(group =>
                    finish(KeyedOperators.Kept(rows.Narrow(group.Start, group.Count), features, probability))
                ),
            ];
        }

        internal Tensor Of(int site)
        {
            var (group, start, count) = _sites[site];
            return _made[group].narrow(0, start, count);
        }
    }
}
