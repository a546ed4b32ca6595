// The papers' tables: published numbers next to those of finished cells.
using RobustTickets.Reports;

namespace RobustTickets.Experiments.Evidence;

/// <summary>A table of a paper: printed and own numbers, and what is missing.</summary>
/// <param name="Id">Its name in experiments and claims, e.g. <c>early-robust/table-1</c>.</param>
/// <param name="Title">Display name.</param>
/// <param name="Citation">Source of the printed numbers.</param>
/// <param name="Parts">One table per data set and attack with finished cells.</param>
/// <param name="Notes">What is missing and what cannot be compared, as sentences; empty when there
/// is nothing.</param>
internal sealed record PaperTable(
    string Id,
    string Title,
    string Citation,
    IReadOnlyList<(string Heading, ReportTable Table)> Parts,
    string Notes
);

/// <summary>Compares printed tables with finished cells.</summary>
/// <param name="published">The papers' numbers.</param>
/// <param name="cells">The finished cells.</param>
internal sealed class PaperTables(PublishedFile published, ClaimCells cells)
{
    /// <summary>Marks cells under another attack than that of the papers' figures.</summary>
    public const string Mark = "†";

    private const string BertAttack = "bert-attack",
        Released = "bert-attack-released";

    /// <summary>What <see cref="Mark"/> says.</summary>
    public const string OtherAttack =
        $"{Mark} The papers' code calls a variant without a masked language model BERT-Attack (recipe {Released} "
        + "here), so their figures under it are not comparable with those under the attack measured here.";

    private static readonly Dictionary<string, ExampleOutcome> NoOutcomes = [];

    // The header names the PGD variant of the speed-up; the papers do not.
    private static ReportColumn[] Columns(string? pgd) =>
        [
            new("method", "Method", "Row of the table", Numeric: false),
            new("aua_paper", "Aua, paper", "Accuracy under attack as printed, %", Numeric: true),
            new(
                "aua",
                "Aua, here",
                "Mean and standard deviation over seeds; 95 % interval over examples",
                Numeric: true
            ),
            new("n", "n", "Attacked examples, all seeds together", Numeric: true),
            new("seeds", "Seeds", "Finished runs", Numeric: true),
            new("clean_paper", "Clean, paper", "Accuracy as printed, %", Numeric: true),
            new("clean", "Clean, here", "Mean and standard deviation over seeds, on the reported rows", Numeric: true),
            new("queries_paper", "#Query, paper", "Mean queries as printed", Numeric: true),
            new("queries", "#Query, here", "Mean queries per attacked example", Numeric: true),
            new(
                "speedup_paper",
                "Speed-up, paper",
                "Training speed, PGD = 1, as printed; the paper gives neither form nor K of its PGD",
                Numeric: true
            ),
            new("speedup", $"by seconds{Over(pgd)}", $"Seconds of {pgd ?? "PGD"} / seconds", Numeric: true),
            new("work", $"by FLOP{Over(pgd)}", $"Operations of {pgd ?? "PGD"} / operations", Numeric: true),
        ];

    private static string Over(string? pgd) => pgd is null ? "" : $" over {pgd}";

    /// <summary>All tables, in file order.</summary>
    public IReadOnlyList<PaperTable> All() => [.. published.Tables.Select(Of)];

    /// <summary>Display name of a table or a paper.</summary>
    public static string Name(string id) =>
        id.Replace("/table-", " Table ", StringComparison.Ordinal)
            .Replace("/figure-", " Figure ", StringComparison.Ordinal)
            .Replace("early-robust", "EarlyRobust", StringComparison.Ordinal)
            .Replace("robust-ticket", "RobusT", StringComparison.Ordinal);

    /// <summary>Whether the papers attacked otherwise under the name of a cell's attack.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="recipe">The attack recipe of the cell.</param>
    public static bool IsOtherAttack(TableCell cell, string? recipe) =>
        cell.Attack == BertAttack
        && recipe != Released
        && (
            cell.Table.StartsWith("early-robust/", StringComparison.Ordinal)
            || cell.Table.StartsWith("robust-ticket/", StringComparison.Ordinal)
        );

    private PaperTable Of(PublishedTable table)
    {
        var rows = published.Rows.Where(r => r.Table == table.Id).ToArray();
        var ours = cells.Cells.Where(c => c.Table == table.Id).ToArray();
        string[] attacks =
        [
            .. rows.SelectMany(r => r.Attacks ?? [])
                .Select(a => a.Attack)
                .Concat(ours.Select(c => c.Attack).OfType<string>())
                .Distinct(),
        ];
        var parts = new List<(string, ReportTable)>();
        var missing = new List<string>();
        var other = false;
        foreach (var data in rows.Select(r => r.Data).Concat(ours.Select(c => c.Data)).Distinct())
        {
            foreach (var attack in attacks.DefaultIfEmpty(null))
            {
                if (ours.FirstOrDefault(c => c.Data == data && c.Attack == attack) is { } measured)
                {
                    var marked =
                        IsOtherAttack(measured, cells.RecipeOf(measured))
                        && rows.Any(r => r.Data == data && r.Attacks?.Any(a => a.Attack == attack) == true);
                    other |= marked;
                    var heading = attack is null ? data : $"{data}, {attack}{(marked ? $" {Mark}" : "")}";
                    parts.Add((heading, Beside(table.Id, data, attack)));
                }
                else
                    missing.Add(attack is null ? data : $"{data} under {attack}");
            }
        }
        return new PaperTable(
            table.Id,
            $"{Name(table.Id)}: {table.Title}",
            table.Citation,
            parts,
            string.Join(
                ' ',
                new[]
                {
                    other ? OtherAttack : null,
                    missing.Count > 0 ? $"Not measured here: {string.Join(", ", missing)}." : null,
                }.OfType<string>()
            )
        );
    }

    private ReportTable Beside(string table, string data, string? attack)
    {
        var rows = published.Rows.Where(r => r.Table == table && r.Data == data).ToArray();
        var names = rows.Select(r => r.Row)
            .Concat(cells.Cells.Where(c => c.Table == table && c.Data == data).Select(c => c.Row))
            .Distinct();
        // The paper's times match the usual PGD; without one, the lean variant is used, as the
        // header says.
        var usual = cells.Of(new TableCell(table, "pgd-usual", data, attack));
        var pgd = usual.Count > 0 ? usual : cells.Of(new TableCell(table, "pgd", data, attack));
        return new ReportTable(
            Columns(pgd.FirstOrDefault()?.Pgd),
            [
                .. names.Select(name =>
                {
                    var printed = rows.FirstOrDefault(r => r.Row == name);
                    var under = attack is null ? null : printed?.Attacks?.FirstOrDefault(a => a.Attack == attack);
                    return Row(name, printed, under, cells.Of(new TableCell(table, name, data, attack)), pgd);
                }),
            ]
        );
    }

    private static ReportCell[] Row(
        string name,
        PublishedRow? printed,
        PublishedAttack? under,
        IReadOnlyList<SeedCell> seeds,
        IReadOnlyList<SeedCell> pgd
    )
    {
        var withstood = seeds.SelectMany(s => (s.Outcomes ?? NoOutcomes).Select(o => (o.Key, o.Value.After))).ToArray();
        return
        [
            new(name),
            ReportCell.Of(under?.Aua, "0.0"),
            Mean(seeds, Measure.Aua, "0.0", RepeatedShare.Interval(withstood)?.Percent),
            ReportCell.Of(withstood.Length == 0 ? null : withstood.Length, "N0"),
            ReportCell.Of(seeds.Count, "0"),
            ReportCell.Of(printed?.Clean, "0.0"),
            Mean(seeds, Measure.Clean, "0.0"),
            ReportCell.Of(under?.Queries, "N1"),
            Mean(seeds, Measure.Queries, "N1"),
            ReportCell.Of(printed?.Speedup, "0.0"),
            Ratio(pgd, seeds, Measure.Seconds),
            Ratio(pgd, seeds, Measure.Flops),
        ];
    }

    private static ReportCell Ratio(IReadOnlyList<SeedCell> pgd, IReadOnlyList<SeedCell> seeds, Measure measure) =>
        pgd.Count == 0 || seeds.Count == 0
            ? ReportCell.None
            : ReportCell.Of(
                pgd.Average(s => s.Value(measure)!.Value) / seeds.Average(s => s.Value(measure)!.Value),
                "0.0"
            );

    private static ReportCell Mean(
        IReadOnlyList<SeedCell> seeds,
        Measure measure,
        string format,
        string? note = null
    ) => Sample.Of(seeds.Select(s => s.Value(measure)).OfType<double>()).Cell(format, note);
}
