// Steps of every objective keep no tensor and no memory. The network is wide enough for one buffer
// of activations kept per step to be seen; the mutant keeps one.
using System.Runtime.InteropServices;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Testing;
using RobustTickets.Tests.Models;
using RobustTickets.Tests.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Torch;
using RobustTickets.Training;
using Xunit;
using Xunit.Abstractions;

namespace RobustTickets.Tests.Training;

[Collection(TorchCollection.Name)]
public sealed class FlatMemoryTests(ITestOutputHelper output)
{
    private const int WarmUp = 40,
        Measured = 80,
        Every = 8,
        Hidden = 128,
        Length = 64,
        BatchSize = 8;

    // Half of a batch's smallest buffer [T, hidden]: every text has the longest length.
    private const double Bound = 0.5 * BatchSize * Length * Hidden * sizeof(float);

    public static TheoryData<string> Objectives() => TinyRuns.Objectives();

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Steps_keep_no_tensor_and_no_memory(string objective) =>
        Assert.InRange(Growth(objective, keep: false), double.NegativeInfinity, Bound);

    [Fact]
    public void A_buffer_kept_at_each_step_is_noticed() =>
        Assert.InRange(Growth("clean", keep: true), Bound, double.PositiveInfinity);

    /// <summary>Bytes by which the process grows per step.</summary>
    private unsafe double Growth(string name, bool keep)
    {
        var config = TinyBert.Dense(dropout: 0.1, layers: 1, hidden: Hidden, heads: 4, intermediate: Hidden);
        using var model = TinyBert.New(config, new Execution(), seed: 7);
        var coefficients = SlimmingCoefficients.Attach(model);
        var penalty = new SlimmingOptions(1e-4, 1e-4);
        var what = TinyRuns.Options(name);
        ObjectiveParameters.Attach(what, model, RandomKey.FromSeed(9));
        var options = new OptimizerOptions(1e-5);
        using var optimizer = Trainer.CreateOptimizer(model, options);
        using var teacher = TinyRuns.Teacher(name, config, new Execution());
        var random = new Random(7);
        EncodedExample[] examples =
        [
            .. Enumerable
                .Range(0, 2 * BatchSize)
                .Select(i => new EncodedExample(
                    i,
                    [.. Enumerable.Range(0, Length).Select(_ => random.Next(1, config.VocabularySize))],
                    new int[Length],
                    i % config.Labels
                )),
        ];
        using var trainer = new Trainer(
            model,
            ObjectiveFactory.Create(what, TinyRuns.Hulls),
            examples,
            new BatchSampler(examples.Length, BatchSize, shuffle: true, RandomKey.FromSeed(1)),
            optimizer,
            new StagePlan("test", 1000, 1000, options, RandomKey.FromSeed(2)),
            extras: new TaskExtras(Teacher: teacher)
        );
        var live = -1L;
        var kept = new List<nint>();
        var memory = new List<(double Step, double Bytes)>();
        try
        {
            for (var step = 1; step <= WarmUp + Measured; step++)
            {
                trainer.Step(() => coefficients.Penalty(penalty));
                if (keep)
                    kept.Add(Touched());
                if (step == WarmUp)
                    live = LiveTensors.Settled();
                if (step < WarmUp || step % Every != 0)
                    continue;
                Assert.Equal(live, Tensor.LiveCount);
                memory.Add((step, Held()));
            }
        }
        finally
        {
            foreach (var buffer in kept)
                NativeMemory.Free((void*)buffer);
        }
        // What a first run still compiles and loads grows one half only, what is kept grows both.
        var half = memory.Count / 2;
        var slope = Math.Min(Slope(memory[..(half + 1)]), Slope(memory[half..]));
        output.WriteLine(
            FormattableString.Invariant($"{name}: {live} tensors, {slope / 1024:0} KiB a step; ")
                + string.Join(' ', memory.Select(m => $"{m.Bytes / (1 << 20):0.0}"))
        );
        return slope;

        static nint Touched()
        {
            const int bytes = BatchSize * Length * Hidden * sizeof(float);
            var buffer = NativeMemory.Alloc(bytes);
            new Span<byte>(buffer, bytes).Fill(1);
            return (nint)buffer;
        }
    }

    /// <summary>
    /// Resident bytes without the free part of the managed heap, which the runtime returns to the
    /// system piece by piece: after earlier tests by more than a few steps keep.
    /// </summary>
    private static long Held()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Environment.WorkingSet;
    }

    /// <summary>
    /// The median slope of all pairs: what the system takes back at once does not hide what grows.
    /// </summary>
    private static double Slope(List<(double Step, double Bytes)> points)
    {
        double[] slopes =
        [
            .. points
                .SelectMany((a, i) => points.Skip(i + 1).Select(b => (b.Bytes - a.Bytes) / (b.Step - a.Step)))
                .Order(),
        ];
        return slopes[slopes.Length / 2];
    }
}
