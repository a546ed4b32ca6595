// PGD and FreeLB, step by step, against recorded runs of an independent implementation (golden
// folder g8_adversarial). Mutants: an adversary that descends, one step fewer, no projection, the
// other form of the largest-entry step, and gradients of the ascents that are kept.
using System.Text.Json;
using RobustTickets.Objectives;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

[Collection(TorchCollection.Name)]
public sealed class AdversarialGoldenTests
{
    private const int FewSteps = 4;

    /// <summary>
    /// The README's tolerances; signs of gradients near zero flip with the order of a sum, so their
    /// cases have wider ones.
    /// </summary>
    private sealed record Tolerances(double Loss, double Logit, double Norm, double DeltaLength, double ParameterNorm)
    {
        public static Tolerances Of(AdversarialCase recorded) =>
            recorded.Jumps ? new(5e-4, 3e-3, 1e-2, 2e-3, 1e-4) : new(5e-5, 1e-4, 5e-4, 1e-5, 1e-5);
    }

    private const double FirstDelta = 1e-6,
        FinalShare = 2e-5;

    [SkippableFact]
    public void Every_recorded_case_is_repeated_to_its_end()
    {
        foreach (var recorded in Cases("trajectories"))
            Compare(recorded, recorded.Objective, Executions.Packed, recorded.Steps).Agrees();
    }

    [SkippableTheory]
    [InlineData(Executions.PackedAllRows)]
    [InlineData(Executions.Padded)]
    public void The_other_ways_of_execution_repeat_the_first_steps(string execution)
    {
        foreach (var recorded in Cases($"trajectories, {execution}"))
            Compare(recorded, recorded.Objective, execution, FewSteps).Agrees();
    }

    [SkippableFact]
    public void Pgd_that_goes_backward_through_everything_is_the_same_trajectory()
    {
        var cases = Cases("trajectories, usual pgd").Where(c => c.Objective is PgdOptions).ToList();
        if (cases.Count == 0)
            throw Golden.Skip("g8_adversarial: a case of PGD");
        foreach (var recorded in cases)
        {
            var usual = (PgdOptions)recorded.Objective with { DeltaGradOnly = false };
            Compare(recorded, usual, Executions.Packed, FewSteps).Agrees();
            Compare(recorded, usual with { Steps = usual.Steps + 1 }, Executions.Packed, FewSteps)
                .Rejects("one step more");
        }
    }

    [SkippableFact]
    public void Mutants_are_noticed()
    {
        foreach (var recorded in Cases("mutants"))
        {
            var mutants = Mutants(recorded).ToList();
            Assert.NotEmpty(mutants);
            foreach (var (mutant, objective) in mutants)
                Compare(recorded, objective, Executions.Packed, FewSteps).Rejects(mutant);
        }
    }

    /// <summary>
    /// Deliberate errors, those left out that on the recorded data would change nothing: token
    /// types that are all 0, a ball nobody reaches, a single pass.
    /// </summary>
    private static IEnumerable<(string Name, ObjectiveOptions Objective)> Mutants(AdversarialCase recorded)
    {
        if (recorded.Objective is PgdOptions pgd)
        {
            yield return ("one step fewer", pgd with { Steps = pgd.Steps - 1 });
            yield return ("an adversary that descends", pgd with { StepSize = -pgd.StepSize });
            yield return (
                "gradients of the ascents kept",
                new FreeLbOptions(
                    pgd.Steps,
                    pgd.StepSize,
                    pgd.InitMagnitude,
                    pgd.MaxNorm,
                    pgd.Norm,
                    FreeLbCount.KPlus1,
                    PassTokenTypeIds: false
                )
            );
            if (recorded.HasPairs)
                yield return ("token types passed", pgd with { PassTokenTypeIds = true });
            if (recorded.IsProjected)
                yield return ("no projection", pgd with { MaxNorm = 0 });
            if (Other(pgd.Norm) is { } other)
                yield return ("the other step", pgd with { Norm = other });
        }
        if (recorded.Objective is FreeLbOptions freelb)
        {
            yield return ("one pass more", freelb with { Count = FreeLbCount.KPlus1 });
            if (freelb.Steps == 1)
                yield break;
            yield return ("an adversary that descends", freelb with { StepSize = -freelb.StepSize });
            yield return (
                "gradients of the last pass alone",
                new PgdOptions(
                    freelb.Steps - 1,
                    freelb.StepSize,
                    freelb.InitMagnitude,
                    freelb.MaxNorm,
                    freelb.Norm,
                    PassTokenTypeIds: false
                )
            );
            if (recorded.HasPairs)
                yield return ("token types passed", freelb with { PassTokenTypeIds = true });
            if (recorded.IsProjected)
                yield return ("no projection", freelb with { MaxNorm = 0 });
            if (Other(freelb.Norm) is { } other)
                yield return ("the other step", freelb with { Norm = other });
        }

        static PerturbationNorm? Other(PerturbationNorm norm) =>
            norm switch
            {
                PerturbationNorm.Linf => PerturbationNorm.LinfSign,
                PerturbationNorm.LinfSign => PerturbationNorm.Linf,
                _ => null,
            };
    }

    private static IReadOnlyList<AdversarialCase> Cases(string test)
    {
        var cases = AdversarialCase.All();
        if (cases.Count == 0)
            throw Golden.Skip($"g8_adversarial {test}");
        return cases;
    }

    private static Comparison Compare(AdversarialCase recorded, ObjectiveOptions objective, string execution, int steps)
    {
        var comparison = new Comparison($"{recorded.Name}, {execution}");
        steps = Math.Min(steps, recorded.Steps);
        var run = AdversarialRun.Run(recorded, objective, Executions.Of(execution), steps);
        var (record, tolerance) = (recorded.Record, Tolerances.Of(recorded));
        double[] loss = record.Doubles("loss"),
            norms = record.Doubles("grad_norm_before_clip"),
            rates = record.Doubles("lr"),
            lengths = record.Doubles("delta_l2"),
            largest = record.Doubles("delta_linf"),
            parameters = record.Doubles("param_l2"),
            ascents = record.Doubles("ascent_losses");
        var columns = record.Shape("ascent_losses")[1];
        var passes = recorded.Objective is PgdOptions ? columns + 1 : columns;
        for (var step = 0; step < steps; step++)
        {
            var (found, at) = (run.Steps[step], $" of step {step}");
            comparison.Same("passes" + at, found.Result.Passes.Forward, passes);
            for (var t = 0; t < Math.Min(columns, found.Result.PassLosses.Count); t++)
            {
                comparison.Near(
                    $"loss of pass {t}" + at,
                    found.Result.PassLosses[t],
                    ascents[(step * columns) + t],
                    tolerance.Loss
                );
            }
            comparison.Near("loss" + at, found.Report.Loss, loss[step], tolerance.Loss);
            comparison.NearRelative("gradient norm" + at, found.Report.GradientNorm, norms[step], tolerance.Norm);
            comparison.NearRelative("learning rate" + at, found.Report.LearningRate, rates[step], 1e-12, 1e-18);
            comparison.Near("l2 of the perturbation" + at, MeanLength(found), lengths[step], tolerance.DeltaLength);
            comparison.Near(
                "largest of the perturbation" + at,
                found.Delta.Max(x => Math.Abs((double)x)),
                largest[step],
                tolerance.DeltaLength
            );
            comparison.Near(
                "l2 of the parameters" + at,
                found.ParameterNorm,
                parameters[step],
                tolerance.ParameterNorm
            );
        }
        FirstPerturbation(comparison, recorded, run.Steps[0]);
        foreach (var (updates, logits) in run.EvaluationLogits)
            comparison.Near(
                $"logits after {updates} updates",
                logits,
                record.Floats($"eval_logits.{updates:000}"),
                tolerance.Logit
            );
        if (steps == recorded.Steps && recorded.FinalStatistics is { } statistics)
            Final(comparison, statistics, run);
        return comparison;
    }

    private static void FirstPerturbation(Comparison comparison, AdversarialCase recorded, AdversarialStep found)
    {
        var padded = recorded.Record.Floats("first_step_final_delta");
        var hidden = recorded.Record.Shape("first_step_final_delta")[2];
        var reference = GoldenBatch.Rows(padded, found.Batch.Cells, hidden);
        comparison.Same("perturbed padding in the record", found.Batch.LargestInPadding(padded, hidden), 0.0);
        if (!recorded.Jumps)
        {
            comparison.Near("first perturbation", found.Delta, reference, FirstDelta);
            return;
        }
        // A step along signs is all or nothing, so what flips is counted, not measured.
        var flipped = found.Delta.Zip(reference, (a, b) => Math.Abs((double)a - b) > FirstDelta ? 1.0 : 0.0).Average();
        comparison.Near("share of flipped entries in the first perturbation", flipped, 0, 2e-3);
    }

    private static double MeanLength(AdversarialStep step)
    {
        var offsets = step.Batch.Packed.Offsets;
        var hidden = step.Delta.Length / step.Batch.Packed.Tokens;
        return Enumerable
            .Range(0, step.Batch.Packed.Count)
            .Average(b => Gradients.L2(step.Delta.AsSpan(offsets[b] * hidden, (offsets[b + 1] - offsets[b]) * hidden)));
    }

    private static void Final(Comparison comparison, string statistics, AdversarialRun run)
    {
        using var stats = JsonDocument.Parse(File.ReadAllText(statistics));
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
