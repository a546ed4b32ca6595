// From which epoch a mask search draws, what its ticket tells, and where it is looked for.
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Pipeline;
using RobustTickets.Reports;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using Xunit;

namespace RobustTickets.Tests.Resume;

public sealed partial class MaskRecipesTests
{
    [Fact]
    public void A_search_may_end_at_the_epoch_it_draws_from()
    {
        var search = (MaskSearchOptions)Tiny("robust-ticket").Search!;
        var result = Run(
            Tiny("robust-ticket") with
            {
                Search = search with { DrawEpoch = 1 },
                Split = new SplitOptions(DevelopmentRule.AuthorsCode),
            },
            _task.NewRun()
        );
        Assert.Equal(TinyTask.StepsPerEpoch, result.Stages[1].Steps);
    }

    [Fact]
    public void A_ticket_may_be_drawn_from_the_epoch_that_is_best_on_development_examples()
    {
        const int perEpoch = 6,
            epochs = 5;
        var tiny = Tiny("robust-ticket");
        var search = (MaskSearchOptions)tiny.Search! with { Epochs = epochs, DrawFrom = DrawEpochRule.BestDev };
        var recipe = tiny with { Search = search };
        var whole = _task.NewRun("whole");
        var ticket = Run(recipe, whole).Ticket!;
        var epoch = EventLog
            .ReadEntries(Path.Combine(whole, "events.jsonl"))
            .OfType<EvaluationEntry>()
            .Where(e => e.Stage == "search")
            .ToArray();
        Assert.Equal(epochs, epoch.Length);
        var best = epoch.MaxBy(e => e.Accuracy)!; // the first of equals
        Assert.True(
            best.Epoch < epochs - 1,
            "the best epoch must not be among the last for this test to tell anything"
        );
        Assert.Equal(
            (best.Step, best.Epoch, (long)epochs * perEpoch),
            (ticket.DrawnAtStep, ticket.DrawnAtEpoch, ticket.StoppedAtStep)
        );

        // It is the ticket of a search that ends there by number, and not the last one.
        byte[] Masks(Recipe other)
        {
            var run = _task.NewRun();
            Run(other with { Retrain = other.Retrain with { Epochs = 0.4 } }, run);
            return File.ReadAllBytes(Path.Combine(run, "ticket", "masks.safetensors"));
        }

        var drawn = File.ReadAllBytes(Path.Combine(whole, "ticket", "masks.safetensors"));
        Assert.Equal(
            Masks(recipe with { Search = search with { DrawFrom = DrawEpochRule.Last, DrawEpoch = best.Epoch } }),
            drawn
        );
        Assert.NotEqual(Masks(recipe with { Search = search with { DrawFrom = DrawEpochRule.Last } }), drawn);

        // The best epoch's scores are state: with them a resumed search ends the same, and
        // forgetting them shows.
        var (broken, forgetful) = (_task.NewRun("broken"), _task.NewRun("forgetful"));
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(
                _task.Request(recipe, broken, every: 3),
                new Crash("search", (epochs * perEpoch) - 1),
                CancellationToken.None
            )
        );
        RunFiles.Copy(broken, forgetful);
        RecipeRunner.Run(_task.Request(recipe, broken, resume: true, every: 3), null, CancellationToken.None);
        RunFiles.AssertSame(whole, broken);
        File.Delete(Path.Combine(RunFiles.Unsealed(forgetful), "best-epoch.safetensors"));
        RecipeRunner.Run(_task.Request(recipe, forgetful, resume: true, every: 3), null, CancellationToken.None);
        Assert.NotEqual(RunFiles.Events(whole), RunFiles.Events(forgetful));
    }

    [Fact]
    public void What_a_ticket_keeps_is_told_by_head_and_matrix()
    {
        var run = _task.NewRun();
        Run(Tiny("one-shot-magnitude"), run);
        var record = RunRecord.Load(run);
        // RobusT's parameter column counts what the mask leaves; a dense network that only lost
        // values keeps all.
        var ticket = record.Result.Ticket!;
        Assert.Equal(
            record.Result.Model.ParametersWithoutEmbeddings - (ticket.WeightsTotal - ticket.WeightsKept),
            record.Parameters
        );
        Assert.Equal(
            record.Result.Model.ParametersWithoutEmbeddings,
            (record with { Recipe = [new("retrain.realisation", "dense-redrawn")] }).Parameters
        );
        var grid = TicketGrid.Of(record)!;
        var mask = (WeightMask)SavedTicket.Load(run).Mask;
        string[] heads = [.. Enumerable.Range(0, TinyTask.Heads).Select(h => $"head {h}")];
        Assert.Equal(
            [.. heads, "MLP", "query", "key", "value", "attention-output", "intermediate", "output"],
            grid.Columns
        );
        Assert.Equal((TinyTask.Heads, TinyTask.Layers), (grid.Heads, grid.Kept.Count));
        const int wide = TinyTask.Hidden / TinyTask.Heads;
        for (var layer = 0; layer < TinyTask.Layers; layer++)
        {
            MatrixMask Of(string name) => mask.Of($"bert.encoder.layer.{layer}.{name}")!;
            MatrixMask[] projections =
            [
                Of("attention.self.query"),
                Of("attention.self.key"),
                Of("attention.self.value"),
            ];
            for (var head = 0; head < TinyTask.Heads; head++)
            {
                var rows = Enumerable.Range(head * wide * TinyTask.Hidden, wide * TinyTask.Hidden);
                Assert.Equal(
                    projections.Sum(m => rows.Count(i => m[i])) / (3.0 * wide * TinyTask.Hidden),
                    grid.Kept[layer][head],
                    12
                );
            }
            Assert.Equal(
                (Of("intermediate.dense").Kept + Of("output.dense").Kept) / (2.0 * TinyTask.Hidden * TinyTask.Neurons),
                grid.Kept[layer][TinyTask.Heads],
                12
            );
            Assert.Equal(
                (double)Of("attention.output.dense").Kept / Of("attention.output.dense").Count,
                grid.Kept[layer][TinyTask.Heads + 4],
                12
            );
        }
        var html = HtmlReport.Render([record]);
        var first = string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"layer 0, head 0: {100 * grid.Kept[0][0]:0.0} % kept"
        );
        Assert.Contains(first, html, StringComparison.Ordinal);
        Assert.Contains("Weights kept by matrix", html, StringComparison.Ordinal);
        Assert.Contains("pooler", html, StringComparison.Ordinal);

        // Tickets of before heads were written down tell of their matrices all the same.
        var file = Path.Combine(run, "ticket", "ticket.json");
        var old = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        old.Remove("head_weights_kept");
        File.WriteAllText(file, old.ToJsonString());
        Assert.Equal(
            ["MLP", "query", "key", "value", "attention-output", "intermediate", "output"],
            TicketGrid.Of(RunRecord.Load(run))!.Columns
        );
    }

    [Fact]
    public void A_ticket_is_looked_for_beside_the_run_and_two_of_one_name_are_refused()
    {
        var first = _task.NewRun("first");
        Run(Tiny("one-shot-magnitude"), first);
        var random = Tiny("random-weights") with { Search = new RandomWeightSearchOptions(Path.GetFileName(first)) };
        var second = _task.NewRun("second");
        Run(random, second);
        Assert.Equal(KeptPerMatrix(first), KeptPerMatrix(second));
        var here = Path.GetFileName(first) + "-here";
        Directory.Move(first, Path.Combine(Path.GetDirectoryName(first)!, here));
        Directory.CreateDirectory(here);
        try
        {
            Refused<RecipeException>(
                "exists both next to the run",
                random with
                {
                    Search = new RandomWeightSearchOptions(here),
                }
            );
        }
        finally
        {
            Directory.Delete(here);
        }
    }

    [Fact]
    public void Random_weights_match_a_tickets_counts_by_layer_and_the_pooler_by_itself()
    {
        var first = _task.NewRun("first");
        Run(Tiny("one-shot-magnitude"), first);
        var byLayer = _task.NewRun("layer");
        var random = Tiny("random-weights") with { Search = new RandomWeightSearchOptions(first, RandomPool.Layer) };
        Run(random, byLayer);
        var (wanted, found) = (KeptPerMatrix(first), KeptPerMatrix(byLayer));
        Assert.Equal((6 * TinyTask.Layers) + 1, wanted.Length);
        Assert.Equal(wanted.Chunk(6).Select(layer => layer.Sum()), found.Chunk(6).Select(layer => layer.Sum()));
        // Mutants: counts of each matrix, and one pool over all.
        Assert.NotEqual(wanted, found);
        Assert.NotEqual(wanted[..6].Sum(), wanted[6..12].Sum());
    }

    [Theory]
    [InlineData(Realisation.DenseZero)]
    [InlineData(Realisation.DenseRedrawn)]
    public void A_dense_realisation_begins_with_the_tickets_weights_and_zeros_or_fresh_ones(Realisation realisation)
    {
        var tiny = Tiny("one-shot-magnitude");
        var recipe = tiny with { Retrain = tiny.Retrain with { Realisation = realisation } };
        var (weights, run) = Begun(recipe);
        foreach (var matrix in ((WeightMask)SavedTicket.Load(run).Mask).Matrices)
        {
            var (before, begun) = (PreTrained(matrix.Site), weights[$"{matrix.Site}.weight"]);
            for (var i = 0; i < begun.Length; i++)
                Judge(matrix[i], before[i], begun[i]);
        }

        // Heads and neurons: rows of the two that make them.
        var (dense, structured) = Begun(
            TinyTask.SearchRecipe with
            {
                Retrain = TinyTask.SearchRecipe.Retrain with { Realisation = realisation },
            }
        );
        var mask = (StructuredMask)SavedTicket.Load(structured).Mask;
        Assert.Contains(mask.Neurons, layer => layer.Contains(false));
        Assert.Contains(mask.Heads, layer => layer.Contains(false));
        for (var l = 0; l < TinyTask.Layers; l++)
        {
            Rows($"bert.encoder.layer.{l}.intermediate.dense", mask.Neurons[l], 1);
            Rows($"bert.encoder.layer.{l}.attention.self.value", mask.Heads[l], TinyTask.Hidden / TinyTask.Heads);
        }

        void Rows(string site, bool[] kept, int each)
        {
            var (before, begun) = (PreTrained(site), dense[$"{site}.weight"]);
            for (var i = 0; i < begun.Length; i++)
                Judge(kept[i / TinyTask.Hidden / each], before[i], begun[i]);
        }

        void Judge(bool kept, float before, float begun)
        {
            if (kept)
                Assert.Equal(before, begun);
            else if (realisation == Realisation.DenseZero)
                Assert.Equal(0, begun);
            else
                Assert.True(begun != 0 && begun != before, $"{begun}");
        }
    }

    [Fact]
    public void A_sparsity_that_rounds_to_no_group_or_to_all_is_refused()
    {
        // One score for each of the 13 matrices.
        const int Groups = (6 * TinyTask.Layers) + 1;
        var tiny = Tiny("robust-ticket");
        var search = (MaskSearchOptions)tiny.Search!;
        var grouped = tiny with
        {
            Search = search with { Masks = search.Masks with { OutPerMask = 0, InPerMask = 0 } },
        };
        foreach (var (sparsity, prunes) in new[] { (0.01, "0.01 prunes none"), (0.99, "0.99 prunes all") })
            Refused<RecipeException>(
                $"draw.sparsity: {prunes} of the model's {Groups} groups of weights",
                grouped with
                {
                    Draw = new WeightDrawOptions(sparsity),
                }
            );
        var first = _task.NewRun("grouped");
        Run(grouped, first);
        Refused<RecipeException>(
            "draw.sparsity: 0.01 prunes none of the scores of",
            tiny with
            {
                Search = new SavedTicketSearchOptions(first),
                Draw = new WeightDrawOptions(0.01),
            }
        );
    }

    /// <summary>The weights that retraining begins with, and the run.</summary>
    private (Dictionary<string, float[]> Weights, string Run) Begun(Recipe recipe)
    {
        var run = _task.NewRun();
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(_task.Request(recipe, run, every: 100), new Crash("retrain", 1), CancellationToken.None)
        );
        return (Weights(Path.Combine(RunFiles.Checkpoints(run)[0], "model.safetensors")), run);
    }

    private float[] PreTrained(string site) =>
        Weights(Path.Combine(_task.Model, "model.safetensors"))
            .Single(p => p.Key.EndsWith($"{site["bert.".Length..]}.weight", StringComparison.Ordinal))
            .Value;

    private static Dictionary<string, float[]> Weights(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Tensors.ToDictionary(t => t.Name, t => file.ReadFloats(t.Name));
    }
}
