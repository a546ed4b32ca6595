// Several ranks are the same training as one: same order, dropout and noise, the same decisions,
// losses and weights that differ by the order of sums alone.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Objectives;
using RobustTickets.Pipeline;
using RobustTickets.Pretraining;
using RobustTickets.Tests.Resume;
using RobustTickets.Torch.Distributed;
using Xunit;
using Xunit.Abstractions;

namespace RobustTickets.Tests.Ranks;

[Collection(TorchCollection.Name)]
public sealed class RankedTrainingTests(ITestOutputHelper output) : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    private static Recipe Recipe(string name) =>
        name switch
        {
            "clean" => TinyTask.FineTuneRecipe,
            "slimming" => TinyTask.SearchRecipe,
            "pgd" => TinyTask.FineTuneRecipe with
            {
                Retrain = TinyTask.FineTuneRecipe.Retrain with { Objective = new PgdOptions(2, 0.05, 0.05) },
            },
            _ => MaskRecipesTests.Tiny(name),
        };

    [SkippableTheory]
    [InlineData("clean", 2)]
    [InlineData("clean", 4)]
    [InlineData("pgd", 2)]
    [InlineData("slimming", 2)]
    [InlineData("slimming", 4)]
    [InlineData("robust-ticket", 2)]
    [InlineData("robust-ticket", 4)]
    [InlineData("robust-ticket-released", 2)]
    public void Ranks_train_as_one_does(string name, int ranks)
    {
        RankedRuns.RequireGloo();
        var recipe = Recipe(name);
        var (alone, together, other) = (_task.NewRun("alone"), _task.NewRun("together"), _task.NewRun("other"));
        RankedRuns.Run(_task.Request(recipe, alone), 1);
        RankedRuns.Run(_task.Request(recipe, together), ranks);
        RankedRuns.Run(_task.Request(recipe with { Seed = recipe.Seed + 1 }, other), 1);
        output.WriteLine($"{name}, {ranks} ranks, {RankedRuns.AssertSameTraining(alone, together, other)}");
    }

    [SkippableFact]
    public void The_same_number_of_ranks_gives_the_same_bits()
    {
        RankedRuns.RequireGloo();
        var (first, second) = (_task.NewRun("first"), _task.NewRun("second"));
        RankedRuns.Run(_task.Request(TinyTask.SearchRecipe, first), 3);
        RankedRuns.Run(_task.Request(TinyTask.SearchRecipe, second), 3);
        RunFiles.AssertSame(first, second);
    }

    [SkippableFact]
    public void A_stop_asked_of_any_rank_stops_all_and_another_number_goes_on()
    {
        RankedRuns.RequireGloo();
        var recipe = TinyTask.SearchRecipe;
        var (whole, changed) = (_task.NewRun("whole"), _task.NewRun("changed"));
        RankedRuns.Run(_task.Request(recipe, whole), 1);
        // 3 ranks into the search, 2 into the retraining, 1 to the end.
        Stopped(changed, 3, resume: false, "search");
        Stopped(changed, 2, resume: true, "retrain");
        RankedRuns.Run(_task.Request(recipe, changed, resume: true), 1);
        Assert.InRange(
            RankedRuns.Difference(RankedRuns.Losses(whole), RankedRuns.Losses(changed)),
            0,
            RankedRuns.Tolerance
        );
        Assert.Equal(RankedRuns.Decisions(whole), RankedRuns.Decisions(changed));
        RunFiles.AssertNoLeftovers(changed);

        void Stopped(string run, int ranks, bool resume, string stage)
        {
            using var stop = new CancellationTokenSource();
            var ends = Assert.Throws<AggregateException>(() =>
                RankedRuns.Run(
                    _task.Request(recipe, run, resume),
                    ranks,
                    rank => rank > 0 ? null : new SyncProgress<RunEvent>(e => Cancel(e, stage, stop)),
                    // Rank 0 sees the step, the last rank hears the signal.
                    rank => rank == ranks - 1 ? stop.Token : default
                )
            );
            Assert.Equal(ranks, ends.InnerExceptions.Count);
            Assert.All(ends.InnerExceptions, e => Assert.IsType<OperationCanceledException>(e));
        }

        static void Cancel(RunEvent e, string stage, CancellationTokenSource stop)
        {
            if (e is StepDone && e.Stage == stage && e.Step >= 3)
                stop.Cancel();
        }
    }

    [SkippableFact]
    public void A_rank_with_other_data_is_refused_by_all()
    {
        RankedRuns.RequireGloo();
        var other = _task.Below("other");
        Directory.CreateDirectory(other);
        File.WriteAllText(Path.Combine(other, "train.tsv"), TinyTask.Sentences(TinyTask.TrainExamples, 5));
        File.Copy(_task.DevFile, Path.Combine(other, "dev.tsv"));
        var request = _task.Request(TinyTask.FineTuneRecipe, _task.NewRun());
        var ends = Assert.Throws<AggregateException>(() =>
            Testing.RankThreads.Run(
                2,
                (rank, port) =>
                    RecipeRunner.Run(
                        request with
                        {
                            Data = rank == 1 ? other : request.Data,
                            Ranks = new RankSettings("127.0.0.1", port, rank, 2, rank, 2),
                        },
                        null,
                        default
                    )
            )
        );
        Assert.All(
            ends.InnerExceptions,
            e =>
            {
                Assert.IsType<RanksException>(e);
                Assert.Contains("recipe, data and model differ from rank 0's", e.Message, StringComparison.Ordinal);
                Assert.Contains("rank 1", e.Message, StringComparison.Ordinal);
            }
        );
        Assert.Equal(2, ends.InnerExceptions.Count);
    }

    [SkippableFact]
    public void Ranks_pretrain_as_one_does()
    {
        RankedRuns.RequireGloo();
        var corpus = _task.Below("corpus.txt");
        // 45 texts by 16: the last batch of an epoch has 13, for 3 ranks 5, 4 and 4.
        File.WriteAllLines(corpus, TinyTask.Sentences(45, 9).Split('\n').Skip(1));
        var (alone, together) = (Pretrain(1), Pretrain(3));
        Assert.InRange(RankedRuns.Difference(alone.Losses, together.Losses), 0, RankedRuns.Tolerance);
        Assert.InRange(RankedRuns.Difference(alone.Weights, together.Weights), 0, RankedRuns.WeightTolerance);

        (double[] Losses, double[] Weights) Pretrain(int ranks)
        {
            var folder = _task.Below($"pretrained-{ranks}");
            var losses = new List<double>();
            var request = new PretrainRequest(
                [corpus],
                TinyTask.Config,
                TinyTask.Tokenizer,
                folder,
                Epochs: 2,
                BatchSize: 16,
                MaxLength: 24
            );
            RankedRuns.OnRanks(
                ranks,
                settings =>
                    Pretrainer.Run(
                        request with
                        {
                            Ranks = settings,
                        },
                        settings is { Rank: > 0 } ? null : new SyncProgress<PretrainProgress>(p => losses.Add(p.Loss)),
                        default
                    )
            );
            using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
            return (
                [.. losses],
                [
                    .. file
                        .Tensors.OrderBy(t => t.Name, StringComparer.Ordinal)
                        .SelectMany(t => file.ReadFloats(t.Name))
                        .Select(w => (double)w),
                ]
            );
        }
    }

    [Fact]
    public void More_ranks_than_examples_in_a_batch_are_refused()
    {
        var run = _task.NewRun();
        var request = _task.Request(TinyTask.FineTuneRecipe with { BatchSize = 2 }, run) with
        {
            Ranks = new RankSettings("127.0.0.1", 1, 0, 3),
        };
        var e = Assert.Throws<RequestException>(() => RecipeRunner.Run(request, null, default));
        Assert.Equal(("Ranks", "3"), (e.Field, e.Value));
        Assert.Contains("at most 2 ranks", e.Reason, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run), "nothing is written before a refusal");
    }
}
