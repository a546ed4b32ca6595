// The files that ship: claims and published numbers are read strictly, speak of cells that the
// experiments have, and the experiments are those of the C# values.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Experiments;
using RobustTickets.Experiments.Evidence;
using RobustTickets.Models;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Pipeline.Data;
using RobustTickets.Runs;
using RobustTickets.Testing;
using RobustTickets.Tests.Experiments.Presets;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Experiments;

public sealed class EvidenceFilesTests
{
    private static string Folder => Path.Combine(Golden.RepositoryRoot, "recipes", "experiments");

    private static string MiniLm => Path.Combine(Folder, "minilm");

    private static string Hardened => Path.Combine(Folder, "hardened");

    [Fact]
    public void Files_of_the_minilm_folder_equal_the_experiments_in_code() =>
        AssertFiles(MiniLm, MiniLmExperiments.Experiments);

    [Fact]
    public void Files_of_the_hardened_folder_equal_the_experiments_in_code() =>
        AssertFiles(Hardened, HardenedExperiments.Experiments, "claims.json");

    // Regenerate with: ROBUST_TICKETS_WRITE_RECIPES=1 dotnet test --filter Files_of_the
    private static void AssertFiles(string folder, IReadOnlyList<Experiment> experiments, params string[] beside)
    {
        var expected = experiments.ToDictionary(e => $"{e.Name}.json", ExperimentJson.Write);
        if (Environment.GetEnvironmentVariable("ROBUST_TICKETS_WRITE_RECIPES") == "1")
        {
            Directory.CreateDirectory(folder);
            foreach (var (name, text) in expected)
                File.WriteAllText(Path.Combine(folder, name), text);
        }
        Assert.Equal(
            expected.Keys.Concat(beside).Order(StringComparer.Ordinal),
            Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)
        );
        foreach (var (name, text) in expected)
            Assert.Equal(text, File.ReadAllText(Path.Combine(folder, name)));
    }

    [Fact]
    public void A_hardened_ticket_and_its_control_are_trained_alike_and_attacked_alike()
    {
        var plans = ExperimentFiles.Plan([Hardened]);
        foreach (var plan in plans)
        foreach (var cells in plan.Cells.GroupBy(c => (c.Data.Name, c.Recipe.Seed)))
        {
            Assert.Equal(["fine-tune", "hardened-ticket"], cells.Select(c => c.Recipe.Name).Order());
            var (control, ticket) = (cells.First().Recipe, cells.Last().Recipe);
            Assert.Equal(ticket.Retrain.Epochs, control.Retrain.Epochs);
            Assert.Equal(ticket.Retrain.Optimizer, control.Retrain.Optimizer);
            Assert.Equal(
                (ticket.BatchSize, ticket.MaxLength, ticket.Split),
                (control.BatchSize, control.MaxLength, control.Split)
            );
        }
        // The control of both files is one run.
        Recipe One(int plan, string cell) => plans[plan].Cell(cell).Recipe;
        Assert.Equal(One(0, "fine-tune.sst2.seed-1"), One(1, "fine-tune.sst2.seed-1"));
    }

    [Fact]
    public void The_folder_holds_the_same_row_as_the_same_run_everywhere()
    {
        var plans = ExperimentFiles.Plan([MiniLm]);
        Assert.Equal(MiniLmExperiments.Experiments.Select(e => e.Name), plans.Select(p => p.Experiment.Name));
        Recipe One(string experiment, string cell) =>
            plans.Single(p => p.Experiment.Name == experiment).Cell(cell).Recipe;
        var ours = One("01-early-robust-table-1-sst2", "early-robust.sst2.seed-1");
        foreach (
            var (experiment, cell) in new[]
            {
                ("03-early-robust-table-3-sst2", "early-robust.sst2.seed-1"),
                ("05-early-robust-table-7-sst2", "neurons-G-heads-G.sst2.seed-1"),
                ("11-early-robust-figure-3", "gamma-010.sst2.seed-1"),
                ("12-early-robust-figure-4", "neurons-30.sst2.seed-1"),
                ("12-early-robust-figure-4", "heads-17.sst2.seed-1"),
            }
        )
            Assert.Equal(ours, One(experiment, cell));
        Assert.Equal(
            One("01-early-robust-table-1-sst2", "robust-ticket.sst2.seed-1"),
            One("18-robust-ticket-figure-5", "lambda-050.sst2.seed-1")
        );
        // What is said to vary does.
        Assert.Equal(
            6,
            plans
                .Single(p => p.Experiment.Name == "11-early-robust-figure-3")
                .Cells.Select(c => c.Recipe)
                .Distinct()
                .Count()
        );
        Assert.Equal(
            11,
            plans
                .Single(p => p.Experiment.Name == "12-early-robust-figure-4")
                .Cells.Select(c => c.Recipe)
                .Distinct()
                .Count()
        );
        Assert.Equal(
            13,
            plans.Single(p => p.Experiment.Name == "19-freelb-radius").Cells.Select(c => c.Recipe).Distinct().Count()
        );
    }

    internal static HashSet<TableCell> Cells(string folder) =>
        ExperimentFiles
            .Plan([folder])
            .Where(p => p.Experiment.Reproduces is not null)
            .SelectMany(p =>
                p.Cells.SelectMany(c =>
                    c.Attacks.Select(a => (string?)a.Name)
                        .Prepend(null)
                        .Select(a => new TableCell(p.Experiment.Reproduces!, c.Row.Name, c.Data.Name, a))
                )
            )
            .ToHashSet();

    [Fact]
    public void Claims_of_hardened_tickets_read_cells_that_their_experiments_have()
    {
        var (published, claims) = EvidenceSources.Beside([Hardened])!.Read();
        Assert.Null(published);
        var cells = Cells(Hardened);
        Assert.All(claims!.Claims.SelectMany(c => c.Reads().Select(r => (c.Id, r))), c => Assert.Contains(c.r, cells));
        // Every attack of every file is judged.
        Assert.Empty(
            cells
                .Where(c => c.Attack is not null)
                .Except(claims.Claims.SelectMany(c => c.Reads()))
                .Select(c => c.Attack)
        );
    }

    [Fact]
    public void Claims_read_cells_that_the_experiments_have()
    {
        var sources = EvidenceSources.Beside([MiniLm])!;
        var (published, claims) = sources.Read();
        var cells = Cells(MiniLm);
        // PGD in its usual form is trained at full size alone.
        Assert.All(
            claims!.Claims.SelectMany(c => c.Reads().Select(r => (c.Id, r))).Where(c => c.r.Row != "pgd-usual"),
            c => Assert.Contains(c.r, cells)
        );
        foreach (var section in new[] { "5.1", "5.2", "5.3", "5.4", "5.5", "5.6", "A.3", "A.4" })
            Assert.Contains(claims.Claims, c => c.Paper == "early-robust" && c.Section == section);
        foreach (var section in new[] { "3.2.2", "4.5", "4.6", "5.1", "5.2", "5.4" })
            Assert.Contains(claims.Claims, c => c.Paper == "robust-ticket" && c.Section == section);
        var again = EvidenceJson.ReadClaims(EvidenceJson.Write(claims), "again");
        Assert.Equal(claims.Claims.Select(EvidenceJson.Write), again.Claims.Select(EvidenceJson.Write));

        var tables = published!.Tables.Select(t => t.Id).ToHashSet();
        Assert.All(published.Rows, r => Assert.Contains(r.Table, tables));
        Assert.All(cells.Select(c => c.Table).Distinct(), t => Assert.Contains(t, tables));
        var row = published.Rows.Single(r => r is { Table: "early-robust/table-1", Row: "early-robust", Data: "sst2" });
        Assert.Equal(
            (92.8, 28.8, 187.1),
            (
                row.Clean,
                row.Attacks!.Single(a => a.Attack == "textfooler").Aua,
                row.Attacks!.Single(a => a.Attack == "bert-attack").Queries
            )
        );
    }

    [Fact]
    public void Before_anything_is_run_every_claim_is_not_measured_and_every_table_says_so()
    {
        var output = Directory.CreateTempSubdirectory("evidence").FullName;
        var folders = ExperimentFiles.Plan([MiniLm]).Select(p => new ExperimentFolder(output, p)).ToArray();
        var sources = EvidenceSources.Beside([MiniLm])!;
        new EvidencePage(folders, sources).Write();
        var page = File.ReadAllText(Path.Combine(output, "evidence.md"));
        var (published, claims) = sources.Read();
        var beyond = claims!.Claims.Count(c => c.Reads().Any(r => r.Row == "pgd-usual"));
        Assert.Equal(6, beyond);
        Assert.Equal(
            claims.Claims.Count - beyond,
            System.Text.RegularExpressions.Regex.Count(page, @"\| not measured +\|")
        );
        Assert.Contains("6 further claims of the papers have no cells in these experiments", page);
        var others = page.Split("## Not measured here\n\n")[1].Split("\n\n")[0].Split('\n');
        Assert.Equal(published!.Tables.Count, others.Length);
        Assert.All(others.Zip(published.Tables), o => Assert.EndsWith($": {o.Second.Title}", o.First));
        Assert.All(
            claims.Claims.Where(c => c.Reads().All(r => r.Row != "pgd-usual")),
            c => Assert.Contains($"({c.Id})", page, StringComparison.Ordinal)
        );
        Directory.Delete(output, recursive: true);
    }

    [Theory]
    [InlineData("\"kind\": \"order\"", "\"kind\": \"ordr\"", "claims[0].kind")]
    [InlineData("\"measure\"", "\"meassure\"", "unknown field; did you mean measure")]
    [InlineData("\"measure\": \"aua\"", "\"measure\": \"aus\"", "claims[0].measure")]
    [InlineData("\"id\": \"b\"", "\"id\": \"a\"", "claims[1].id: \"a\" occurs twice")]
    [InlineData("\"margin\": 2", "\"margin\": 0", "claims[1].margin: must be above 0")]
    [InlineData(
        "\"attack\": \"x\" } ] }",
        "\"attack\": null } ] }",
        "claims[0].cells[1]: accuracy under attack needs an attack"
    )]
    [InlineData(
        "\"measure\": \"clean\"",
        "\"measure\": \"queries\"",
        "claims[1].first: a number of queries needs an attack"
    )]
    public void Claims_are_read_strictly(string good, string bad, string told)
    {
        const string File = """
            { "title": "t", "claims": [
              { "kind": "order", "id": "a", "paper": "p", "section": "1", "sentence": "s", "measure": "aua",
                "cells": [ { "table": "t", "row": "a", "data": "d", "attack": "x" },
                  { "table": "t", "row": "b", "data": "d", "attack": "x" } ] },
              { "kind": "within", "id": "b", "paper": "p", "section": "1", "sentence": "s", "measure": "clean",
                "first": { "table": "t", "row": "a", "data": "d" }, "second": { "table": "t", "row": "b", "data": "d" },
                "margin": 2 } ] }
            """;
        Assert.Equal(2, EvidenceJson.ReadClaims(File, "good").Claims.Count);
        var text = File.Replace(good, bad, StringComparison.Ordinal);
        Assert.NotEqual(File, text);
        Assert.Contains(told, Assert.Throws<RecipeException>(() => EvidenceJson.ReadClaims(text, "bad")).Message);
    }

    [Fact]
    public void Every_small_experiment_fits_a_small_model_and_its_own_sample()
    {
        var shape = new HuggingFaceConfig
        {
            VocabSize = 1000,
            HiddenSize = 256,
            NumHiddenLayers = 6,
            NumAttentionHeads = 8,
            IntermediateSize = 1024,
            MaxPositionEmbeddings = 256,
        };
        var problems = new List<string>();
        var files = Directory.GetFiles(Folder, "*-small.json").Concat(Directory.GetFiles(Folder, "*-medium.json"));
        foreach (var plan in ExperimentFiles.Plan([.. files.Concat(Directory.GetFiles(MiniLm))]))
        foreach (var cell in plan.Cells.Where(c => c.Seed == plan.Experiment.Seeds[0]))
        {
            // Without a sample, the smallest training set that these data come in.
            var examples = cell.Recipe.Split.TrainExamples ?? 4000;
            var kept = examples - (int)Math.Round(examples * cell.Recipe.DevFraction);
            problems.AddRange(
                RecipeFit
                    .Model(cell.Recipe, shape)
                    .Concat(RecipeFit.Data(cell.Recipe, Data(kept, examples - kept)))
                    .Select(m => $"{plan.Experiment.Name}/{cell.Id}: {m.Text}")
            );
        }
        Assert.Empty(problems);
    }

    private static RunData Data(int train, int development)
    {
        static EncodedSplit Split(int n) =>
            new([.. Enumerable.Range(0, n).Select(i => new EncodedExample(i, [1, 2], [0, 0], 0))], 2 * n, 0, default);
        var part = new RowPart("train", "train", "", "", train);
        var texts = Enumerable
            .Range(0, development)
            .Select(i => new Example(i.ToString(CultureInfo.InvariantCulture), new TextPair("a"), 0))
            .ToArray();
        return new RunData(
            Split(train),
            Split(development),
            "dev",
            Split(100),
            "test",
            ["a", "b"],
            "",
            [],
            new SplitIds(null, null, null),
            texts,
            []
        )
        {
            Rows = new TrainingRows(1, "sst2", "", part, part, part, []),
            TrainTexts = [],
        };
    }
}
