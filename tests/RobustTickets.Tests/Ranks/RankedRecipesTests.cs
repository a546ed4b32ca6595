// Two ranks are the same training as one where a stage does more than its passes: changed texts,
// hulls, a teacher, rounds of pruning, a draw from the best epoch; and InfoBERT, which is not.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Pipeline;
using RobustTickets.Tests.Resume;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using Xunit;
using Xunit.Abstractions;

namespace RobustTickets.Tests.Ranks;

[Collection(TorchCollection.Name)]
public sealed class RankedRecipesTests : IDisposable
{
    private readonly TinyTask _task = new();
    private readonly ITestOutputHelper _output;
    private readonly string? _resources = Environment.GetEnvironmentVariable(ResourceFolder.Variable);

    public RankedRecipesTests(ITestOutputHelper output)
    {
        _output = output;
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _task.Below("none"));
        var pairs = TinyTask.Good.Zip(
            TinyTask.Bad,
            (good, bad) => KeyValuePair.Create<string, JsonNode?>(good, new JsonArray(bad, "film"))
        );
        File.WriteAllText(Table, new JsonObject(pairs).ToJsonString());
    }

    private string Table => _task.Below("table.json");

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _resources);
        _task.Dispose();
    }

    [SkippableTheory]
    [InlineData("augment")]
    [InlineData("hull")]
    [InlineData("distill")]
    [InlineData("lth")]
    [InlineData("best-dev")]
    public void Two_ranks_train_as_one_does(string name)
    {
        RankedRuns.RequireGloo();
        var recipe = Recipe(name);
        var (alone, together, other) = (_task.NewRun("alone"), _task.NewRun("together"), _task.NewRun("other"));
        RankedRuns.Run(Request(recipe, alone), 1);
        RankedRuns.Run(Request(recipe, together), 2);
        RankedRuns.Run(Request(recipe with { Seed = recipe.Seed + 1 }, other), 1);
        _output.WriteLine($"{name}, {RankedRuns.AssertSameTraining(alone, together, other)}");
        if (recipe.Search is null)
            return;
        var (expected, found) = (Mask(alone), Mask(together));
        Assert.Equal(expected.Kept, found.Kept);
        Assert.All(
            expected.Matrices.Zip(found.Matrices),
            p => Assert.True(p.First.Words.Span.SequenceEqual(p.Second.Words.Span), p.First.Site)
        );
        Assert.NotEqual(
            expected.Matrices.SelectMany(m => m.Words.ToArray()),
            Mask(other).Matrices.SelectMany(m => m.Words.ToArray())
        );

        static WeightMask Mask(string run) => (WeightMask)SavedTicket.Load(run).Mask;
    }

    [SkippableFact]
    public void InfoBert_is_another_training_on_two_ranks_says_so_and_goes_on_bit_for_bit()
    {
        RankedRuns.RequireGloo();
        var plain = TinyTask.FineTuneRecipe;
        var recipe = plain with
        {
            Retrain = plain.Retrain with
            {
                Objective = new InfoBertOptions(2, 0.05, 0.05, 0.05, 0.05, CriticHidden: 8),
            },
        };
        var (alone, whole, stopped) = (_task.NewRun("alone"), _task.NewRun("whole"), _task.NewRun("stopped"));
        var (notesAlone, notes) = (new List<string>(), new List<string>());
        RankedRuns.Run(Request(recipe, alone), 1, _ => new Notes(notesAlone));
        RankedRuns.Run(Request(recipe, whole), 2, rank => rank == 0 ? new Notes(notes) : null);
        const string Pairs = "InfoBERT's pairs are drawn among the examples of each rank";
        Assert.Contains(notes, note => note.StartsWith(Pairs, StringComparison.Ordinal));
        Assert.DoesNotContain(notesAlone, note => note.Contains(Pairs, StringComparison.Ordinal));
        Assert.True(
            RankedRuns.Difference(RankedRuns.Losses(alone), RankedRuns.Losses(whole)) > 10 * RankedRuns.Tolerance,
            "two ranks draw the pairs of one"
        );

        using var stop = new CancellationTokenSource();
        Assert.Throws<AggregateException>(() =>
            RankedRuns.Run(
                Request(recipe, stopped),
                2,
                rank => rank == 0 ? new StopAt(4, stop) : null,
                rank => rank == 1 ? stop.Token : default
            )
        );
        RankedRuns.Run(Request(recipe, stopped, resume: true), 2);
        RunFiles.AssertSame(whole, stopped);
    }

    private Recipe Recipe(string name)
    {
        var plain = TinyTask.FineTuneRecipe;
        var augment = new AugmentOptions(NeighbourRate: 0.4, CharacterRate: 0.2);
        switch (name)
        {
            case "augment":
                return plain with
                {
                    Retrain = plain.Retrain with
                    {
                        Augment = augment with { Search = new SubstituteSearchOptions(3, 2), KeepOriginal = true },
                    },
                };
            case "hull":
                return plain with
                {
                    Retrain = plain.Retrain with { Objective = new HullOptions(Steps: 1, StepSize: 2) },
                };
            case "distill":
                var teacher = _task.NewRun("teacher");
                RankedRuns.Run(Request(plain, teacher), 1);
                return plain with
                {
                    Retrain = plain.Retrain with { Distill = new DistillOptions(Path.GetFileName(teacher), 0.5) },
                };
            case "best-dev":
                var tiny = MaskRecipesTests.Tiny("robust-ticket");
                var masks = (MaskSearchOptions)tiny.Search! with { Epochs = 3, DrawFrom = DrawEpochRule.BestDev };
                return tiny with { Search = masks };
            default:
                return MaskRecipesTests.Tiny(name);
        }
    }

    private TrainRequest Request(Recipe recipe, string run, bool resume = false) =>
        _task.Request(recipe, run, resume) with
        {
            Resources = new ResourceFiles(Neighbours: Table),
        };

    private sealed class Notes(List<string> seen) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            if (value is Note note)
                seen.Add(note.Text);
        }
    }

    private sealed class StopAt(long step, CancellationTokenSource stop) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            if (value is StepDone && value.Step == step)
                stop.Cancel();
        }
    }
}
