// Cells of experiments and their status, as printed by --list and --dry-run.
using System.Text.Json.Nodes;
using RobustTickets.Experiments;
using RobustTickets.Pipeline.Checks;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Experiments;

internal static class ExperimentCells
{
    /// <summary>
    /// Prints the cells; with a checked run also their numbers of examples and how many cells share
    /// a run, and, given a speed, an estimated time.
    /// </summary>
    public static int Write(
        CliContext context,
        IReadOnlyList<(ExperimentFolder Folder, IReadOnlyList<ExperimentCell> Cells)> tables,
        ExperimentRun? checkedRun,
        int? tokensPerSecond,
        bool json
    )
    {
        if (json)
        {
            JsonOutput.Write(
                context.Out,
                new JsonArray([
                    .. tables.SelectMany(t =>
                        t.Cells.Select(c => new JsonObject
                        {
                            ["experiment"] = t.Folder.Plan.Experiment.Name,
                            ["cell"] = c.Id,
                            ["run"] = t.Folder.Knows(c) ? Path.GetFileName(t.Folder.Run(c)) : null,
                            ["state"] = State(t.Folder, c),
                            ["held_by"] = t.Folder.HeldBy(c),
                            ["attacks"] = JsonOutput.Array(c.Attacks.Select(a => a.Name)),
                            ["train_examples"] = checkedRun?.Examples(t.Folder, c).Train,
                            ["evaluation_examples"] = checkedRun?.Examples(t.Folder, c).Evaluation,
                            ["token_passes"] = checkedRun?.CostOf(t.Folder, c).Units,
                            ["hours"] = tokensPerSecond is { } speed
                                ? checkedRun?.CostOf(t.Folder, c).Hours(speed)
                                : null,
                        })
                    ),
                ])
            );
            return ExitCodes.Ok;
        }
        var width = tables.Max(t => t.Cells.Max(c => c.Id.Length));
        var known = new HashSet<string>();
        foreach (var (folder, cells) in tables)
        {
            if (tables.Count > 1)
            {
                var cost = checkedRun is null
                    ? ""
                    : $" {Words(Open(folder, cells, checkedRun, known), tokensPerSecond)} beyond the tables above";
                context.Out.WriteLine($"{folder.Plan.Experiment.Name}:{cost}");
            }
            foreach (var cell in cells)
                context.Out.WriteLine(Line(folder, cell, width, checkedRun));
        }
        if (checkedRun is null)
            NoteUnknown(context, tables);
        else
        {
            foreach (var line in Sums(tables, checkedRun, tokensPerSecond))
                context.Out.WriteLine(line);
            context.Out.WriteLine("dry run: nothing was started");
        }
        return ExitCodes.Ok;
    }

    // Which run a cell uses depends on model and data, which --list does not read.
    private static void NoteUnknown(
        CliContext context,
        IReadOnlyList<(ExperimentFolder Folder, IReadOnlyList<ExperimentCell> Cells)> tables
    )
    {
        var unknown = tables.Sum(t => t.Cells.Count(c => !t.Folder.Knows(c)));
        if (unknown > 0 && tables.Any(t => Directory.Exists(t.Folder.Runs)))
            context.Error.WriteLine(
                Text($"note: {unknown:N0} cells are open according to their own tables; ")
                    + "--dry-run shows which of them are runs that other tables have computed"
            );
    }

    private static string Line(ExperimentFolder folder, ExperimentCell cell, int width, ExperimentRun? checkedRun)
    {
        var size = checkedRun?.Examples(folder, cell) is { } n
            ? Text($"  {n.Train:N0} training, {n.Evaluation:N0} reported examples")
            : "";
        var attacks =
            cell.Attacks.Count == 0
                ? ""
                : "  "
                    + string.Join(
                        ", ",
                        cell.Attacks.Select(a => $"{a.Name}{(folder.IsAttacked(cell, a) ? " (done)" : "")}")
                    );
        var holder = folder.HeldBy(cell) is { } who ? $"  (held by {who})" : "";
        return $"{cell.Id.PadRight(width)}  {State(folder, cell), -7}{size}{attacks}{holder}";
    }

    private static IEnumerable<string> Sums(
        IReadOnlyList<(ExperimentFolder Folder, IReadOnlyList<ExperimentCell> Cells)> tables,
        ExperimentRun run,
        int? tokensPerSecond
    )
    {
        var cells = tables.SelectMany(t => t.Cells.Select(c => (t.Folder, Cell: c))).ToArray();
        var runs = cells.Select(c => c.Folder.Run(c.Cell)).Distinct().Count();
        var models = cells.Select(c => c.Folder.Model(c.Cell)).Distinct().Count();
        var attacks = cells.SelectMany(c => c.Cell.Attacks.Select(a => c.Folder.Attack(c.Cell, a))).ToArray();
        var own = attacks.Distinct().Count();
        yield return Text(
            $"{cells.Length:N0} cells: {models:N0} models of {runs:N0} runs ({cells.Length - models:N0} shared); ",
            $"{attacks.Length:N0} attacks: {own:N0} distinct ({attacks.Length - own:N0} shared)"
        );
        var known = new HashSet<string>();
        var cost = tables.Select(t => Open(t.Folder, t.Cells, run, known)).Aggregate((sum, one) => sum + one);
        yield return $"remaining: {Words(cost, tokensPerSecond)}";
        var (searches, alike, spared) = Alike(cells, run);
        if (alike > 0)
            yield return Text($"{alike:N0} of {searches:N0} searches repeat earlier ones; where those ran long ")
                + $"enough, their results are reused: then {Words(cost - spared, tokensPerSecond)}";
    }

    // Searches to run, those that can reuse an earlier one, and the cost saved.
    private static (int Searches, int Alike, RecipeCost Spared) Alike(
        IReadOnlyList<(ExperimentFolder Folder, ExperimentCell Cell)> cells,
        ExperimentRun run
    )
    {
        var open = cells
            .Where(c => !c.Cell.IsControl && !c.Folder.IsTrained(c.Cell))
            .DistinctBy(c => c.Folder.Run(c.Cell))
            .Select(c => run.SearchOf(c.Folder, c.Cell))
            .OfType<(string Search, RecipeCost Cost)>()
            .GroupBy(s => s.Search, s => s.Cost)
            .ToArray();
        return (
            open.Sum(group => group.Count()),
            open.Sum(group => group.Count() - 1),
            open.SelectMany(group => group.OrderByDescending(c => c.Units).Skip(1))
                .Aggregate(default(RecipeCost), (sum, cost) => sum + cost)
        );
    }

    private static string Words(RecipeCost cost, int? tokensPerSecond) =>
        Text(
            $"at most {cost.Units / 1e6:N1} million word-piece passes, ",
            $"{100 * cost.Attacks / Math.Max(cost.Units, 1):0} % of them attacks"
        )
        + (
            tokensPerSecond is { } speed
                ? Text($", about {cost.Hours(speed):0.0} hours at {speed:N0} word pieces per second")
                : ""
        );

    /// <summary>
    /// Cost of runs and attacks that are missing and not counted for earlier tables.
    /// </summary>
    private static RecipeCost Open(
        ExperimentFolder folder,
        IReadOnlyList<ExperimentCell> cells,
        ExperimentRun run,
        HashSet<string> known
    )
    {
        var cost = default(RecipeCost);
        foreach (var cell in cells)
        {
            // A control is trained in the run of another cell.
            if (!folder.IsTrained(cell) && !cell.IsControl && known.Add(folder.Run(cell)))
                cost += run.CostOf(folder, cell with { Attacks = [] });
            foreach (var attack in cell.Attacks)
                if (!folder.IsAttacked(cell, attack) && known.Add(folder.Attack(cell, attack)))
                    cost += run.CostOf(folder, cell, attack);
        }
        return cost;
    }

    private static string State(ExperimentFolder folder, ExperimentCell cell) =>
        folder.State(cell).ToString().ToLowerInvariant();
}
