// Slicing a ticket out of a model and fine-tuning it against an independent implementation (golden
// folder g5_prune). Mutants: a kept and a dropped head or neuron swapped (cut), another record
// (masks), another momentum (fine-tuning).
using System.Text.Json;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

[Collection(TorchCollection.Name)]
public sealed class PruningGoldenTests
{
    // The README of g5_prune.
    private const double PrunedLogit = 1e-5,
        Loss = 5e-5,
        Logit = 2e-4,
        Norm = 1e-3,
        FinalShare = 2e-5;

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.Padded)]
    public void Cutting_gives_the_recorded_logits_and_counts(string execution)
    {
        foreach (var @case in Cases($"cut, {execution}"))
        {
            var mask = new StructuredMask(@case.Record.Mask("head_mask"), @case.Record.Mask("neuron_mask"));
            Cut(@case, execution, mask).Agrees();
            if (SwapOne(mask.Neurons) is { } neurons)
                Cut(@case, execution, mask with { Neurons = neurons }).Rejects("another neuron kept");
            if (SwapOne(mask.Heads) is { } heads)
                Cut(@case, execution, mask with { Heads = heads }).Rejects("another head kept");
        }
    }

    [SkippableFact]
    public void Masks_are_those_that_the_recorded_coefficients_give()
    {
        var (mutants, told) = (0, 0);
        foreach (var @case in Cases("masks"))
        {
            var records = GoldenRecords.Open(@case.Case.GetProperty("records").GetString()!, null);
            var at = @case.Case.GetProperty("record_index").GetInt32();
            Draw(TieRule.StrictQuantile, at).Agrees();
            if (Draw(TieRule.Rank, at) is { Compared: > 0 } ranked)
                ranked.Agrees();
            // The mutant draws from the first record, or from the last where the first is meant.
            var other = at == 0 ? records.Steps - 1 : 0;
            if (other != at)
            {
                mutants++;
                told += Draw(TieRule.StrictQuantile, other).Differences > 0 ? 1 : 0;
            }

            Comparison Draw(TieRule ties, int step)
            {
                var options = new DrawOptions(
                    @case.Case.GetProperty("self_ratio").GetDouble(),
                    @case.Case.GetProperty("inter_ratio").GetDouble(),
                    @case.Case.GetProperty("self_method").GetString() == "global"
                        ? HeadScope.ModifiedGlobal
                        : HeadScope.Layerwise,
                    @case.Case.GetProperty("inter_method").GetString() == "global"
                        ? NeuronScope.Global
                        : NeuronScope.Layerwise,
                    ties,
                    MinNeuronsPerLayer: 0
                );
                var (heads, neurons) = (records.Heads(step), records.Neurons(step));
                var mask = DrawRule.Draw(new CoefficientSnapshot(heads, neurons), options);
                var comparison = new Comparison($"{@case.Name}, {ties}");
                if (Promised(heads, options.HeadRatio))
                    comparison.Same("heads", mask.Heads, @case.Record.Mask("head_mask"));
                if (Promised(neurons, options.NeuronRatio))
                    comparison.Same("neurons", mask.Neurons, @case.Record.Mask("neuron_mask"));
                return comparison;

                bool Promised(float[][] c, double ratio) =>
                    ties == TieRule.StrictQuantile
                    || MaskGoldenTests.RankIsTheQuantile(
                        Array.ConvertAll(c, layer => Array.ConvertAll(layer, x => (double)x)),
                        ratio
                    );
            }
        }
        Assert.True(mutants == 0 || told > 0, "no case tells that its masks are drawn from another record");
    }

    [SkippableFact]
    public void Fine_tuning_is_repeated_to_its_end()
    {
        foreach (var @case in Trained("fine-tuning"))
        {
            FineTune(@case, Executions.Packed, same => same).Agrees();
            FineTune(@case, Executions.Packed, o => o with { Beta1 = 0.8 }).Rejects("another momentum");
        }
    }

    [SkippableFact]
    public void Fine_tuning_is_repeated_on_the_padded_path()
    {
        foreach (var @case in Trained("fine-tuning, padded").Take(1))
            FineTune(@case, Executions.Padded, same => same).Agrees();
    }

    private static Comparison Cut(PruningCase @case, string execution, StructuredMask mask)
    {
        var comparison = new Comparison($"{@case.Name}, {execution}");
        var evaluation = GoldenBatch.Read(PruningCase.Batches(), "eval.");
        using var dense = GoldenModel.Classifier(@case.Model).NewClassifier(Executions.Of(execution));
        comparison.Near(
            "logits before the cut",
            Logits(dense, evaluation),
            @case.Record.Floats("logits_unpruned"),
            PrunedLogit
        );
        if (@case.SlimmingOn)
            SlimmingCoefficients.Attach(dense);
        Counts(comparison, dense, @case.Case.GetProperty("parameters_before"), "before", []);
        using var ticket = Slicer.Slice(dense, mask);
        if (@case.SlimmingOn)
            SlimmingCoefficients.Attach(ticket);
        comparison.Near(
            "logits after the cut",
            Logits(ticket, evaluation),
            @case.Record.Floats("logits_pruned"),
            PrunedLogit
        );
        Counts(comparison, ticket, @case.Case.GetProperty("parameters_after"), "after", @case.Frozen);
        foreach (var shape in @case.Case.GetProperty("shapes").EnumerateObject())
        {
            comparison.Same(
                $"shape of {shape.Name}",
                string.Join(' ', ticket.Store[shape.Name].shape),
                string.Join(' ', shape.Value.EnumerateArray().Select(s => s.GetInt64()))
            );
        }
        return comparison;
    }

    private static void Counts(
        Comparison comparison,
        BertForSequenceClassification model,
        JsonElement counts,
        string when,
        HashSet<string> frozen
    )
    {
        Same("total", _ => true);
        Same("without_embeddings_module", name => !BertParameters.IsEmbedding(name));
        Same("word_embeddings", name => name == BertParameters.WordEmbeddings);
        Same("encoder_only", name => name.StartsWith("bert.encoder.", StringComparison.Ordinal));
        Same("slimming_coefs", BertParameters.IsCoefficient);
        Same("trainable", name => !frozen.Contains(name));

        void Same(string name, Func<string, bool> where) =>
            comparison.Same(
                $"parameters {when}, {name}",
                model.Store.Count(where),
                counts.GetProperty(name).GetInt64()
            );
    }

    private static Comparison FineTune(
        PruningCase @case,
        string execution,
        Func<OptimizerOptions, OptimizerOptions> change
    )
    {
        var comparison = new Comparison($"fine-tuning of {@case.Name}, {execution}");
        var file = PruningCase.Batches();
        var evaluation = GoldenBatch.Read(file, "eval.");
        var size = file.Shape("input_ids.000")[0];
        var examples = Enumerable
            .Range(0, @case.Steps)
            .SelectMany(step => GoldenBatch.Read(file, "", $".{step:000}", (long)step * size).Examples)
            .ToArray();
        var options = change(@case.Optimizer);
        using var model = Ticket(@case, execution);
        using var optimizer = Trainer.CreateOptimizer(model, options, name => !@case.Frozen.Contains(name));
        var plan = new StagePlan(@case.Name, @case.Steps, @case.Horizon, options, RandomKey.FromSeed(0));
        var trainer = new Trainer(
            model,
            new CleanObjective(),
            examples,
            new BatchSampler(examples.Length, size, shuffle: false, default),
            optimizer,
            plan
        );

        double[] losses = @case.Record.Doubles("loss"),
            rates = @case.Record.Doubles("lr"),
            norms = @case.Record.Doubles("grad_norm_before_clip");
        Evaluate(0);
        for (var step = 0; step < @case.Steps; step++)
        {
            var report = trainer.Step(null);
            comparison.Near($"loss of step {step}", report.Loss, losses[step], Loss);
            comparison.NearRelative($"learning rate of step {step}", report.LearningRate, rates[step], 1e-12, 1e-18);
            comparison.Near($"gradient norm of step {step}", report.GradientNorm, norms[step], Norm);
            Evaluate(step + 1);
        }
        using var stats = JsonDocument.Parse(
            File.ReadAllText(Golden.Required("g5_prune", @case.Name, "final_param_stats.json"))
        );
        foreach (var entry in stats.RootElement.EnumerateObject().Where(e => !Gradients.IsNoise(e.Name)))
        {
            comparison.NearRelative(
                $"final l2 of {entry.Name}",
                Gradients.L2(model.Store[entry.Name].to_array()),
                entry.Value.GetProperty("l2").GetDouble(),
                FinalShare
            );
        }
        return comparison;

        void Evaluate(int updates)
        {
            var name = $"eval_logits.{updates:000}";
            if (@case.Record.Contains(name))
                comparison.Near(
                    name,
                    Logits(model, evaluation),
                    @case.Record.Floats(name),
                    updates == 0 ? PrunedLogit : Logit
                );
        }
    }

    private static BertForSequenceClassification Ticket(PruningCase @case, string execution)
    {
        using var dense = GoldenModel.Classifier(@case.Model).NewClassifier(Executions.Of(execution));
        var ticket = Slicer.Slice(
            dense,
            new StructuredMask(@case.Record.Mask("head_mask"), @case.Record.Mask("neuron_mask"))
        );
        if (@case.SlimmingOn)
            SlimmingCoefficients.Attach(ticket);
        return ticket;
    }

    private static float[] Logits(BertForSequenceClassification model, GoldenBatch batch)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        return model.Forward(model.Prepare(batch.Packed, training: false), PassOptions.Evaluation).to_array();
    }

    /// <summary>
    /// The first kept and the first dropped unit of the first layer that has both trade places;
    /// null when no layer has both.
    /// </summary>
    private static bool[][]? SwapOne(bool[][] mask)
    {
        var swapped = Array.ConvertAll(mask, layer => (bool[])layer.Clone());
        var at = Array.FindIndex(swapped, layer => layer.Contains(true) && layer.Contains(false));
        if (at < 0)
            return null;
        (swapped[at][Array.IndexOf(mask[at], true)], swapped[at][Array.IndexOf(mask[at], false)]) = (false, true);
        return swapped;
    }

    private static PruningCase[] Trained(string test) =>
        Cases(test).Where(c => c.Steps > 0).ToArray() is { Length: > 0 } cases
            ? cases
            : throw Golden.Skip($"g5_prune {test}: no case has steps");

    private static IReadOnlyList<PruningCase> Cases(string test)
    {
        var cases = PruningCase.All();
        if (cases.Count == 0)
            throw Golden.Skip($"g5_prune {test}");
        return cases;
    }
}
