// Distances between masks and the step that the released rule chooses (golden folder g4_masks), off
// line as recorded and on line as our searches decide. Mutants: masks of the record one step
// earlier (what the draw uses, but not the distances), four later masks instead of five.
using System.Text.Json;
using RobustTickets.Testing;
using RobustTickets.Tickets;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

public sealed class StopGoldenTests
{
    private const int MiniEpochs = 20;
    private const int Next = 5;
    private const double DistanceTolerance = 1e-7;

    [SkippableFact]
    public void Distance_matrices_agree()
    {
        if (Open("distance matrices") is not var (file, rows))
            return;
        Compare(0).Agrees();
        Compare(1).Rejects("masks of the record one step earlier");

        Comparison Compare(int earlier)
        {
            var comparison = new Comparison("distance matrices");
            foreach (var row in rows)
            {
                var key = row.GetProperty("key").GetString()!;
                var masks = Masks(file, row, earlier);
                double[] heads = file.Doubles($"dist_heads.{key}"),
                    neurons = file.Doubles($"dist_neurons.{key}");
                for (var g1 = 0; g1 < MiniEpochs; g1++)
                {
                    for (var g2 = 0; g2 < MiniEpochs; g2++)
                    {
                        var found = g1 <= g2 ? MaskDistance.Between(masks[g1], masks[g2]) : default;
                        comparison.Near(
                            $"heads {g1}, {g2} of {key}",
                            found.Heads,
                            heads[(g1 * MiniEpochs) + g2],
                            DistanceTolerance
                        );
                        comparison.Near(
                            $"neurons {g1}, {g2} of {key}",
                            found.Neurons,
                            neurons[(g1 * MiniEpochs) + g2],
                            DistanceTolerance
                        );
                    }
                }
            }
            return comparison;
        }
    }

    [SkippableFact]
    public void The_released_rule_chooses_the_recorded_step()
    {
        if (Open("chosen steps") is not var (file, rows))
            return;
        Compare(Next).Agrees();
        Compare(Next - 1).Rejects("four later masks instead of five");

        Comparison Compare(int next)
        {
            var comparison = new Comparison("chosen steps");
            foreach (var row in rows)
            {
                var masks = Masks(file, row, 0);
                var steps = row.GetProperty("all_steps").GetInt32();
                foreach (var choice in row.GetProperty("chosen").EnumerateArray())
                {
                    var epsilon = choice.GetProperty("epsilon").GetDouble();
                    var wanted = choice.GetProperty("chosen_slimming_coef_step");
                    var reference = wanted.ValueKind == JsonValueKind.Null ? (int?)null : wanted.GetInt32();
                    var anchor = StopRule.Anchor(masks, epsilon, next);
                    var name = $"{row.GetProperty("key").GetString()}, epsilon {epsilon}";
                    comparison.Same(name, anchor is { } g ? steps * g / MiniEpochs : (int?)null, reference);
                    comparison.Same($"{name}, on line", OnLine(masks, new AnchorStop(epsilon, next)), anchor);
                }
            }
            return comparison;
        }
    }

    [SkippableFact]
    public void Distances_of_single_pairs_agree()
    {
        if (Golden.Folder("g4_masks", "pair_distances.jsonl") is not { } path)
        {
            throw Golden.Skip("g4_masks pair distances");
        }
        var file = GoldenTensors.Open(Golden.Required("g4_masks", "matrices.safetensors"));
        var rows = File.ReadLines(path)
            .Where(line => line.Length > 0)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToArray();
        Compare(0).Agrees();
        Compare(1).Rejects("the second record one step earlier");

        Comparison Compare(int earlier)
        {
            var comparison = new Comparison("pair distances");
            foreach (var row in rows)
            {
                var records = GoldenRecords.Open(row.GetProperty("records").GetString()!, file);
                var global = row.GetProperty("method").GetString() == "global";
                var ratio = row.GetProperty("ratio").GetDouble();
                var options = new DrawOptions(
                    ratio,
                    ratio,
                    global ? HeadScope.ModifiedGlobal : HeadScope.Layerwise,
                    global ? NeuronScope.Global : NeuronScope.Layerwise,
                    TieRule.StrictQuantile
                );
                StructuredMask a = Draw("index1", 0),
                    b = Draw("index2", earlier);
                var found = MaskDistance.Between(a, b);
                comparison.Near(
                    $"heads of {row}",
                    found.Heads,
                    row.GetProperty("heads_normalised").GetDouble(),
                    DistanceTolerance
                );
                comparison.Near(
                    $"neurons of {row}",
                    found.Neurons,
                    row.GetProperty("neurons_normalised").GetDouble(),
                    DistanceTolerance
                );
                comparison.Near(
                    $"differing heads of {row}",
                    found.Heads * a.Heads.Sum(l => l.Length),
                    row.GetProperty("heads_differing").GetInt32(),
                    1e-6
                );
                comparison.Near(
                    $"differing neurons of {row}",
                    found.Neurons * a.Neurons.Sum(l => l.Length),
                    row.GetProperty("neurons_differing").GetInt32(),
                    1e-6
                );

                StructuredMask Draw(string index, int back)
                {
                    var step = Math.Max(0, row.GetProperty(index).GetInt32() - back);
                    return DrawRule.Draw(new CoefficientSnapshot(records.Heads(step), records.Neurons(step)), options);
                }
            }
            return comparison;
        }
    }

    /// <summary>
    /// The masks at every twentieth of the recorded steps. The released code counts layer-wise
    /// heads as never differing, so they are left out then.
    /// </summary>
    private static StructuredMask[] Masks(GoldenTensors file, JsonElement row, int earlier)
    {
        var records = GoldenRecords.Open(row.GetProperty("records").GetString()!, file);
        var layerwise = row.GetProperty("self_method").GetString() == "layerwise";
        var options = new DrawOptions(
            row.GetProperty("self_ratio").GetDouble(),
            row.GetProperty("inter_ratio").GetDouble(),
            layerwise ? HeadScope.Layerwise : HeadScope.ModifiedGlobal,
            row.GetProperty("inter_method").GetString() == "global" ? NeuronScope.Global : NeuronScope.Layerwise,
            TieRule.StrictQuantile
        );
        var steps = row.GetProperty("all_steps").GetInt32();
        return
        [
            .. Enumerable
                .Range(0, MiniEpochs)
                .Select(g =>
                {
                    var step = Math.Max(0, (steps * g / MiniEpochs) - earlier);
                    var mask = DrawRule.Draw(
                        new CoefficientSnapshot(records.Heads(step), records.Neurons(step)),
                        options
                    );
                    return layerwise ? mask with { Heads = [] } : mask;
                }),
        ];
    }

    /// <summary>
    /// The anchor that a search would have drawn from, which decides as soon as it can and never
    /// later.
    /// </summary>
    private static int? OnLine(StructuredMask[] masks, AnchorStop rule)
    {
        for (var seen = 1; seen <= masks.Length; seen++)
        {
            if (StopRule.Decide(rule, masks[..seen]) is not { } decision)
                continue;
            return seen == decision.DrawIndex + rule.Next + 1 ? decision.DrawIndex : -1;
        }
        return null;
    }

    private static (GoldenTensors File, JsonElement[] Rows)? Open(string test)
    {
        if (Golden.Folder("g4_masks", "chosen_steps.json") is not { } path)
        {
            throw Golden.Skip($"g4_masks {test}");
        }
        var rows = JsonDocument.Parse(File.ReadAllText(path)).RootElement.EnumerateArray().ToArray();
        Assert.NotEmpty(rows);
        return (GoldenTensors.Open(Golden.Required("g4_masks", "matrices.safetensors")), rows);
    }
}
