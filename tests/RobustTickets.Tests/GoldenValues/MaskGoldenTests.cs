// Masks drawn from coefficients against the released code's own functions (golden folder g4_masks):
// exact masks and counts, thresholds to 1e-7. Mutants: the record one step later, absolute values
// instead of signed ones, one unit more.
using System.Globalization;
using System.Text.Json;
using RobustTickets.Testing;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

public sealed class MaskGoldenTests
{
    private const double ThresholdTolerance = 1e-7;

    [SkippableFact]
    public void Masks_of_recorded_searches_are_exact()
    {
        var rows = Rows("masks.jsonl");
        Compare(0).Agrees();
        Compare(1).Rejects("the record one step later, or before the last");

        Comparison Compare(int later)
        {
            var comparison = new Comparison("masks of recorded searches");
            foreach (var row in rows)
            {
                var records = GoldenRecords.Open(row.GetProperty("records").GetString()!, Matrices());
                var step = row.GetProperty("record_index").GetInt32();
                step += step + later < records.Steps ? later : -later;
                Judge(comparison, row, Widen(records.Heads(step)), Widen(records.Neurons(step)), singlePrecision: true);
            }
            return comparison;
        }
    }

    [SkippableFact]
    public void Masks_of_degenerate_coefficients_are_exact_where_the_released_code_returns()
    {
        var rows = Rows("degenerate.jsonl", returns: true);
        var file = GoldenTensors.Open(Golden.Required("g4_masks", "degenerate.safetensors"));
        Compare(x => x).Agrees();
        Compare(Math.Abs).Rejects("absolute values");

        Comparison Compare(Func<double, double> change)
        {
            var comparison = new Comparison("masks of degenerate coefficients");
            foreach (var row in rows)
            {
                var name = row.GetProperty("coefs").GetString()!;
                Judge(
                    comparison,
                    row,
                    Apply(change, Table(file, $"{name}.self")),
                    Apply(change, Table(file, $"{name}.inter")),
                    singlePrecision: true
                );
            }
            return comparison;
        }
    }

    [SkippableFact]
    public void Where_the_released_code_never_returns_every_layer_keeps_a_head_as_large_as_any()
    {
        var rows = Rows("degenerate.jsonl", returns: false);
        var file = GoldenTensors.Open(Golden.Required("g4_masks", "degenerate.safetensors"));
        var emptied = 0;
        foreach (var row in rows)
        {
            var heads = Table(file, $"{row.GetProperty("coefs").GetString()}.self");
            // The mutant keeps what lies above the quantile and no more.
            var quantile = DrawRule.Quantile([.. heads.SelectMany(layer => layer)], Options(row).HeadRatio, true);
            if (heads.Any(layer => layer.All(c => c <= quantile)))
                emptied++;
            foreach (var ties in new[] { TieRule.StrictQuantile, TieRule.Rank })
            {
                var mask = DrawRule.Heads(heads, Options(row) with { Ties = ties }, singlePrecision: true);
                for (var l = 0; l < heads.Length; l++)
                    Assert.True(
                        mask[l].Zip(heads[l]).Any(u => u.First && u.Second == heads[l].Max()),
                        $"{Place(row)}, {ties}: layer {l} lost its largest heads"
                    );
            }
        }
        Assert.True(emptied > 0, "every layer keeps a head above the quantile, so nothing was judged");
    }

    [SkippableFact]
    public void Random_masks_are_exact_for_the_recorded_uniform_numbers()
    {
        var rows = Rows("random_pruning.jsonl");
        Compare(0).Agrees();
        Compare(1).Rejects("one unit more");

        Comparison Compare(int more)
        {
            var comparison = new Comparison("random masks");
            foreach (var row in rows)
            {
                var seed = -row.GetProperty("step_argument").GetInt32();
                var file = GoldenTensors.Open(Golden.Required("g4_masks", $"random_coefs_seed{seed}.safetensors"));
                var (heads, neurons) = (Table(file, "self"), Table(file, "inter"));
                Judge(
                    comparison,
                    row,
                    heads,
                    neurons,
                    singlePrecision: false,
                    o => o with { NeuronRatio = o.NeuronRatio + ((double)more / (neurons.Sum(l => l.Length) - 1)) }
                );
            }
            return comparison;
        }
    }

    [SkippableFact]
    public void Ranking_gives_the_released_masks_wherever_no_two_coefficients_are_equal()
    {
        var rows = Rows("masks.jsonl");
        var comparison = new Comparison("masks by rank");
        foreach (var row in rows)
        {
            var records = GoldenRecords.Open(row.GetProperty("records").GetString()!, Matrices());
            var step = row.GetProperty("record_index").GetInt32();
            var (heads, neurons) = (Widen(records.Heads(step)), Widen(records.Neurons(step)));
            var options = Options(row) with { Ties = TieRule.Rank, MinNeuronsPerLayer = 0 };
            if (RankIsTheQuantile(heads, options.HeadRatio))
                comparison.Same($"heads of {Place(row)}", DrawRule.Heads(heads, options, true), Bits(row, "head_mask"));
            if (RankIsTheQuantile(neurons, options.NeuronRatio))
                comparison.Same(
                    $"neurons of {Place(row)}",
                    DrawRule.Neurons(neurons, options, true),
                    Bits(row, "neuron_mask")
                );
        }
        if (comparison.Compared == 0)
            throw Golden.Skip("g4_masks masks.jsonl: coefficients by which ranking gives the released masks");
        comparison.Agrees();
    }

    [Theory]
    [InlineData(new double[] { 4, 1, 3, 2 }, 0.4, true)]
    [InlineData(new double[] { 4, 1, 3, 2 }, 0.0, false)] // the quantile is the smallest, which is lost
    [InlineData(new double[] { 4, 1, 2, 2 }, 0.4, false)] // two lie at the quantile, and both are lost
    [InlineData(new double[] { 4, 1, 3, 2 }, 1.0, false)] // all are lost; ranking keeps one
    public void Ranking_and_the_quantile_differ_where_they_are_not_compared(double[] c, double ratio, bool same)
    {
        Assert.Equal(same, RankIsTheQuantile([c], ratio));
        var options = new DrawOptions(ratio, ratio, HeadScope.Layerwise, NeuronScope.Layerwise, MinNeuronsPerLayer: 0);
        bool[] Heads(TieRule ties) => DrawRule.Heads([c], options with { Ties = ties }, singlePrecision: true)[0];
        Assert.Equal(same, Heads(TieRule.Rank).SequenceEqual(Heads(TieRule.StrictQuantile)));
    }

    [SkippableFact]
    public void Ranking_removes_exactly_as_many_units_as_asked()
    {
        var rows = Rows("exact_count_masks.jsonl");
        Compare(0).Agrees();
        Compare(1).Rejects("one unit more");

        Comparison Compare(int more)
        {
            var comparison = new Comparison("exact counts");
            foreach (var row in rows)
            {
                var records = GoldenRecords.Open(row.GetProperty("records").GetString()!, Matrices());
                var step = row.GetProperty("index").GetInt32();
                comparison.Same(
                    $"heads of {Place(row)}",
                    Smallest(Widen(records.Heads(step)), row, more),
                    Bits(row, "head_mask")
                );
                comparison.Same(
                    $"neurons of {Place(row)}",
                    Smallest(Widen(records.Neurons(step)), row, more),
                    Bits(row, "neuron_mask")
                );
            }
            return comparison;
        }
    }

    /// <summary>
    /// Drops round-half-even(N * ratio) units by rank: the ratio is chosen so that
    /// <see cref="DrawRule.PrunedCount"/> gives that number.
    /// </summary>
    private static bool[][] Smallest(double[][] c, JsonElement row, int more)
    {
        var layerwise = row.GetProperty("method").GetString() == "layerwise";
        var units = layerwise ? c[0].Length : c.Sum(layer => layer.Length);
        var count = Math.Min(
            units,
            more + (int)Math.Round(units * row.GetProperty("ratio").GetDouble(), MidpointRounding.ToEven)
        );
        var ratio = count == 0 ? 0 : (count - 0.5) / (units - 1);
        Assert.Equal(count, DrawRule.PrunedCount(units, ratio));
        var options = new DrawOptions(
            0,
            ratio,
            NeuronScope: layerwise ? NeuronScope.Layerwise : NeuronScope.Global,
            MinNeuronsPerLayer: 0
        );
        return DrawRule.Neurons(c, options, singlePrecision: true);
    }

    private static void Judge(
        Comparison comparison,
        JsonElement row,
        double[][] heads,
        double[][] neurons,
        bool singlePrecision,
        Func<DrawOptions, DrawOptions>? change = null
    )
    {
        var options = Options(row);
        if (change is not null)
            options = change(options);
        var (keptHeads, keptNeurons) = (
            DrawRule.Heads(heads, options, singlePrecision),
            DrawRule.Neurons(neurons, options, singlePrecision)
        );
        comparison.Same($"heads of {Place(row)}", keptHeads, Bits(row, "head_mask"));
        comparison.Same($"neurons of {Place(row)}", keptNeurons, Bits(row, "neuron_mask"));
        comparison.Same(
            $"heads kept of {Place(row)}",
            keptHeads.Sum(l => l.Count(k => k)),
            row.GetProperty("heads_kept").GetInt32()
        );
        comparison.Same(
            $"neurons kept of {Place(row)}",
            keptNeurons.Sum(l => l.Count(k => k)),
            row.GetProperty("neurons_kept").GetInt32()
        );
        Thresholds("self_threshold_first", heads, options.HeadRatio, options.HeadScope == HeadScope.Layerwise);
        Thresholds("inter_threshold", neurons, options.NeuronRatio, options.NeuronScope == NeuronScope.Layerwise);
        var (rounds, last) =
            options.HeadScope == HeadScope.Layerwise ? (0, heads) : KeepOne(heads, options.HeadRatio, singlePrecision);
        comparison.Same($"rounds of {Place(row)}", rounds, row.GetProperty("keep_one_rounds").GetInt32());
        Thresholds("self_threshold_last", last, options.HeadRatio, options.HeadScope == HeadScope.Layerwise);

        void Thresholds(string name, double[][] c, double ratio, bool layerwise)
        {
            var wanted = row.GetProperty(name).EnumerateArray().ToArray();
            var pools = layerwise
                ? c
                :
                [
                    [.. c.SelectMany(layer => layer)],
                ];
            comparison.Same($"number of {name}", pools.Length, wanted.Length);
            for (var i = 0; i < Math.Min(pools.Length, wanted.Length); i++)
            {
                comparison.Near(
                    $"{name} {i} of {Place(row)}",
                    DrawRule.Quantile(pools[i], ratio, singlePrecision),
                    wanted[i].GetDouble(),
                    ThresholdTolerance
                );
            }
        }
    }

    /// <summary>
    /// The rule by which no layer loses all heads, as the README of g4_masks states it: how often
    /// it was used, and the coefficients of the last threshold.
    /// </summary>
    private static (int Rounds, double[][] Last) KeepOne(double[][] heads, double ratio, bool singlePrecision)
    {
        var work = Array.ConvertAll(heads, layer => (double[])layer.Clone());
        for (var rounds = 0; ; rounds++)
        {
            var threshold = DrawRule.Quantile(work.SelectMany(layer => layer), ratio, singlePrecision);
            var empty = Array.FindIndex(work, layer => layer.All(c => !(c > threshold)));
            if (empty < 0)
                return (rounds, work);
            Assert.True(rounds < heads.Length, "as many rounds as layers leave none empty");
            work[empty][Array.IndexOf(work[empty], work[empty].Max())] = double.PositiveInfinity;
        }
    }

    private static DrawOptions Options(JsonElement row) =>
        new(
            row.GetProperty("self_ratio").GetDouble(),
            row.GetProperty("inter_ratio").GetDouble(),
            row.GetProperty("self_method").GetString() == "global" ? HeadScope.ModifiedGlobal : HeadScope.Layerwise,
            row.GetProperty("inter_method").GetString() == "global" ? NeuronScope.Global : NeuronScope.Layerwise,
            TieRule.StrictQuantile
        );

    private static string Place(JsonElement row) =>
        string.Join(
            ' ',
            row.EnumerateObject()
                .Where(p => p.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                .Select(p => $"{p.Name}={p.Value}")
        );

    private static bool[][] Bits(JsonElement row, string name) =>
        [
            .. row.GetProperty(name)
                .EnumerateArray()
                .Select(layer => layer.GetString()!.Select(bit => bit == '1').ToArray()),
        ];

    /// <summary>
    /// Whether ranking promises what the released code's strict quantile gives, if no layer must
    /// keep a neuron: no two coefficients are equal, and something is pruned and kept.
    /// </summary>
    internal static bool RankIsTheQuantile(double[][] c, double ratio) => ratio is > 0 and < 1 && Distinct(c);

    private static bool Distinct(double[][] c) =>
        c.SelectMany(layer => layer).Distinct().Count() == c.Sum(layer => layer.Length);

    private static double[][] Table(GoldenTensors file, string name)
    {
        var shape = file.Shape(name);
        var values = file.Doubles(name);
        return [.. Enumerable.Range(0, shape[0]).Select(layer => values.AsSpan(layer * shape[1], shape[1]).ToArray())];
    }

    private static double[][] Widen(float[][] c) =>
        Array.ConvertAll(c, layer => Array.ConvertAll(layer, x => (double)x));

    private static double[][] Apply(Func<double, double> change, double[][] c) =>
        Array.ConvertAll(c, layer => Array.ConvertAll(layer, x => change(x)));

    private static GoldenTensors? Matrices() =>
        Golden.Folder("g4_masks", "matrices.safetensors") is { } path ? GoldenTensors.Open(path) : null;

    /// <summary>The rows where the released code returns, or those where it never does.</summary>
    private static JsonElement[] Rows(string file, bool returns)
    {
        var rows = Rows(file).Where(r => returns != r.TryGetProperty("reference", out _)).ToArray();
        return rows.Length > 0 ? rows : throw Golden.Skip($"g4_masks {file}: rows where it returns: {returns}");
    }

    private static JsonElement[] Rows(string file)
    {
        if (Golden.Folder("g4_masks", file) is not { } path)
        {
            throw Golden.Skip(string.Create(CultureInfo.InvariantCulture, $"g4_masks {file}"));
        }
        var rows = File.ReadLines(path)
            .Where(line => line.Length > 0)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToArray();
        Assert.NotEmpty(rows);
        return rows;
    }
}
