// Draws from scores, and the +20/-20 scores that stand for a binary mask, against an independent
// implementation (golden folder g6_robust, draw.*). Mutants: one weight more pruned, the largest
// pruned, single weights swapped.
using System.Text.Json;
using RobustTickets.Kernels.Masks;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

[Collection(TorchCollection.Name)]
public sealed class RobustDrawGoldenTests
{
    private const double Logit = 1e-5;

    [SkippableFact]
    public void Draws_prune_what_the_reference_prunes()
    {
        var draws = Draws("draws");
        if (draws.Count == 0)
            throw Golden.Skip("g6_robust: draws");
        foreach (var draw in draws)
        {
            Check(draw, draw.Sparsity, 1).Agrees();
            if (draw.Sparsity is > 0 and < 1)
            {
                Check(draw, draw.Sparsity, -1).Rejects("the largest scores pruned");
                Check(draw, (draw.Pruned + 1) / (double)draw.Elements, 1).Rejects("one weight more");
            }
        }
    }

    [SkippableFact]
    public void Equal_scores_go_in_order_of_place()
    {
        using var scope = torch.scope();
        var scores = new (string, Tensor, long[])[]
        {
            ("a", torch.tensor<float>([2, 1, 1, 1, 3, 1], 2, 3), [2, 3]),
            ("b", torch.tensor<float>([1, 0, -0f, 1], 2, 2), [2, 2]),
        };
        var mask = WeightDraw.ByScore(scores, MaskLayout.Strided, 0.4);
        Assert.Equal([true, false, false, true, true, true], Enumerable.Range(0, 6).Select(i => mask.Matrices[0][i]));
        Assert.Equal([true, false, false, true], Enumerable.Range(0, 4).Select(i => mask.Matrices[1][i]));
    }

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.Padded)]
    public void Scores_of_plus_and_minus_20_are_the_binary_mask(string execution)
    {
        var draws = Draws($"binary masks, {execution}").Where(d => d.Logits is not null).ToList();
        if (draws.Count == 0)
            throw Golden.Skip("g6_robust: logits under a drawn mask");
        foreach (var draw in draws)
        {
            using var model = GoldenModel.Classifier(draw.Model).NewClassifier(Executions.Of(execution));
            var ticket = draw.Stored(model);
            Compare(ticket).Agrees();
            if (draw.Sparsity >= 0.3 && execution == Executions.Packed)
                Compare(new WeightMask([.. ticket.Matrices.Select(Inverted)])).Rejects("kept and pruned swapped");

            Comparison Compare(WeightMask mask)
            {
                var comparison = new Comparison($"{draw.Scores} at {draw.Sparsity}, {execution}");
                var batch = GoldenBatch
                    .Read(GoldenTensors.Open(Golden.Required("g6_robust", "forward.safetensors")), "eval.")
                    .Packed;
                var fixedMasks = FixedMasks.Attach(model, mask);
                comparison.Near(
                    "logits under the binary mask",
                    Logits(model, batch, training: false),
                    draw.Logits!,
                    Logit
                );
                var hard = HardConcreteMasks.Attach(model, new HardConcreteOptions(1));
                foreach (var m in mask.Matrices)
                    for (var i = 0; i < m.Count; i++)
                        hard.Scores(m.Site).span<float>()[i] = m[i] ? 20 : -20;
                comparison.Near("logits of +20/-20 scores", Logits(model, batch, training: false), draw.Logits!, Logit);
                comparison.Near(
                    "logits of sampled +20/-20 scores",
                    Logits(model, batch, training: true),
                    draw.Logits!,
                    Logit
                );
                hard.Detach();
                return comparison;
            }
        }
    }

    private static float[] Logits(BertForSequenceClassification model, PackedBatch batch, bool training)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var pass = training ? new PassOptions(true, RandomKey.FromSeed(3)) : PassOptions.Evaluation;
        return model.Forward(model.Prepare(batch, training: false), pass).to_array();
    }

    private static MatrixMask Inverted(MatrixMask m)
    {
        var words = new ulong[m.Words.Length];
        for (var i = 0L; i < m.Count; i++)
            if (!m[i])
                words[i >> 6] |= 1UL << (int)(i & 63);
        return new MatrixMask(m.Site, m.Rows, m.Columns, words);
    }

    // Where equal scores lie at the threshold the reference took what its library happened to
    // choose: counts, and what lies strictly below and above, are checked there.
    private static Comparison Check(Draw draw, double sparsity, float sign)
    {
        using var scope = torch.scope();
        var comparison = new Comparison($"{draw.Scores} at {draw.Sparsity}");
        var scores = draw
            .Sites.Select(site =>
                (site, Scores: draw.File.Floats($"scores.{draw.Scores}.{site}.mask"), Shape: draw.Shape(site))
            )
            .ToArray();
        var mask = WeightDraw.ByScore(
            [
                .. scores.Select(s =>
                    (s.site, torch.tensor<float>(Array.ConvertAll(s.Scores, x => x * sign), s.Shape), s.Shape)
                ),
            ],
            MaskLayout.Strided,
            sparsity
        );
        comparison.Same("elements", mask.Count, draw.Elements);
        comparison.Same("pruned", mask.Count - mask.Kept, draw.Pruned);
        if (draw.Sparsity is 0 or 1)
            return comparison;
        var below = draw.Case.GetProperty("strictly_below").GetInt64();
        var upTo = below + draw.Case.GetProperty("equal_to_threshold").GetInt64();
        comparison.Same(
            "pruned up to the recorded threshold",
            mask.Count - mask.Kept >= below && mask.Count - mask.Kept <= upTo,
            true
        );
        foreach (var ((site, values, shape), found) in scores.Zip(mask.Matrices))
        {
            if (!draw.Ambiguous)
            {
                var reference = RobustMasks.Of(draw.File, $"mask.{draw.Name}.{site}.mask", site, shape);
                comparison.Same($"mask of {site}", found.Words.Span.SequenceEqual(reference.Words.Span), true);
                comparison.Same(
                    $"pruned in {site}",
                    found.Count - found.Kept,
                    draw.Case.GetProperty("pruned_per_module").GetProperty($"{site}.mask").GetInt64()
                );
                continue;
            }
            var wrong = Enumerable
                .Range(0, values.Length)
                .Count(i =>
                    Sigmoid(values[i]) is var p
                    && ((p < draw.Threshold && found[i]) || (p > draw.Threshold && !found[i]))
                );
            comparison.Same($"weights of {site} on the wrong side of the threshold", wrong, 0);
        }
        return comparison;
    }

    /// <summary>
    /// float32 sigmoid as the reference ranks it; the margin keeps roundings of two libraries from
    /// telling equal values apart.
    /// </summary>
    private static double Sigmoid(float a) => Math.Round(1 / (1 + Math.Exp(-(double)a)), 6);

    private static IReadOnlyList<Draw> Draws(string test)
    {
        if (Golden.Folder("g6_robust", "draw.json") is not { } path)
        {
            throw Golden.Skip($"g6_robust {test}");
        }
        var file = GoldenTensors.Open(Path.ChangeExtension(path, ".safetensors"));
        return
        [
            .. JsonDocument.Parse(File.ReadAllText(path)).RootElement.EnumerateArray().Select(e => new Draw(e, file)),
        ];
    }

    /// <summary>One draw of draw.json.</summary>
    private sealed record Draw(JsonElement Case, GoldenTensors File)
    {
        public string Scores => Case.GetProperty("scores").GetString()!;

        public double Sparsity => Case.GetProperty("sparsity").GetDouble();

        public long Elements => Case.GetProperty("elements").GetInt64();

        public long Pruned => Case.GetProperty("pruned").GetInt64();

        public bool Ambiguous => Case.GetProperty("choice_among_equals_is_implementation_defined").GetBoolean();

        public double Threshold => Math.Round(Case.GetProperty("threshold_probability").GetDouble(), 6);

        public string Name => FormattableString.Invariant($"{Scores}.{Sparsity:0.0###}");

        public float[]? Logits => File.Contains($"logits_pm20.{Name}") ? File.Floats($"logits_pm20.{Name}") : null;

        public IEnumerable<string> Sites =>
            Case.GetProperty("pruned_per_module").EnumerateObject().Select(e => e.Name[..^".mask".Length]);

        /// <summary>The model of the searches, whose shapes the scores have.</summary>
        public string Model =>
            MaskSearchOptions.All() is [{ } search, ..] ? search.Model : throw Golden.Skip("g6_robust/search_*");

        public long[] Shape(string site) => File.Shape($"scores.{Scores}.{site}.mask") is var s ? [s[1], s[3]] : [];

        public WeightMask Stored(BertForSequenceClassification model) =>
            new([
                .. FixedMasks
                    .Shapes(model)
                    .Select(s => RobustMasks.Of(File, $"mask.{Name}.{s.Site}.mask", s.Site, s.Shape)),
            ]);
    }
}
