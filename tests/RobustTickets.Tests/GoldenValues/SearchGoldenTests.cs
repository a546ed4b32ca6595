// EarlyRobust's searching stage, step by step, against recorded runs of an independent
// implementation (golden folder g3_search). Mutants: torch's AdamW instead of Hugging Face's, an
// adversary that descends.
using System.Text.Json;
using RobustTickets.Models;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

[Collection(TorchCollection.Name)]
public sealed class SearchGoldenTests
{
    // The README of g3_search: early steps see float noise alone, later ones what Adam made of it.
    private const double EarlyLoss = 2e-5,
        Loss = 2e-4,
        Norm = 2e-3,
        Coefficient = 1e-5,
        EarlyLogit = 1e-5,
        Logit = 2e-4,
        GradientTolerance = 5e-6,
        FinalShare = 2e-5;
    private const int EarlySteps = 5,
        EarlyUpdates = 3;

    private const int EnoughSteps = 12;

    [SkippableFact]
    public void Every_recorded_search_is_repeated_to_its_end()
    {
        var searches = Searches("trajectories");
        foreach (var search in searches)
            Compare(search, Executions.Packed, search.Steps).Agrees();
    }

    [SkippableTheory]
    [InlineData(Executions.PackedAllRows)]
    [InlineData(Executions.Padded)]
    public void The_other_ways_of_execution_repeat_the_first_steps(string execution)
    {
        foreach (var search in Searches($"trajectories, {execution}"))
            Compare(search, execution, Math.Min(5, search.Steps)).Agrees();
    }

    [SkippableFact]
    public void Mutants_are_noticed()
    {
        var (adversaries, optimizers, parted) = (0, 0, 0);
        foreach (var search in Searches("mutants"))
        {
            // The two optimisers part where gradients are tiny, which takes some steps to show, and
            // need not happen in every search.
            var torchs = search with
            {
                Optimizer = search.Optimizer with { Flavor = AdamWFlavor.Torch },
            };
            if (search.Steps >= EnoughSteps)
            {
                parted += Compare(torchs, Executions.Packed, EnoughSteps).Differences > 0 ? 1 : 0;
                optimizers++;
            }
            var descends = search with { Adversary = search.Adversary with { StepSize = -search.Adversary.StepSize } };
            if (search.Adversary.Steps > 1)
            {
                Compare(descends, Executions.Packed, Math.Min(EarlyUpdates, search.Steps))
                    .Rejects("an adversary that descends");
                adversaries++;
            }
        }
        Assert.True(
            optimizers == 0 || parted > 0,
            $"torch's AdamW passes in all {optimizers} searches of {EnoughSteps} steps or more"
        );
        if (adversaries + optimizers == 0)
            throw Golden.Skip("g3_search: a search that mutants show in");
    }

    private static IReadOnlyList<RecordedSearch> Searches(string test)
    {
        var searches = RecordedSearch.All();
        if (searches.Count == 0)
            throw Golden.Skip($"g3_search {test}");
        return searches;
    }

    private static Comparison Compare(RecordedSearch search, string execution, int steps)
    {
        var comparison = new Comparison($"{search.Name}, {execution}");
        var run = SearchTrajectory.Run(search, Executions.Of(execution), steps);
        var record = search.Record;
        double[] total = record.Doubles("total_loss"),
            norms = record.Doubles("grad_norm_before_clip"),
            rates = record.Doubles("lr");
        var passes = record.Shape("adv_losses")[1];
        var losses = record.Doubles("adv_losses");
        for (var step = 0; step < steps; step++)
        {
            var (found, at) = (run.Steps[step], $" of step {step}");
            var tolerance = step < EarlySteps ? EarlyLoss : Loss;
            comparison.Same("passes" + at, found.PassLosses.Count, passes);
            for (var t = 0; t < Math.Min(passes, found.PassLosses.Count); t++)
                comparison.Near($"loss of pass {t}" + at, found.PassLosses[t], losses[(step * passes) + t], tolerance);
            comparison.Near("total loss" + at, found.Report.Loss, total[step], tolerance);
            comparison.Near("gradient norm" + at, found.Report.GradientNorm, norms[step], Norm);
            comparison.NearRelative("learning rate" + at, found.Report.LearningRate, rates[step], 1e-12, 1e-18);
            Coefficients(comparison, "head coefficients" + at, record, "self_coef", step, found.Coefficients.Heads);
            Coefficients(
                comparison,
                "neuron coefficients" + at,
                record,
                "inter_coef",
                step,
                found.Coefficients.Neurons
            );
            if (found.ClippedGradients is { } gradients)
                ClippedGradients(comparison, search, step, gradients);
        }
        foreach (var (updates, logits) in run.EvaluationLogits)
        {
            comparison.Near(
                $"logits after {updates} updates",
                logits,
                record.Floats($"eval_logits.{updates:000}"),
                updates <= EarlyUpdates ? EarlyLogit : Logit
            );
        }
        if (steps == search.Steps)
            Final(comparison, search, run);
        return comparison;
    }

    private static void Coefficients(
        Comparison comparison,
        string name,
        GoldenTensors record,
        string tensor,
        int step,
        float[][] found
    )
    {
        var reference = GoldenRecords.At(record, tensor, step);
        for (var l = 0; l < found.Length; l++)
            comparison.Near($"{name}, layer {l}", found[l], reference[l], Coefficient);
    }

    private static void ClippedGradients(
        Comparison comparison,
        RecordedSearch search,
        int step,
        IReadOnlyDictionary<string, float[]> found
    )
    {
        int layers = search.Record.Shape("self_coef")[0];
        Check("self", BertParameters.HeadCoefficients);
        Check("inter", BertParameters.NeuronCoefficients);
        using var stats = JsonDocument.Parse(File.ReadAllText(search.FileOf("clipped_grad_l2.json")));
        foreach (
            var entry in stats
                .RootElement.GetProperty($"{step}")
                .EnumerateObject()
                .Where(e => !Gradients.IsNoise(e.Name))
        )
        {
            comparison.NearRelative(
                $"l2 of the clipped gradient of {entry.Name}, step {step}",
                Gradients.L2(found[entry.Name]),
                entry.Value.GetDouble(),
                1e-4,
                GradientTolerance
            );
        }

        void Check(string kind, Func<int, string> parameter)
        {
            var reference = search.Record.Floats($"clipped_grad.{kind}.{step:000}");
            var width = reference.Length / layers;
            for (var l = 0; l < layers; l++)
            {
                comparison.Near(
                    $"clipped gradient of {parameter(l)}, step {step}",
                    found[parameter(l)],
                    reference.AsSpan(l * width, width),
                    GradientTolerance
                );
            }
        }
    }

    private static void Final(Comparison comparison, RecordedSearch search, SearchTrajectory run)
    {
        using var stats = JsonDocument.Parse(File.ReadAllText(search.FileOf("final_param_stats.json")));
        foreach (var entry in stats.RootElement.EnumerateObject().Where(e => !Gradients.IsNoise(e.Name)))
        {
            comparison.NearRelative(
                $"final l2 of {entry.Name}",
                Gradients.L2(run.Final[entry.Name]),
                entry.Value.GetProperty("l2").GetDouble(),
                FinalShare
            );
        }
    }
}
