// AdamW (fused kernel and plain reference) and the learning-rate schedule against an independent
// implementation (golden folder g7_optim). Mutants: the other flavour of AdamW, bias correction or
// weight decay turned round, the schedule one step late.
using System.Text.Json;
using RobustTickets.Kernels.Optim;
using RobustTickets.Testing;
using RobustTickets.Torch.optim;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

[Collection(TorchCollection.Name)]
public sealed unsafe class OptimizerGoldenTests
{
    private const double DoubleTolerance = 1e-12,
        FloatTolerance = 1e-6;

    [SkippableFact]
    public void AdamW_makes_the_recorded_updates()
    {
        if (Golden.Folder("g7_optim", "adamw.safetensors") is not { } path)
        {
            throw Golden.Skip("g7_optim AdamW");
        }
        var file = GoldenTensors.Open(path);
        using var rows = JsonDocument.Parse(File.ReadAllText(Golden.Required("g7_optim", "adamw.json")));
        Assert.NotEqual(0, rows.RootElement.GetArrayLength());
        foreach (var row in rows.RootElement.EnumerateArray())
        {
            Compare(file, row, same => same).Agrees();
            Compare(file, row, s => s with { BiasCorrection = !s.BiasCorrection })
                .Rejects("bias correction turned round");
            if (row.GetProperty("weight_decay").GetDouble() > 0)
                Compare(file, row, s => s with { WeightDecay = 0 }).Rejects("no weight decay");
            // Without bias correction and without decay the flavours are the same function.
            if (row.GetProperty("correct_bias").GetBoolean())
                Compare(file, row, s => s with { Torch = !s.Torch }).Rejects("the other flavour");
        }
    }

    [SkippableFact]
    public void The_linear_schedule_is_the_recorded_one()
    {
        if (Golden.Folder("g7_optim", "linear_schedule.json") is not { } path)
        {
            throw Golden.Skip("g7_optim schedule");
        }
        using var rows = JsonDocument.Parse(File.ReadAllText(path));
        Compare(0).Agrees();
        Compare(1).Rejects("one step late");

        Comparison Compare(int late)
        {
            var comparison = new Comparison("linear schedule");
            foreach (var row in rows.RootElement.EnumerateArray())
            {
                double warmup = row.GetProperty("warmup_steps").GetDouble(),
                    total = row.GetProperty("total_steps").GetDouble();
                var step = 0;
                foreach (var factor in row.GetProperty("factor_at_step_0_1_2").EnumerateArray())
                {
                    comparison.Near(
                        $"factor at step {step} of {total}, warm-up {warmup}",
                        Schedule.Linear(step + late, warmup, total),
                        factor.GetDouble(),
                        DoubleTolerance
                    );
                    step++;
                }
            }
            return comparison;
        }
    }

    private static Comparison Compare(GoldenTensors file, JsonElement row, Func<AdamWStep, AdamWStep> change)
    {
        var key = row.GetProperty("key").GetString()!;
        var comparison = new Comparison($"AdamW {key}");
        var single = row.GetProperty("dtype").GetString() == "float32";
        var (start, gradients, reference) = (file.Doubles("p0"), file.Doubles("grads"), file.Doubles(key));
        var (width, updates) = (start.Length, file.Shape("grads")[0]);
        var found = (double[])start.Clone();
        double[] first = new double[width],
            second = new double[width];
        var narrow = (
            Parameter: Array.ConvertAll(start, x => (float)x),
            First: new float[width],
            Second: new float[width]
        );
        for (var t = 0; t < updates; t++)
        {
            var step = change(StepOf(row, t));
            var gradient = gradients.AsSpan(t * width, width).ToArray();
            if (single)
            {
                fixed (
                    float* p = narrow.Parameter,
                        m = narrow.First,
                        v = narrow.Second,
                        g = Array.ConvertAll(gradient, x => (float)x)
                )
                    AdamWKernel.Update(p, g, m, v, width, step);
                found = Array.ConvertAll(narrow.Parameter, x => (double)x);
            }
            else
            {
                for (var i = 0; i < width; i++)
                    (found[i], first[i], second[i]) = AdamWReference.Update(
                        found[i],
                        gradient[i],
                        first[i],
                        second[i],
                        step
                    );
            }
            for (var i = 0; i < width; i++)
            {
                var expected = reference[(t * width) + i];
                comparison.Near(
                    $"parameter {i} after update {t + 1}",
                    found[i],
                    expected,
                    single ? FloatTolerance * Math.Max(1, Math.Abs(expected)) : DoubleTolerance
                );
            }
        }
        return comparison;
    }

    private static AdamWStep StepOf(JsonElement row, int done)
    {
        var rate = row.GetProperty("lr").GetDouble();
        var schedule = row.GetProperty("schedule");
        if (schedule.ValueKind != JsonValueKind.Null)
            rate *= Schedule.Linear(
                done,
                schedule.GetProperty("warmup").GetDouble(),
                schedule.GetProperty("total").GetDouble()
            );
        var betas = row.GetProperty("betas");
        return new AdamWStep(
            row.GetProperty("implementation").GetString() == "torch",
            rate,
            row.GetProperty("weight_decay").GetDouble(),
            betas[0].GetDouble(),
            betas[1].GetDouble(),
            row.GetProperty("eps").GetDouble(),
            done + 1,
            1f,
            row.GetProperty("correct_bias").GetBoolean()
        );
    }
}
