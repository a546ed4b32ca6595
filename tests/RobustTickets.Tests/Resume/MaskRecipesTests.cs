// Every recipe whose ticket is single weights, from data to result on a tiny model; and what an
// interruption in any of its stages must not change. Each recipe is the published one with fewer
// epochs, two passes of the adversary and rates fit for a network that trains in a second.
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Pipeline;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed partial class MaskRecipesTests : IDisposable
{
    /// <summary>Weights of the tiny model under masks.</summary>
    private const long Maskable =
        (TinyTask.Layers * ((4 * TinyTask.Hidden * TinyTask.Hidden) + (2 * TinyTask.Hidden * TinyTask.Neurons)))
        + (TinyTask.Hidden * TinyTask.Hidden);

    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    public static TheoryData<string, string> Recipes() =>
        new()
        {
            { "robust-ticket", "fine-tune search retrain" },
            { "robust-ticket-released", "fine-tune search retrain" },
            { "robust-ticket-without-mask-learning", "round-1 round-2 round-3 retrain" },
            { "robust-ticket-without-adversary", "fine-tune search retrain" },
            { "robust-ticket-without-initialization", "fine-tune search retrain" },
            { "robust-ticket-without-structure", "fine-tune search retrain" },
            { "robust-ticket-without-structure-longer", "fine-tune search retrain" },
            { "robust-ticket-rows", "fine-tune search retrain" },
            { "robust-ticket-adversarial", "fine-tune search retrain" },
            { "lth", "round-1 round-2 round-3 retrain" },
            { "one-shot-magnitude", "retrain" },
            { "random-weights", "retrain" },
        };

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_recipe_runs_to_its_end(string name, string stages)
    {
        var recipe = Tiny(name);
        var run = _task.NewRun();
        var result = Run(recipe, run);
        Assert.Equal(stages, string.Join(' ', result.Stages.Select(s => s.Stage)));
        Assert.True(result.CleanDev is > 0 and <= 1);
        var ticket = result.Ticket!;
        Assert.Equal(("weights", Maskable), (ticket.Kind, ticket.WeightsTotal));
        var pruned = ticket.WeightsTotal - ticket.WeightsKept;
        if (name == "robust-ticket-rows")
            Assert.Equal(0, pruned % TinyTask.Hidden);
        else
            // a share of each matrix is rounded for itself
            Assert.InRange(pruned, (long)(0.3 * Maskable) - 8, (long)(0.3 * Maskable) + 8);
        Assert.Equal(ticket.WeightsKept, Kept(run));
        var zeros = Zeros(run);
        if (recipe.Retrain.Realisation == Realisation.Ticket)
            Assert.Equal(pruned, zeros);
        else
            Assert.InRange(zeros, 0, 3);
    }

    [Theory]
    [InlineData("robust-ticket", "fine-tune")]
    [InlineData("robust-ticket", "search")]
    [InlineData("robust-ticket", "retrain")]
    [InlineData("robust-ticket-released", "search")]
    [InlineData("robust-ticket-without-mask-learning", "round-1")]
    [InlineData("robust-ticket-without-mask-learning", "round-2")]
    [InlineData("robust-ticket-without-mask-learning", "retrain")]
    [InlineData("random-weights", "retrain")]
    public void An_interrupted_run_ends_as_an_uninterrupted_one(string name, string stage)
    {
        var recipe = Tiny(name);
        var (whole, broken) = (_task.NewRun("whole"), _task.NewRun("broken"));
        Run(recipe, whole);
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(_task.Request(recipe, broken, every: 3), new Crash(stage, 5), CancellationToken.None)
        );
        RecipeRunner.Run(_task.Request(recipe, broken, resume: true, every: 3), null, CancellationToken.None);
        RunFiles.AssertSame(whole, broken);
    }

    [Fact]
    public void A_search_that_leaks_cannot_be_resumed_without_its_gradients()
    {
        // The mutant of the test above: the piled-up gradients are state, and forgetting them
        // shows.
        var recipe = Tiny("robust-ticket-released");
        var (whole, broken) = (_task.NewRun("whole"), _task.NewRun("broken"));
        Run(recipe, whole);
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(_task.Request(recipe, broken, every: 3), new Crash("search", 5), CancellationToken.None)
        );
        var file = Path.Combine(RunFiles.Unsealed(broken), "gradients.safetensors");
        SafetensorsWriter.Write(file, []);
        RecipeRunner.Run(_task.Request(recipe, broken, resume: true, every: 3), null, CancellationToken.None);
        Assert.NotEqual(RunFiles.Events(whole), RunFiles.Events(broken));
    }

    [Fact]
    public void A_saved_ticket_is_realised_again_and_drawn_at_another_sparsity()
    {
        var first = _task.NewRun("first");
        var result = Run(Tiny("robust-ticket"), first);
        var again = Tiny("robust-ticket") with { Search = new SavedTicketSearchOptions(first), Draw = new SavedDraw() };
        var second = _task.NewRun("again");
        Assert.Equal(result.Ticket!.WeightsKept, Run(again, second).Ticket!.WeightsKept);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(first, "ticket", "masks.safetensors")),
            File.ReadAllBytes(Path.Combine(second, "ticket", "masks.safetensors"))
        );

        var sparser = Run(again with { Draw = new WeightDrawOptions(0.6) }, _task.NewRun("sparser"));
        Assert.Equal(Math.Round(0.6 * Maskable, MidpointRounding.ToEven), Maskable - sparser.Ticket!.WeightsKept);

        var random = _task.NewRun("random");
        Run(Tiny("random-weights") with { Search = new RandomWeightSearchOptions(first) }, random);
        Assert.Equal(KeptPerMatrix(first), KeptPerMatrix(random));
        Assert.NotEqual(
            File.ReadAllBytes(Path.Combine(first, "ticket", "masks.safetensors")),
            File.ReadAllBytes(Path.Combine(random, "ticket", "masks.safetensors"))
        );

        // Refused before any compute, by name.
        Refused<RecipeException>(
            "draw.sparsity",
            Tiny("random-weights") with
            {
                Search = new RandomWeightSearchOptions(first),
                Draw = new WeightDrawOptions(0.5),
            }
        );
        Refused<CheckpointException>(
            "scores",
            again with
            {
                Search = new SavedTicketSearchOptions(random),
                Draw = new WeightDrawOptions(0.5),
            }
        );
        Refused<CheckpointException>(
            "nowhere",
            again with
            {
                Search = new SavedTicketSearchOptions(_task.Below("nowhere")),
            }
        );
        var masks = Path.Combine(second, "ticket", "masks.safetensors");
        var bytes = File.ReadAllBytes(masks);
        bytes[^100] ^= 1;
        File.WriteAllBytes(masks, bytes);
        Refused<CheckpointException>("masks_sha256", again with { Search = new SavedTicketSearchOptions(second) });
    }

    [Fact]
    public void Rounds_of_pruning_leave_a_ticket_each()
    {
        var first = _task.NewRun("first");
        Run(Tiny("lth"), first);
        var again = Tiny("lth") with { Search = new SavedTicketSearchOptions(first) };
        var second = Run(again with { Draw = new WeightDrawOptions(0.2) }, _task.NewRun()).Ticket!;
        Assert.Equal(
            ("saved-round", Math.Round(0.2 * Maskable, MidpointRounding.ToEven)),
            (second.StopRule, (double)(Maskable - second.WeightsKept))
        );
        Refused<CheckpointException>(
            "none of which has sparsity 0.25; possible draw.sparsity: 0.1, 0.2, 0.3",
            again with
            {
                Draw = new WeightDrawOptions(0.25),
            }
        );
        // A copy keeps the masks of all rounds, a round those before it.
        var (copy, round) = (_task.NewRun("copy"), _task.NewRun("round"));
        Run(again with { Draw = new SavedDraw() }, copy);
        Assert.Equal(0.2, Drawn(copy, 0.2), 3);
        Run(again with { Draw = new WeightDrawOptions(0.2) }, round);
        Assert.Equal(0.1, Drawn(round, 0.1), 3);
        Refused<CheckpointException>(
            "possible draw.sparsity: 0.1, 0.2",
            again with
            {
                Search = new SavedTicketSearchOptions(round),
            }
        );

        double Drawn(string from, double sparsity)
        {
            var ticket = Run(
                again with
                {
                    Search = new SavedTicketSearchOptions(from),
                    Draw = new WeightDrawOptions(sparsity),
                },
                _task.NewRun()
            ).Ticket!;
            return 1 - ((double)ticket.WeightsKept / ticket.WeightsTotal);
        }
    }

    [Fact]
    public void A_ticket_of_another_shape_is_refused_by_name()
    {
        var first = _task.NewRun("first");
        Run(Tiny("one-shot-magnitude"), first);
        var structured = _task.NewRun("structured");
        Run(TinyTask.SearchRecipe, structured);
        using var other = new TinyTask();
        TinyTask.WriteModel(other.Model, TinyTask.Config with { IntermediateSize = TinyTask.Neurons / 2 });
        foreach (var (folder, named) in new[] { (first, "intermediate.dense"), (structured, "neurons") })
        {
            var recipe = Tiny("robust-ticket") with
            {
                Search = new SavedTicketSearchOptions(folder),
                Draw = new SavedDraw(),
            };
            var run = other.NewRun();
            var error = Assert.Throws<TicketShapeException>(() =>
                RecipeRunner.Run(other.Request(recipe, run), null, CancellationToken.None)
            );
            Assert.Contains(named, error.Message, StringComparison.Ordinal);
            Assert.Contains(folder, error.Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(run));
        }
        // A ticket of heads and neurons is saved as it is, too.
        var again = Run(
            TinyTask.SearchRecipe with
            {
                Search = new SavedTicketSearchOptions(structured),
                Draw = new SavedDraw(),
            },
            _task.NewRun()
        );
        Assert.Equal(
            RunResult.Load(Path.Combine(structured, "result.json")).Ticket!.HeadsKept,
            again.Ticket!.HeadsKept
        );
    }

    [Fact]
    public void Masks_on_a_ticket_and_groups_that_do_not_divide_are_refused()
    {
        var sliced = _task.NewRun("sliced");
        Run(TinyTask.SearchRecipe, sliced);
        var request = _task.Request(Tiny("robust-ticket"), _task.NewRun()) with
        {
            Model = Path.Combine(sliced, "model"),
        };
        Assert.Contains(
            "is already a ticket",
            Assert.Throws<CheckpointException>(() => RecipeRunner.Run(request, null, CancellationToken.None)).Message,
            StringComparison.Ordinal
        );
        var search = (MaskSearchOptions)Tiny("robust-ticket").Search!;
        Refused<RecipeException>(
            "search.masks.out-per-mask: 5 does not divide",
            Tiny("robust-ticket") with
            {
                Search = search with { Masks = search.Masks with { OutPerMask = 5 } },
            }
        );
    }

    /// <summary>A published recipe, shrunk.</summary>
    internal static Recipe Tiny(string name)
    {
        var recipe = TinyTask.Fitted(name);
        return recipe with
        {
            Search = recipe.Search switch
            {
                MaskSearchOptions s => s with
                {
                    FineTune = s.FineTune! with { Epochs = 1, Optimizer = Faster(s.FineTune.Optimizer) },
                    Objective = TinyTask.Shorter(s.Objective),
                    Epochs = 1.5,
                    AllowShort = true,
                },
                MagnitudeSearchOptions s => s with
                {
                    Objective = TinyTask.Shorter(s.Objective),
                    Optimizer = Faster(s.Optimizer),
                    EpochsPerRound = 1,
                    AllowShort = true,
                },
                var other => other,
            },
            Retrain = recipe.Retrain with
            {
                Objective = TinyTask.Shorter(recipe.Retrain.Objective),
                Optimizer = Faster(recipe.Retrain.Optimizer),
                Epochs = 1,
            },
        };

        static OptimizerOptions Faster(OptimizerOptions o) => o with { LearningRate = 3e-3 };
    }

    private RunResult Run(Recipe recipe, string run) =>
        RecipeRunner.Run(_task.Request(recipe, run, every: 3), null, CancellationToken.None);

    private void Refused<T>(string named, Recipe recipe)
        where T : Exception
    {
        var run = _task.NewRun();
        var error = Assert.ThrowsAny<T>(() => Run(recipe, run));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run), "nothing is written before a refusal");
    }

    private static long Kept(string run) =>
        (long)JsonNode.Parse(File.ReadAllText(Path.Combine(run, "ticket", "ticket.json")))!["kept"]!;

    private static long[] KeptPerMatrix(string run) =>
        [
            .. JsonNode.Parse(File.ReadAllText(Path.Combine(run, "ticket", "ticket.json")))!["matrices"]!
                .AsArray()
                .Select(m => (long)m!["kept"]!),
        ];

    /// <summary>Exact zeros in the maskable matrices of the final model.</summary>
    private static long Zeros(string run)
    {
        using var file = SafetensorsFile.Open(Path.Combine(run, "model", "model.safetensors"));
        return file
            .Tensors.Where(t =>
                t.Name.EndsWith("weight", StringComparison.Ordinal)
                && t.Shape.Length == 2
                && !t.Name.Contains("embeddings", StringComparison.Ordinal)
                && !t.Name.StartsWith("classifier", StringComparison.Ordinal)
            )
            .Sum(t => file.ReadFloats(t.Name).LongCount(x => x == 0));
    }
}
