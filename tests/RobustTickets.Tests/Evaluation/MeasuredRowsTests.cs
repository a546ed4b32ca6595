// What is measured by default was not trained on. The model knows its training rows by heart and no
// other, so accuracy itself tells which rows were read.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli;
using RobustTickets.Runs;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

[Collection(TorchCollection.Name)]
public sealed class MeasuredRowsTests(MemorisedTask memorised) : IClassFixture<MemorisedTask>
{
    private const int Trained = MemorisedTask.Rows - MemorisedTask.HeldOut;

    private readonly RunSplits _splits = RunSplits.Load(Path.Combine(memorised.Folder, "splits.json"));

    [Theory]
    [InlineData(null)]
    [InlineData("dev")]
    [InlineData("test")]
    public void Held_out_rows_are_measured_by_default_and_under_the_names_of_parts(string? split)
    {
        foreach (var model in new[] { memorised.Folder, Path.Combine(memorised.Folder, "model") })
        {
            var (found, error) = Evaluate(model, memorised.Data, split);
            Assert.Equal(MemorisedTask.HeldOut, (int)found["examples"]!);
            Assert.Equal(memorised.Run.Result.CleanDev!.Value, (double)found["accuracy"]!, 12);
            Assert.Equal("held-out", (string)found["rows"]!["kind"]!);
            Assert.Equal(MemorisedTask.Rows, (int)found["rows"]!["of"]!);
            Assert.Equal(
                split == "test",
                error.Contains("has no test part; using the part it reports: dev (carved", StringComparison.Ordinal)
            );
            Assert.Contains(
                "measured: 15 rows, csv dev (carved: 15 of 60 training examples, seed 42): held out of the 60 rows "
                    + "of reviews.csv, 45 of which",
                error,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public void Training_rows_are_measured_when_asked_for_by_name_and_called_so()
    {
        var (found, error) = Evaluate(memorised.Folder, memorised.Data, "train");
        Assert.Equal(("trained-on", Trained), ((string)found["rows"]!["kind"]!, (int)found["examples"]!));
        Assert.Contains("TRAINED ON", error, StringComparison.Ordinal);
        // By heart: far above what the same model gives on rows that it has not seen.
        Assert.True((double)found["accuracy"]! > 0.95, found.ToJsonString());
        Assert.True(memorised.Run.Result.CleanDev < 0.8, $"{memorised.Run.Result.CleanDev}");
    }

    [Fact]
    public void A_model_that_was_copied_out_of_its_run_still_knows()
    {
        var moved = memorised.Task.Below("moved");
        RunFiles.Copy(Path.Combine(memorised.Folder, "model"), moved);
        Assert.Equal(memorised.Run.Result.CleanDev!.Value, Accuracy(moved), 12);

        // The mutant: rows of another shuffle. Measured is what was learned by heart.
        var wrong = memorised.Task.Below("wrong");
        RunFiles.Copy(moved, wrong);
        var rows = TrainingRows.Find(moved, null)!;
        var trained = rows.Evaluation with { Rows = null, Except = rows.Evaluation.Rows };
        (
            rows with
            {
                Evaluation = trained,
                Train = rows.Train with { Except = trained.Rows, Rows = rows.Evaluation.Rows },
            }
        ).Save(wrong);
        Assert.True(Accuracy(wrong) > 0.95);

        var exported = memorised.Task.Below("exported");
        Assert.Equal(0, CliRun.Of("export", "--model", moved, "--format", "hf-dense", "--out", exported).Code);
        Assert.Equal(Accuracy(moved), Accuracy(exported), 12);

        // Nobody knows any more.
        File.Delete(Path.Combine(moved, TrainingRows.FileName));
        var (found, error) = Evaluate(moved, memorised.Data, null);
        Assert.Equal(("not-known", 60), ((string)found["rows"]!["kind"]!, (int)found["examples"]!));
        Assert.Contains("not known whether these rows were trained on", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 2)]
    [InlineData("7", 1)]
    public void Held_out_rows_with_the_text_of_a_training_row_are_counted_where_they_are_described(
        string? limit,
        int count
    )
    {
        var model = memorised.Task.Below($"repeated-{count}");
        RunFiles.Copy(Path.Combine(memorised.Folder, "model"), model);
        // As if the first and the last held-out row were copies of training rows.
        var held = memorised.Run.Evaluation;
        var hash = RunSplits.Load(Path.Combine(memorised.Folder, "splits.json")).Train.Sha256!;
        TrainedTexts.Of([held[0], held[^1]], hash).Save(model);
        File.Delete(Path.Combine(model, "SHA256SUMS"));
        string[] more = limit is null ? [] : ["--limit", limit];
        var (found, error) = Evaluate(model, memorised.Data, null, more);
        Assert.Equal(count, (int)found["rows"]!["repeated"]!);
        var told = $"; {count} of the measured rows {(count == 1 ? "has" : "have")} the text of one that was";
        Assert.EndsWith("45 of which the model was trained on" + told, (string)found["rows"]!["description"]!);
        Assert.Contains(told, error, StringComparison.Ordinal);

        var (alone, _) = Evaluate(memorised.Folder, memorised.Data, null, more);
        Assert.Equal(0, (int)alone["rows"]!["repeated"]!);
        Assert.EndsWith("45 of which the model was trained on", (string)alone["rows"]!["description"]!);
    }

    [Fact]
    public void A_run_of_an_older_program_is_known_by_its_splits()
    {
        var old = memorised.Task.Below("old");
        RunFiles.Copy(memorised.Folder, old);
        File.Delete(Path.Combine(old, "model", TrainingRows.FileName));
        var file = Path.Combine(old, "splits.json");
        var splits = JsonNode.Parse(File.ReadAllText(file))!;
        foreach (var part in new[] { "train", "development", "evaluation" })
            splits[part]!.AsObject().Remove("sha256");
        splits["evaluation"]!["ids"] = null;
        File.WriteAllText(file, splits.ToJsonString());
        Assert.Equal(memorised.Run.Result.CleanDev!.Value, Accuracy(old), 12);
        Assert.Equal(Trained, (int)Evaluate(old, memorised.Data, "train").Found["examples"]!);
    }

    [Fact]
    public void Other_data_are_measured_whole_and_the_limit_counts_measured_rows()
    {
        var other = memorised.Task.Below("others.csv");
        File.WriteAllText(other, MemorisedTask.Coins(30, 9));
        var (found, error) = Evaluate(memorised.Folder, other, null);
        Assert.Equal(("other-data", 30), ((string)found["rows"]!["kind"]!, (int)found["examples"]!));
        Assert.Contains("is not the data of its run", error, StringComparison.Ordinal);
        Assert.Equal(7, (int)Evaluate(memorised.Folder, memorised.Data, null, "--limit", "7").Found["examples"]!);
    }

    [Fact]
    public async Task In_a_changed_file_rows_are_known_by_their_texts()
    {
        var lines = File.ReadAllLines(memorised.Data);
        var changed = memorised.Task.Below("changed.csv");
        File.WriteAllLines(changed, [lines[0], .. lines[1..].Reverse().Select(l => l.Replace(" ", "  ")), "one,good"]);
        var held = _splits.Evaluation.Ids!.Select(RowKey.RowOf).ToHashSet();
        static string Text(string line) => line[..line.LastIndexOf(',')];
        var trained = lines[1..].Where((_, i) => !held.Contains($"{i}")).Select(Text).ToHashSet();
        var unseen = 1 + lines[1..].Count(l => !trained.Contains(Text(l)));
        foreach (var older in new[] { false, true })
        {
            var model = memorised.Task.Below($"older-{older}");
            RunFiles.Copy(memorised.Folder, model);
            if (older)
                File.Delete(Path.Combine(model, "model", TrainedTexts.FileName));
            var (found, error) = Evaluate(model, changed, null);
            Assert.Equal(("other-data", unseen), ((string)found["rows"]!["kind"]!, (int)found["examples"]!));
            Assert.Contains("which have a text that the model was trained on; the file is not the data", error);
            Assert.Equal("trained-on", (string)Evaluate(model, changed, "train").Found["rows"]!["kind"]!);
        }
        using var classifier = memorised.Run.LoadClassifier();
        var all = DataSet.Load(changed, "csv", "test").Examples;
        var told = await Assert.ThrowsAsync<RequestException>(() => classifier.AttackAsync(MemorisedTask.Swaps, all));
        Assert.Contains($"was trained on {61 - unseen} of the 61", told.Message, StringComparison.Ordinal);

        // A copy of an older program's model does not know.
        var copy = memorised.Task.Below("copy");
        RunFiles.Copy(Path.Combine(memorised.Folder, "model"), copy);
        File.Delete(Path.Combine(copy, TrainedTexts.FileName));
        var (whole, doubt) = Evaluate(copy, changed, null);
        Assert.Equal(61, (int)whole["examples"]!);
        Assert.Contains("; not known whether these rows were trained on", doubt, StringComparison.Ordinal);
        File.WriteAllText(
            Path.Combine(copy, TrainedTexts.FileName),
            """{ "schema_version": 1, "data": [], "texts": "AAAA" }"""
        );
        var broken = CliRun.Of("evaluate", "--model", copy, "--data", changed, "--task", "csv");
        Assert.Equal(ExitCodes.Data, broken.Code);
        Assert.Contains("training-texts.json: texts: expected base64", broken.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_base_was_trained_on_stays_known()
    {
        var recipe = MemorisedTask.Recipe with { Retrain = MemorisedTask.Recipe.Retrain with { Epochs = 1 } };
        var other = memorised.Task.Below("next.csv");
        File.WriteAllLines(other, [.. MemorisedTask.Coins(40, 12).Split('\n', StringSplitOptions.RemoveEmptyEntries)]);
        var run = recipe.Train(Path.Combine(memorised.Folder, "model"), other, memorised.Task.NewRun("next"));
        var texts = TrainedTexts.Find(run.Folder.ModelFolder);
        var of = DataSet.Load(memorised.Data, "csv", "train").Examples;
        Assert.All(of, e => Assert.True(texts.Contain(e) || _splits.Evaluation.Ids!.Contains(e.Id)));
        Assert.All(TrainingRows.Find(run.Folder.ModelFolder, null)!.TrainedOn, p => Assert.True(texts.Cover(p.Sha256)));
    }

    [Fact]
    public void A_file_that_was_trained_on_as_a_whole_is_refused()
    {
        using var task = new TinyTask();
        var run = TinyTask.FineTuneRecipe.Train(task.Model, task.Data, task.NewRun());
        string[] On(string data, params string[] more) =>
            ["evaluate", "--model", run.Folder.Path, "--data", data, "--task", "sst2", .. more];
        Assert.Equal(0, CliRun.Of(On(task.Data)).Code);
        Assert.Equal(0, CliRun.Of(On(task.DevFile)).Code);
        foreach (var refused in new[] { On(task.TrainFile), On(task.TrainFile, "--split", "dev") })
        {
            var told = CliRun.Of(refused);
            Assert.Equal(ExitCodes.Usage, told.Code);
            Assert.Contains("200 of its rows", told.Error, StringComparison.Ordinal);
            Assert.Contains("evaluate on training rows (--split train)", told.Error, StringComparison.Ordinal);
        }
        var trained = CliRun.Of(On(task.TrainFile, "--split", "train"));
        Assert.Contains("of 200 examples, sst2 train)", trained.Out, StringComparison.Ordinal);
        // The training file under the name of the development file is what it is.
        var copied = Directory.CreateDirectory(task.Below("copied")).FullName;
        File.Copy(task.TrainFile, Path.Combine(copied, "dev.tsv"));
        var copy = CliRun.Of(On(copied));
        Assert.Equal(ExitCodes.Usage, copy.Code);
        Assert.Contains("all 200 rows", copy.Error, StringComparison.Ordinal);
        Assert.Contains("was trained on all", copy.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attacks_take_held_out_rows_and_refuse_others()
    {
        var folder = memorised.Task.Below("attack");
        var attack = Attack(folder);
        Assert.True(attack.Code == 0, attack.Error);
        Assert.Equal(_splits.Evaluation.Ids!, File.ReadAllLines(Path.Combine(folder, "ids.txt")));
        var summary = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "summary.json")))!;
        Assert.Equal(100 * memorised.Run.Result.CleanDev!.Value, (double)summary["clean"]!, 9);
        var rows = summary["settings"]!["run"]!.AsArray().Single(l => (string)l!["item"]! == "rows")!;
        Assert.StartsWith("held-out: 15 of 60", (string)rows["value"]!, StringComparison.Ordinal);

        var trained = memorised.Task.Below("attack-train");
        Assert.Equal(0, Attack(trained, "--split", "train").Code);
        var ids = File.ReadAllLines(Path.Combine(trained, "ids.txt"));
        Assert.Equal(Trained, ids.Length);
        Assert.Empty(ids.Intersect(_splits.Evaluation.Ids!));
        var named = Attack(memorised.Task.Below("named"), "--ids", Path.Combine(trained, "ids.txt"));
        Assert.Equal(ExitCodes.Data, named.Code);
        Assert.Contains($"was trained on example '{ids[0]}'", named.Error, StringComparison.Ordinal);

        // The library knows rows by what they were read from, whatever the split was called.
        using var classifier = memorised.Run.LoadClassifier();
        var all = DataSet.Load(memorised.Data, "csv", "test").Examples;
        await GuardsAsync(classifier, all);
        // Nor does it matter by which type the classifier is called.
        ITextClassifier known = classifier;
        await GuardsAsync(known, all);
        var byRecipe = await Assert.ThrowsAsync<RequestException>(() =>
            known.AttackAsync(AttackRecipe.TextFooler(new AttackParts(new NeighbourTable([]), StopWords.English)), all)
        );
        Assert.Contains("was trained on 45 of the 60", byRecipe.Message, StringComparison.Ordinal);
    }

    private async Task GuardsAsync(ITextClassifier classifier, IReadOnlyList<Example> all)
    {
        var told = await Assert.ThrowsAsync<RequestException>(() => classifier.AttackAsync(MemorisedTask.Swaps, all));
        Assert.Contains("was trained on 45 of the 60", told.Message, StringComparison.Ordinal);
        var measured = await classifier.AttackAsync(MemorisedTask.Swaps, all, trained: TrainedRows.Measure);
        Assert.Equal(60, measured.Outcomes.Count);
        Assert.Equal(15, (await classifier.AttackAsync(MemorisedTask.Swaps, memorised.Run.Evaluation)).Outcomes.Count);
    }

    [Fact]
    public void Adversarial_twins_stay_on_the_side_of_their_originals()
    {
        var file = memorised.Task.Below("augmented.jsonl");
        var attack = Attack(memorised.Task.Below("augment"), "--split", "train", "--augment", file);
        Assert.True(attack.Code == 0, attack.Error);
        var lines = File.ReadAllLines(file).Select(l => JsonNode.Parse(l)!).ToArray();
        Assert.True(lines.Length > Trained + 10, "the attack must succeed often");
        for (var seed = 1; seed <= 3; seed++)
        {
            var recipe = MemorisedTask.Recipe with
            {
                Task = "jsonl",
                Split = new SplitOptions(Seed: seed),
                Retrain = MemorisedTask.Recipe.Retrain with { Epochs = 1 },
            };
            var run = recipe.Train(memorised.Task.Model, file, memorised.Task.NewRun("augmented"));
            var held = run
                .Evaluation.Select(e =>
                    int.Parse(RowKey.RowOf(e.Id), System.Globalization.CultureInfo.InvariantCulture)
                )
                .ToHashSet();
            Assert.InRange(held.Count, lines.Length / 5, lines.Length / 3);
            var sides = Enumerable.Range(0, lines.Length).ToLookup(i => (string)lines[i]["id"]!, held.Contains);
            Assert.All(sides, s => Assert.Single(s.Distinct()));

            // Rows of the first file that were trained on here are known there, too; those that
            // only stood in the held-out part are not trained on.
            var (found, _) = Evaluate(run.Folder.Path, memorised.Data, null);
            var origins = sides.Count(s => !s.First());
            Assert.Equal("held-out", (string)found["rows"]!["kind"]!);
            Assert.Equal(MemorisedTask.Rows - origins, (int)found["examples"]!);
        }
    }

    [Fact]
    public void Rows_that_the_base_was_trained_on_are_not_held_out()
    {
        var recipe = MemorisedTask.Recipe with
        {
            Split = new SplitOptions(Seed: 3),
            Retrain = MemorisedTask.Recipe.Retrain with { Epochs = 1 },
        };
        var model = Path.Combine(memorised.Folder, "model");
        var run = recipe.Train(model, memorised.Data, memorised.Task.NewRun("again"));
        var both = run.Evaluation.Select(e => e.Id).Intersect(_splits.Evaluation.Ids!).ToArray();
        Assert.InRange(both.Length, 1, MemorisedTask.HeldOut - 1);
        Assert.Equal(both.Length, (int)Evaluate(run.Folder.Path, memorised.Data, null).Found["examples"]!);
    }

    private CliRun Attack(string folder, params string[] more)
    {
        var table = memorised.Task.Below("swaps.json");
        var swaps = new JsonObject();
        var words = TinyTask.Words.Where(w => char.IsAsciiLetter(w[0])).ToArray();
        foreach (var word in words)
            swaps[word] = new JsonArray([.. words.Where(w => w != word).Select(w => (JsonNode)w)]);
        File.WriteAllText(table, swaps.ToJsonString());
        return CliRun.Of([
            "attack",
            "--model",
            memorised.Folder,
            "--data",
            memorised.Data,
            "--task",
            "csv",
            "--neighbours",
            table,
            "--no-similarity",
            "--no-part-of-speech",
            "--out",
            folder,
            .. more,
        ]);
    }

    private double Accuracy(string model) => (double)Evaluate(model, memorised.Data, null).Found["accuracy"]!;

    private static (JsonNode Found, string Error) Evaluate(
        string model,
        string data,
        string? split,
        params string[] more
    )
    {
        var run = CliRun.Of([
            "evaluate",
            "--model",
            model,
            "--data",
            data,
            "--task",
            "csv",
            "--json",
            .. split is null ? Array.Empty<string>() : ["--split", split],
            .. more,
        ]);
        Assert.True(run.Code == 0, run.Error);
        return (JsonNode.Parse(run.Out)!, run.Error);
    }
}
