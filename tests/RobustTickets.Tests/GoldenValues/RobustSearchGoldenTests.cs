// RobusT's mask search and retraining, step by step, against an independent implementation (golden
// folder g6_robust). Mutants: the network frozen or leaking, not as recorded; the ramp on the other
// clock; deterministic gates in training; no mask in retraining.
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
public sealed class RobustSearchGoldenTests
{
    // The README of g6_robust.
    private const double Loss = 1e-5,
        Logit = 1e-5,
        Score = 2e-5,
        Gradient = 1e-7,
        Norm = 1e-5,
        Share = 1e-4;

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.Padded)]
    public void Every_recorded_search_is_repeated_to_its_end(string execution)
    {
        foreach (var search in Searches($"searches, {execution}"))
            Compare(search, MaskTrajectory.Run(search, Executions.Of(execution))).Agrees();
    }

    [SkippableFact]
    public void Mutants_are_noticed()
    {
        foreach (var search in Searches("mutants of the search"))
        {
            Compare(search with { FreezeBase = !search.FreezeBase })
                .Rejects("the network frozen or leaking the other way round");
            // Before the ramp begins, and where it takes no time, its clock does not show.
            var start = search.Options.RampFrom * search.Options.Penalty;
            var begun = search.Record.Doubles("lambda").Any(lambda => Math.Abs(lambda - start) > 1e-6);
            if (begun && search.Options.RampStart + search.Options.RampLength > 0)
                Compare(search with { Options = search.Options with { Ramp = RampClock.Intended } })
                    .Rejects("the ramp on the clock that was meant");
            Compare(search with { Optimizer = search.Optimizer with { ClipValue = search.Optimizer.ClipValue / 1000 } })
                .Rejects("gradients clipped to a thousandth");
            if (search.HasNoise)
                Compare(search with { ConstantNoise = true }).Rejects("gates that are not sampled");
        }

        static Comparison Compare(MaskSearchOptions search) =>
            RobustSearchGoldenTests.Compare(search, MaskTrajectory.Run(search, Executions.Of(Executions.Packed)));
    }

    [SkippableTheory]
    [InlineData(Executions.Packed)]
    [InlineData(Executions.Padded)]
    public void Retraining_a_ticket_is_repeated_to_its_end(string execution)
    {
        if (Golden.Folder("g6_robust", "retrain", "case.json") is not { } path)
        {
            throw Golden.Skip($"g6_robust retrain, {execution}");
        }
        Retrain(path, execution, mask: true, decay: true).Agrees();
        if (execution != Executions.Packed)
            return;
        Retrain(path, execution, mask: false, decay: true).Rejects("the mask dropped");
        Retrain(path, execution, mask: true, decay: false).Rejects("no weight decay");
    }

    private static IReadOnlyList<MaskSearchOptions> Searches(string test)
    {
        var searches = MaskSearchOptions.All();
        if (searches.Count == 0)
            throw Golden.Skip($"g6_robust {test}");
        return searches;
    }

    private static Comparison Compare(MaskSearchOptions search, MaskTrajectory run)
    {
        var comparison = new Comparison($"{search.Name}");
        var record = search.Record;
        double[] total = record.Doubles("total_loss"),
            norms = record.Doubles("grad_norm_before_clip"),
            rates = record.Doubles("lr"),
            lambdas = record.Doubles("lambda");
        double[] penalties = record.Doubles("regularizer"),
            losses = record.Doubles("adv_losses");
        var passes = record.Shape("adv_losses")[1];
        for (var step = 0; step < search.Steps; step++)
        {
            var (found, at) = (run.Steps[step], $" of step {step}");
            comparison.Same("passes" + at, found.PassLosses.Count, passes);
            for (var t = 0; t < Math.Min(passes, found.PassLosses.Count); t++)
                comparison.Near($"loss of pass {t}" + at, found.PassLosses[t], losses[(step * passes) + t], Loss);
            comparison.Near("total loss" + at, found.Report.Loss, total[step], Loss);
            comparison.Near("gradient norm" + at, found.Report.GradientNorm, norms[step], Norm);
            comparison.NearRelative("learning rate" + at, found.Report.LearningRate, rates[step], 1e-12, 1e-18);
            comparison.Near("lambda" + at, found.Lambda, lambdas[step], 1e-7); // the reference holds it in float32
            comparison.Near("penalty" + at, found.Penalty, penalties[step], 1e-5);
            if (search.LeakedNorms is { } leaked)
                comparison.Near("norm of the network's own gradients" + at, found.LeakedNorm, leaked[step], Norm);
            foreach (var (site, l2) in search.GradientNorms(step))
                comparison.NearRelative(
                    $"l2 of the score gradient of {site}" + at,
                    Gradients.L2(found.Gradients[site]),
                    l2,
                    Share,
                    Gradient
                );
            foreach (var (site, reference) in search.StepGradients(step))
                comparison.Near($"score gradient of {site}" + at, found.Gradients[site], reference, Gradient);
        }
        foreach (var (updates, logits) in run.EvaluationLogits)
            comparison.Near(
                $"logits after {updates} updates",
                logits,
                record.Floats($"eval_logits.{updates:000}"),
                Logit
            );
        foreach (var (site, reference) in search.Matching("final_scores."))
            comparison.Near($"final scores of {site}", run.FinalScores[site], reference, Score);
        using var stats = JsonDocument.Parse(File.ReadAllText(search.FileOf("final_param_stats.json")));
        foreach (var entry in stats.RootElement.EnumerateObject())
        {
            var site = entry.Name[..entry.Name.IndexOf(".mask", StringComparison.Ordinal)];
            comparison.NearRelative(
                $"final l2 of the scores of {site}",
                Gradients.L2(run.FinalScores[site]),
                entry.Value.GetProperty("l2").GetDouble(),
                2e-5
            );
        }
        return comparison;
    }

    private static Comparison Retrain(string path, string execution, bool mask, bool decay)
    {
        var comparison = new Comparison($"retraining, {execution}");
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        var c = json.RootElement;
        var record = GoldenTensors.Open(Golden.Required("g6_robust", "retrain", "run.safetensors"));
        int steps = (int)Number("steps"),
            size = (int)Number("bsz");
        var file = GoldenTensors.Open(Golden.Required("g6_robust", "batches.safetensors"));
        var examples = Enumerable
            .Range(0, steps)
            .SelectMany(step => GoldenBatch.Read(file, "", $".{step:000}", (long)step * size).Examples)
            .ToArray();
        var evaluation = GoldenBatch.Read(file, "eval.");
        var options = new OptimizerOptions(
            Number("lr"),
            decay ? Number("weight_decay") : 0,
            Number("warmup_ratio"),
            Clip: c.GetProperty("gradient_clipping").ValueKind == JsonValueKind.Null ? ClipMode.None : ClipMode.Norm,
            Epsilon: Number("adam_epsilon")
        );
        using var model = GoldenModel
            .Classifier(c.GetProperty("model").GetString()!)
            .NewClassifier(Executions.Of(execution));
        if (mask)
            FixedMasks.Attach(model, Ticket(record, model));
        using var optimizer = Trainer.CreateOptimizer(model, options);
        var plan = new StagePlan("retrain", steps, steps, options, RandomKey.FromSeed(0));
        var trainer = new Trainer(
            model,
            new CleanObjective(),
            examples,
            new BatchSampler(examples.Length, size, shuffle: false, default),
            optimizer,
            plan
        );

        double[] losses = record.Doubles("loss"),
            rates = record.Doubles("lr");
        Evaluate(0);
        for (var step = 0; step < steps; step++)
        {
            var report = trainer.Step(null);
            comparison.Near($"loss of step {step}", report.Loss, losses[step], Loss);
            comparison.NearRelative($"learning rate of step {step}", report.LearningRate, rates[step], 1e-12, 1e-18);
            Evaluate(step + 1);
        }
        using var stats = JsonDocument.Parse(
            File.ReadAllText(Golden.Required("g6_robust", "retrain", "final_param_stats.json"))
        );
        foreach (
            var entry in stats
                .RootElement.EnumerateObject()
                .Where(e => model.Store.Contains(e.Name) && !Gradients.IsNoise(e.Name))
        )
        {
            comparison.NearRelative(
                $"final l2 of {entry.Name}",
                Gradients.L2(model.Store[entry.Name].to_array()),
                entry.Value.GetProperty("l2").GetDouble(),
                2e-5
            );
        }
        return comparison;

        double Number(string name) => c.GetProperty(name).GetDouble();

        void Evaluate(int updates)
        {
            var name = $"eval_logits.{updates:000}";
            if (!record.Contains(name))
                return;
            using var quiet = torch.no_grad();
            using var scope = torch.scope();
            comparison.Near(
                name,
                model.Forward(model.Prepare(evaluation.Packed, training: false), PassOptions.Evaluation).to_array(),
                record.Floats(name),
                Logit
            );
        }
    }

    private static WeightMask Ticket(GoldenTensors record, BertForSequenceClassification model) =>
        new([
            .. FixedMasks.Shapes(model).Select(s => RobustMasks.Of(record, $"ticket.{s.Site}.mask", s.Site, s.Shape)),
        ]);
}
