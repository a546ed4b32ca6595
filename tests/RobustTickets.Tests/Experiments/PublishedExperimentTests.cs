// The tables and figures of the papers at their own size: they are found by what the papers print
// and claim, their rows are trained alike where they are compared, no claim contradicts its paper.
using System.Text.RegularExpressions;
using RobustTickets.Experiments;
using RobustTickets.Experiments.Evidence;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Experiments;

public sealed partial class PublishedExperimentTests
{
    private static string Folder => Path.Combine(Golden.RepositoryRoot, "recipes", "experiments");

    private static IReadOnlyList<ExperimentPlan> Plans { get; } = ExperimentFiles.Plan([Folder]);

    private static (PublishedFile Published, ClaimFile Claims) Sources()
    {
        var (published, claims) = EvidenceSources.Beside([Folder])!.Read();
        return (published!, claims!);
    }

    [GeneratedRegex("^(early-robust|robust-ticket)-((?:table|figure)-[0-9])$")]
    private static partial Regex FullSize();

    [Fact]
    public void Every_file_of_full_size_names_what_it_reproduces_and_no_smaller_one_does()
    {
        var (published, claims) = Sources();
        var tables = published.Tables.ToDictionary(t => t.Id);
        foreach (var plan in Plans)
        {
            var name = FullSize().Match(plan.Experiment.Name);
            var table = name.Success ? $"{name.Groups[1].Value}/{name.Groups[2].Value}" : null;
            Assert.True(name.Success || Regex.IsMatch(plan.Experiment.Name, "-(small|medium)$"), plan.Experiment.Name);
            Assert.Equal(table, plan.Experiment.Reproduces);
            if (table is not null)
                Assert.True(tables.Remove(table), table);
        }
        // None is left without a file.
        Assert.Empty(tables.Keys);

        var cells = EvidenceFilesTests.Cells(Folder);
        Assert.All(
            published.Rows.SelectMany(r =>
                (r.Attacks ?? [])
                    .Select(a => a.Attack)
                    .Prepend(null)
                    .Select(a => new TableCell(r.Table, r.Row, r.Data, a))
            ),
            printed => Assert.Contains(printed, cells)
        );
        // At full size fine-tuning is itself RobusT's dense control.
        var missing = claims.Claims.Where(c => c.Reads().Any(r => !cells.Contains(r))).Select(c => c.Id);
        Assert.Equal(
            [
                "rt-over-control-textfooler",
                "rt-over-control-textbugger",
                "rt-over-control-bert-attack",
                "rt-sparsity-over-control",
                "rt-convergence-over-control",
            ],
            missing
        );
    }

    [Fact]
    public void A_page_of_evidence_is_of_one_scale()
    {
        var full = Path.Combine(Folder, "early-robust-table-1.json");
        var small = Path.Combine(Folder, "minilm", "01-early-robust-table-1-sst2.json");
        var attacks = Path.Combine(Folder, "minilm", "20-early-robust-table-1-ag-news-attacks.json");
        var output = Directory.CreateTempSubdirectory("scales").FullName;
        string[] Left(params string[] files)
        {
            var cells = new ClaimCells();
            var folders = ExperimentFiles.Plan(files).Select(p => new ExperimentFolder(output, p)).ToArray();
            foreach (var folder in folders)
                cells.Add(folder);
            new EvidencePage(folders, EvidenceSources.Beside(files)!).Write();
            var page = File.ReadAllText(Path.Combine(output, "evidence.md"));
            Assert.All(cells.LeftOut, left => Assert.Contains(left, page));
            return [.. cells.LeftOut];
        }

        Assert.Equal(
            ["01-early-robust-table-1-sst2 on sst2 (its settings differ from those of early-robust-table-1)"],
            Left(full, small)
        );
        Assert.Equal(
            [
                "early-robust-table-1 on sst2 (its settings differ from those of 01-early-robust-table-1-sst2)",
                "early-robust-table-1 on ag-news (its settings differ from those of "
                    + "20-early-robust-table-1-ag-news-attacks)",
            ],
            Left(small, attacks, full)
        );
        // Other options or another number of attacked examples are another scale, too; the speed of
        // an attack is not.
        string[] Changed(Func<Experiment, Experiment> change)
        {
            var plan = ExperimentFiles.Plan([small])[0];
            var other = change(plan.Experiment with { Name = "other" });
            var cells = new ClaimCells();
            cells.Add(new ExperimentFolder(output, plan));
            cells.Add(new ExperimentFolder(output, ExperimentPlan.Of(other, "other", "")));
            return [.. cells.LeftOut];
        }
        string[] Attacked(Func<ExperimentAttack, ExperimentAttack> change) =>
            Changed(e => e with { Attacks = [change(e.Attacks[0]), .. e.Attacks.Skip(1)] });
        const string Of = "01-early-robust-table-1-sst2";
        string[] attack = [$"other on sst2 (its attack textfooler differs from that of {Of})"];
        Assert.Equal(attack, Attacked(a => a with { Options = ["query-budget=50"] }));
        Assert.Equal(attack, Attacked(a => a with { Examples = 10 }));
        Assert.Equal(attack, Changed(e => e with { Data = [e.Data[0] with { AttackExamples = 10 }] }));
        Assert.Equal(
            [$"other on sst2 (its data options differ from those of {Of})"],
            Changed(e => e with { Data = [e.Data[0] with { Options = ["escape=!"] }] })
        );
        Assert.Empty(Attacked(a => a with { Options = ["batch-size=7"] }));
        // A file with some of the attacks belongs to the table.
        Assert.Empty(Changed(e => e with { Attacks = [e.Attacks[1]] }));
        // Of the folder for two cores, whose files share tables, nothing is left out.
        Assert.Empty(Left([.. Directory.GetFiles(Path.Combine(Folder, "minilm")).Order(StringComparer.Ordinal)]));
        Directory.Delete(output, recursive: true);
    }

    [Theory]
    [InlineData("early-robust-table-1")]
    [InlineData("early-robust-table-1-medium")]
    [InlineData("early-robust-table-1-small")]
    public void Rows_of_a_table_are_trained_for_as_many_epochs(string name)
    {
        var cells = Plans.Single(p => p.Experiment.Name == name).Cells;
        foreach (var data in cells.GroupBy(c => c.Data.Name))
            Assert.Single(data.Select(c => c.Recipe.Retrain.Epochs).Distinct());
    }

    [Fact]
    public void Baselines_of_RobusTs_tables_are_trained_as_its_tickets_are_at_every_size()
    {
        var compared = 0;
        foreach (var plan in Plans.Where(p => p.Experiment.Name.StartsWith("robust-ticket-", StringComparison.Ordinal)))
        foreach (var cells in plan.Cells.GroupBy(c => c.Data.Name))
        {
            var ticket = cells.FirstOrDefault(c => c.Row.Name is "robust-ticket" or "robust-20")?.Recipe;
            var control = cells.FirstOrDefault(c => c.Row.Name == "fine-tune")?.Recipe;
            if (ticket is null || control is null)
                continue;
            compared++;
            Assert.Equal(
                (ticket.Retrain.Optimizer, ticket.Retrain.Epochs, ticket.BatchSize),
                (control.Retrain.Optimizer, control.Retrain.Epochs, control.BatchSize)
            );
            Assert.All(
                cells.Where(c => c.Row.Name == "freelb"),
                c => Assert.Equal((32, 0.01), (c.Recipe.BatchSize, c.Recipe.Retrain.Optimizer.WeightDecay))
            );
        }
        // Tables 1 to 4 and Figures 2 and 4, full and small.
        Assert.Equal(3 + 3 + 3 + 3 + 3 + 3 + 2 + 3 + 2 + 1 + 1 + 2, compared);
    }

    [Fact]
    public void The_curves_of_RobusTs_sparsity_figure_are_one_figure()
    {
        var plans = Plans
            .Where(p => p.Experiment.Name.StartsWith("robust-ticket-figure-2", StringComparison.Ordinal))
            .ToArray();
        Assert.NotEmpty(plans);
        foreach (var plan in plans)
        {
            var figure = Assert.Single(plan.Experiment.Figures!);
            Assert.Equal((FigureKind.Sweep, "draw.sparsity", null), (figure.Kind, figure.Field, figure.Rows));
        }
    }

    [Fact]
    public void No_claim_is_contradicted_by_what_its_paper_prints()
    {
        var (published, claims) = Sources();
        double? Printed(Measure measure, TableCell cell)
        {
            var row = published.Rows.FirstOrDefault(r => (r.Table, r.Row, r.Data) == (cell.Table, cell.Row, cell.Data));
            var attack = row?.Attacks?.FirstOrDefault(a => a.Attack == cell.Attack);
            return measure switch
            {
                Measure.Aua => attack?.Aua,
                Measure.Queries => attack?.Queries,
                Measure.Clean => row?.Clean,
                Measure.Parameters => row?.Parameters,
                Measure.Seconds => 1 / row?.Speedup,
                _ => null,
            };
        }

        bool? Agrees(Claim claim) =>
            claim switch
            {
                DifferenceClaim c => Printed(c.Measure, c.More) - Printed(c.Measure, c.Than) is { } d
                    ? d > c.Margin
                    : null,
                WithinClaim c => Printed(c.Measure, c.First) - Printed(c.Measure, c.Second) is { } d
                    ? Math.Abs(d) <= c.Margin
                    : null,
                OrderClaim c => c.Cells.Select(cell => Printed(c.Measure, cell)).ToArray() is var values
                && values.All(v => v is not null)
                    ? values.Zip(values.Skip(1)).All(pair => pair.First > pair.Second)
                    : null,
                RatioClaim c => Printed(c.Measure, c.More) / Printed(c.Measure, c.Than) is { } r
                    ? r >= c.AtLeast
                    : null,
                _ => null,
            };

        var told = claims.Claims.Select(c => (c.Id, Agrees: Agrees(c))).Where(c => c.Agrees is not null).ToArray();
        Assert.True(told.Length > 70, $"{told.Length}");
        Assert.Empty(told.Where(c => c.Agrees == false).Select(c => c.Id));
    }

    [Fact]
    public void A_claim_on_cost_names_its_protocol_and_one_on_size_the_share_of_its_sentence()
    {
        var ratios = Sources().Claims.Claims.OfType<RatioClaim>().ToArray();
        var costs = ratios.Where(c => c.Measure is Measure.Flops or Measure.Seconds).ToArray();
        var sizes = ratios.Where(c => c.Measure == Measure.Parameters).ToArray();
        Assert.NotEmpty(costs);
        Assert.NotEmpty(sizes);
        Assert.All(costs, c => Assert.False(string.IsNullOrEmpty(c.Protocol), c.Id));
        Assert.All(
            sizes,
            c =>
            {
                var percent = int.Parse(
                    Regex.Match(c.Sentence, "at most ([0-9]+) %").Groups[1].Value,
                    System.Globalization.CultureInfo.InvariantCulture
                );
                Assert.Equal(100.0 / percent, c.AtLeast, 4);
            }
        );
    }
}
