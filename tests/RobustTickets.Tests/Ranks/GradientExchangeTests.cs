// The parts of data parallel training, each against a plain statement of it.
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Tests.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.Distributed;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Ranks;

[Collection(TorchCollection.Name)]
public sealed class GradientExchangeTests
{
    [Theory]
    [InlineData(10, 4)]
    [InlineData(3, 4)]
    [InlineData(32, 8)]
    [InlineData(7, 1)]
    public void Each_example_of_a_batch_is_one_ranks_and_work_is_even(int examples, int ranks)
    {
        var random = new Random(examples);
        int[] batch = [.. Enumerable.Range(100, examples)];
        random.Shuffle(batch);
        var lengths = batch.ToDictionary(i => i, _ => random.Next(5, 60));
        var shares = Enumerable
            .Range(0, ranks)
            .Select(r => new RankShare(r, ranks).In(batch, i => lengths[i]))
            .ToArray();
        Assert.Equal(batch.Order(), shares.SelectMany(s => s).Order());
        Assert.All(shares, s => Assert.Equal(s, batch.Where(s.Contains)));
        Assert.InRange(shares.Max(s => s.Length) - shares.Min(s => s.Length), 0, 1);
        Assert.Equal(shares[0].Length, shares.Max(s => s.Length));
        if (examples % ranks == 0)
            Assert.InRange(
                shares.Max(s => s.Sum(i => lengths[i])) - shares.Min(s => s.Sum(i => lengths[i])),
                0,
                lengths.Values.Max()
            );
    }

    [SkippableTheory]
    [InlineData(LayerPath.Fused)]
    [InlineData(LayerPath.Operators)]
    public void Steps_on_ranks_are_those_of_the_whole_batch(LayerPath path)
    {
        RankedRuns.RequireGloo();
        // Batches of 4, 4 and 1: in the third, three of four ranks have no example.
        var (loss, weights) = Train(1, 0, 0, path);
        var losses = new double[4][];
        var all = new float[4][];
        Testing.RankThreads.Run(4, (rank, port) => (losses[rank], all[rank]) = Train(4, rank, port, path));
        for (var rank = 1; rank < 4; rank++)
        {
            Assert.Equal(losses[0], losses[rank]);
            Assert.Equal(all[0], all[rank]);
        }
        Assert.InRange(RankedRuns.Difference(loss, losses[0]), 0, 1e-5);
        Assert.InRange(
            RankedRuns.Difference(Array.ConvertAll(weights, w => (double)w), Array.ConvertAll(all[0], w => (double)w)),
            0,
            1e-5
        );
    }

    private static (double[] Losses, float[] Weights) Train(int ranks, int rank, int port, LayerPath path)
    {
        torch.set_num_threads(1);
        using var group = RobustTickets.Training.Ranks.Join(
            ranks == 1 ? null : new RankSettings("127.0.0.1", port, rank, ranks, rank, ranks),
            default
        );
        var config = TinyBert.Dense(dropout: 0.1);
        using var model = TinyBert.New(config, new Execution(Layers: path), seed: 1);
        // Plain momentum-free steps: AdamW would make a whole step of a rounding.
        var options = new OptimizerOptions(1e-3, Epsilon: 1);
        using var optimizer = Trainer.CreateOptimizer(model, options);
        var examples = TinyBert.Examples(new Random(1), config, 9, 20);
        using var trainer = new Trainer(
            model,
            new FreeLb(new FreeLbOptions(2, 0.05, 0.05)),
            examples,
            new BatchSampler(9, 4, true, RandomKey.FromSeed(1)),
            optimizer,
            new StagePlan("test", 6, 10, options, RandomKey.FromSeed(2)),
            extras: new TaskExtras(Ranks: RankShare.Of(group)),
            ranks: group
        );
        var losses = new List<double>();
        trainer.Run(
            null,
            step =>
            {
                losses.Add(step.Loss);
                losses.Add(step.GradientNorm);
                losses.Add(step.Tokens);
                losses.Add(step.Flops / 1e6);
                return true;
            }
        );
        group.Collective.Barrier();
        return ([.. losses], [.. model.Store.Names.SelectMany(n => model.Store[n].to_array())]);
    }

    [SkippableFact]
    public void Buckets_leave_before_backward_is_over_and_a_gradient_that_comes_late_is_noticed()
    {
        RankedRuns.RequireGloo();
        Testing.RankThreads.Run(
            2,
            (rank, port) =>
            {
                using var group = RobustTickets.Training.Ranks.Join(
                    new RankSettings("127.0.0.1", port, rank, 2, rank, 2),
                    default
                );
                var config = TinyBert.Dense();
                using var model = TinyBert.New(config, new Execution(), seed: 1);
                model.Train(_ => true);
                using var exchange = new GradientExchange(group, model.Store, model.Store.Names, bucketElements: 500);
                using var scope = torch.scope();
                exchange.Begin();
                var seen = new List<int>();
                var loss = new StepLoss(LayerDone: layer =>
                {
                    exchange.LayerDone(layer);
                    seen.Add(exchange.Launched);
                });
                var batch = PackedBatch.From(TinyBert.Examples(new Random(rank), config, 3, 9));
                var inputs = model.Prepare(batch, training: true, loss);
                new CleanObjective().Accumulate(model, inputs, RandomKey.FromSeed(3), null);
                Assert.Equal(config.Layers, seen.Count);
                Assert.True(seen[0] > 0 && seen[1] > seen[0] && seen[1] < exchange.Buckets);
                // Mutant: a layer that is said to be done and is not.
                model.Store["classifier.bias"].grad!.add_(1);
                Assert.Contains(
                    "classifier.bias",
                    Assert.Throws<InvalidOperationException>(() => exchange.Finish(default)).Message,
                    StringComparison.Ordinal
                );
            }
        );
    }
}
