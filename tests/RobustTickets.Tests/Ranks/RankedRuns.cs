using System.Text.Json.Nodes;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Pipeline;
using RobustTickets.Testing;
using RobustTickets.Torch.Distributed;
using Xunit;

namespace RobustTickets.Tests.Ranks;

/// <summary>Runs by several ranks as threads of this process, and what they left.</summary>
internal static class RankedRuns
{
    /// <summary>
    /// Sums in another order differ in the last bit of a float, and AdamW's division by the root of
    /// small second moments makes more of it from step to step.
    /// </summary>
    public const double Tolerance = 1e-6,
        WeightTolerance = 1e-4;

    /// <summary>Skips where the native part cannot bring ranks together.</summary>
    public static void RequireGloo() =>
        Skip.IfNot(ProcessGroup.IsSupported, "the native part was built without Gloo (libgloo-dev)");

    /// <summary>Runs a request once a rank.</summary>
    /// <param name="request">The request.</param>
    /// <param name="ranks">Number of ranks.</param>
    /// <param name="progress">What watches a rank, or null.</param>
    /// <param name="stop">What stops a rank, or null.</param>
    public static void Run(
        TrainRequest request,
        int ranks,
        Func<int, IProgress<RunEvent>?>? progress = null,
        Func<int, CancellationToken>? stop = null
    )
    {
        OnRanks(
            ranks,
            settings =>
            {
                var rank = settings?.Rank ?? 0;
                RecipeRunner.Run(
                    request with
                    {
                        Ranks = settings,
                    },
                    progress?.Invoke(rank),
                    stop?.Invoke(rank) ?? default
                );
            }
        );
    }

    /// <summary>Runs a body once a rank, given its place; one rank has none.</summary>
    public static void OnRanks(int ranks, Action<RankSettings?> body)
    {
        if (ranks == 1)
            body(null);
        else
            RankThreads.Run(ranks, (rank, port) => body(new RankSettings("127.0.0.1", port, rank, ranks, rank, ranks)));
    }

    /// <summary>
    /// Fails unless several ranks trained as one did, and a run that should differ does.
    /// </summary>
    /// <param name="alone">The run of one rank.</param>
    /// <param name="together">The run of several.</param>
    /// <param name="other">A run of one rank on another order of the same examples.</param>
    public static string AssertSameTraining(string alone, string together, string other)
    {
        var (expected, found) = (Losses(alone), Losses(together));
        var difference = Difference(expected, found);
        Assert.InRange(difference, 0, Tolerance);
        Assert.Equal(Tokens(alone), Tokens(together));
        Assert.Equal(Decisions(alone), Decisions(together));
        var weights = Difference(
            Array.ConvertAll(Weights(alone), w => (double)w),
            Array.ConvertAll(Weights(together), w => (double)w)
        );
        Assert.InRange(weights, 0, WeightTolerance);
        // Mutant: another order of the same examples is no matter of rounding.
        Assert.Contains(Losses(other).Zip(expected), p => Math.Abs(p.First - p.Second) > 1e-2);
        return FormattableString.Invariant(
            $"{found.Length} steps: losses differ by {difference:0.0e+0}, weights by {weights:0.0e+0}"
        );
    }

    /// <summary>Losses of the steps of a run, over all stages.</summary>
    public static double[] Losses(string run) =>
        [
            .. File.ReadAllLines(Path.Combine(run, "events.jsonl"))
                .Select(line => JsonNode.Parse(line)!)
                .Where(e => (string)e["event"]! == "step")
                .Select(e => (double)e["loss"]!),
        ];

    /// <summary>The events of a run that hold decisions: no times, no rounded numbers.</summary>
    public static string[] Decisions(string run) =>
        [
            .. File.ReadAllLines(Path.Combine(run, "events.jsonl"))
                .Select(line => JsonNode.Parse(line)!)
                .Where(e => (string)e["event"]! is "mask" or "stop" or "stage")
                .Select(e => e.ToJsonString()),
        ];

    /// <summary>Word pieces of each step.</summary>
    public static long[] Tokens(string run) =>
        [
            .. File.ReadAllLines(Path.Combine(run, "events.jsonl"))
                .Select(line => JsonNode.Parse(line)!)
                .Where(e => (string)e["event"]! == "step")
                .Select(e => (long)e["tokens"]!),
        ];

    /// <summary>The final weights.</summary>
    public static float[] Weights(string run)
    {
        using var file = SafetensorsFile.Open(Path.Combine(run, "model", "model.safetensors"));
        return [.. file.Tensors.OrderBy(t => t.Name, StringComparer.Ordinal).SelectMany(t => file.ReadFloats(t.Name))];
    }

    /// <summary>Largest difference of two lists, relative to 1 or the number itself.</summary>
    public static double Difference(IReadOnlyList<double> a, IReadOnlyList<double> b)
    {
        Assert.Equal(a.Count, b.Count);
        return a.Zip(b).Max(p => Math.Abs(p.First - p.Second) / Math.Max(1, Math.Abs(p.First)));
    }
}
