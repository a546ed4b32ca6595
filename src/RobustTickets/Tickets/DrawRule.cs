// Draws masks from coefficients (EarlyRobust 3.3.2; docs/methods/early-robust.md, Draw rule), by
// rank or by the released code's strict quantile; both agree for distinct coefficients.
namespace RobustTickets.Tickets;

/// <summary>Draws structured masks from coefficients.</summary>
internal static class DrawRule
{
    /// <summary>The mask of a snapshot.</summary>
    public static StructuredMask Draw(CoefficientSnapshot coefficients, DrawOptions options) =>
        new(
            Heads(Widen(coefficients.Heads), options, singlePrecision: true),
            Neurons(Widen(coefficients.Neurons), options, singlePrecision: true)
        );

    /// <summary>
    /// Head masks. <paramref name="singlePrecision"/>: the numbers were float32, which affects the
    /// rounding of the released code's quantile.
    /// </summary>
    public static bool[][] Heads(double[][] c, DrawOptions options, bool singlePrecision) =>
        options.HeadScope == HeadScope.Layerwise
            ? Array.ConvertAll(
                c,
                layer =>
                    Cut(
                        [layer],
                        options.HeadRatio,
                        options.Ties,
                        singlePrecision,
                        keepOne: options.Ties == TieRule.Rank,
                        0
                    )[0]
            )
            : Cut(c, options.HeadRatio, options.Ties, singlePrecision, keepOne: true, 0);

    /// <summary>Neuron masks.</summary>
    public static bool[][] Neurons(double[][] c, DrawOptions options, bool singlePrecision)
    {
        var guard = options.Ties == TieRule.Rank ? options.MinNeuronsPerLayer : 0;
        return options.NeuronScope == NeuronScope.Layerwise
            ? Array.ConvertAll(
                c,
                layer => Cut([layer], options.NeuronRatio, options.Ties, singlePrecision, keepOne: false, guard)[0]
            )
            : Cut(c, options.NeuronRatio, options.Ties, singlePrecision, keepOne: false, guard);
    }

    /// <summary>
    /// Number of n units that a ratio prunes: floor(r(n-1))+1, as many as a strict quantile prunes
    /// of distinct values; 0 at ratio 0.
    /// </summary>
    public static int PrunedCount(int n, double ratio) => ratio <= 0 ? 0 : (int)Math.Floor(ratio * (n - 1)) + 1;

    /// <summary>
    /// numpy's linear-interpolated quantile of the values, with its rounding: for float32 data the
    /// difference of neighbours is a float32.
    /// </summary>
    public static double Quantile(IEnumerable<double> values, double q, bool singlePrecision)
    {
        var sorted = values.Order().ToArray();
        var position = (sorted.Length - 1) * q;
        var below = (int)Math.Floor(position);
        var t = position - below;
        var (a, b) = (sorted[below], sorted[Math.Min(below + 1, sorted.Length - 1)]);
        var difference = singlePrecision ? (float)b - (float)a : b - a;
        return t >= 0.5 ? b - (difference * (1 - t)) : a + (difference * t);
    }

    private static bool[][] Cut(double[][] c, double ratio, TieRule ties, bool singlePrecision, bool keepOne, int guard)
    {
        var work = Array.ConvertAll(c, layer => (double[])layer.Clone());
        foreach (var layer in work)
            Exempt(layer, guard);
        while (true)
        {
            var mask = ties == TieRule.Rank ? CutByRank(work, ratio) : CutByQuantile(work, ratio, singlePrecision);
            var empty = keepOne ? Array.FindIndex(mask, layer => layer.Length > 0 && !layer.Contains(true)) : -1;
            if (empty < 0)
                return mask;
            var largest = IndexOfLargest(work[empty]);
            // Infinite or NaN coefficients make the released code loop forever: here the layer's
            // best head is kept nevertheless.
            if (!double.IsFinite(work[empty][largest]))
                return KeepLargestOfEmptyLayers(mask, work);
            work[empty][largest] = double.PositiveInfinity;
        }
    }

    /// <summary>
    /// Prunes the k smallest, ties by (layer, index); exempt units (infinite) are always kept. A
    /// layer that is drawn separately keeps at least one.
    /// </summary>
    private static bool[][] CutByRank(double[][] c, double ratio)
    {
        var units = new List<(double Value, int Layer, int Index)>();
        for (var l = 0; l < c.Length; l++)
        for (var i = 0; i < c[l].Length; i++)
            units.Add((double.IsNaN(c[l][i]) ? double.NegativeInfinity : c[l][i], l, i));
        var mask = Array.ConvertAll(c, layer => Enumerable.Repeat(true, layer.Length).ToArray());
        foreach (var (value, layer, index) in units.Order().Take(PrunedCount(units.Count, ratio)))
        {
            if (!double.IsPositiveInfinity(value))
                mask[layer][index] = false;
        }
        return mask;
    }

    // Keeps values strictly above numpy's quantile. A layer of equal heads that is drawn separately
    // loses them all, as in the released code.
    private static bool[][] CutByQuantile(double[][] c, double ratio, bool singlePrecision)
    {
        var threshold = Quantile(c.SelectMany(layer => layer), ratio, singlePrecision);
        return Array.ConvertAll(c, layer => Array.ConvertAll(layer, value => value > threshold));
    }

    private static void Exempt(double[] layer, int count)
    {
        foreach (
            var (_, index) in layer
                .Select((value, index) => (value, index))
                .OrderByDescending(u => u.value)
                .ThenBy(u => u.index)
                .Take(count)
                .ToArray()
        )
        {
            layer[index] = double.PositiveInfinity;
        }
    }

    private static int IndexOfLargest(double[] layer)
    {
        var best = 0;
        for (var i = 1; i < layer.Length; i++)
            if (layer[i] > layer[best])
                best = i;
        return best;
    }

    private static bool[][] KeepLargestOfEmptyLayers(bool[][] mask, double[][] c)
    {
        for (var l = 0; l < mask.Length; l++)
            if (mask[l].Length > 0 && !mask[l].Contains(true))
                mask[l][IndexOfLargest(c[l])] = true;
        return mask;
    }

    private static double[][] Widen(float[][] c) =>
        Array.ConvertAll(c, layer => Array.ConvertAll(layer, x => (double)x));
}
