// The experiments of a request, prepared before any compute: their data, the runs of their cells,
// and whether all can run.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Checks;
using RobustTickets.Pipeline.Data;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Experiments;

/// <summary>Checks the cells of a request and assigns their runs.</summary>
/// <param name="request">The experiments with their paths.</param>
/// <param name="stop">Cancels reading.</param>
internal sealed class ExperimentSet(ExperimentRequest request, CancellationToken stop) : IDisposable
{
    private readonly Dictionary<EpochAttackOptions, EpochAttackSource> _epochAttacks = [];
    private readonly Dictionary<string, string?> _tables = [];
    private WordPieceTokenizer? _tokenizer;

    /// <summary>An experiment and its selected cells.</summary>
    internal sealed record Table(ExperimentFolder Folder, ExperimentInputs Inputs, IReadOnlyList<ExperimentCell> Cells);

    /// <summary>The experiments.</summary>
    public IReadOnlyList<Table> Tables { get; } =
    [
        .. request.Cells.Select(p =>
        {
            var folder = new ExperimentFolder(request.Output, p.Plan);
            return new Table(folder, new ExperimentInputs(request, folder), p.Cells);
        }),
    ];

    /// <summary>Data shared by the runs of this process.</summary>
    public RunDataCache Cache { get; } = new();

    /// <summary>The experiment of a folder.</summary>
    public Table Of(ExperimentFolder folder) =>
        Tables.Single(t => t.Folder.Plan.Experiment.Name == folder.Plan.Experiment.Name);

    /// <summary>The experiments that contain a run.</summary>
    public IEnumerable<Table> Sharing(string run) => Tables.Where(t => t.Cells.Any(c => t.Folder.Place(c).Run == run));

    /// <summary>Display name of a cell: with its experiment if there are several.</summary>
    public string NameOf(Table table, ExperimentCell cell) =>
        request.Plans.Count == 1 ? cell.Id : $"{table.Folder.Plan.Experiment.Name}/{cell.Id}";

    /// <inheritdoc cref="ExperimentRun.Check"/>
    public void Check()
    {
        foreach (var name in (request.Resources ?? new Dictionary<string, string>()).Keys)
            if (!ResourceFiles.Names.Contains(name))
                throw new RequestException(
                    nameof(request.Resources),
                    name,
                    $"unknown resource; {NearestNames.Hint(name, [.. ResourceFiles.Names])}"
                );
        var missing = Tables.SelectMany(t => t.Inputs.Missing(t.Cells)).Distinct().ToArray();
        if (missing.Length > 0)
            throw new RequestException(
                nameof(request.Data),
                null,
                $"no path is given for {string.Join(", ", missing)}; give NAME=PATH for each",
                new Remedy("or select cells that need none of them", nameof(request.Only))
            );
        using (var files = BertFiles.OpenBase(request.Model))
        {
            if (
                files.Config.Ticket is not null
                && All.FirstOrDefault(c => c.Cell.Recipe.Search is not null) is { Cell: { } searched }
            )
            {
                throw new CheckpointException(
                    $"{request.Model}: is already a ticket; {searched.Id} searches for one and needs a dense checkpoint"
                );
            }
            Misfits((_, cell) => RecipeFit.Model(cell.Recipe, files.Config));
            foreach (var (table, cell) in All)
                table.Folder.RequireSameData(cell.Data.Name, request.Data[cell.Data.Name], Data(table, cell).Rows);
            Misfits((table, cell) => RecipeFit.Data(cell.Recipe, Data(table, cell)));
            foreach (var (table, cell) in All)
                MachineNeeds
                    .Of(cell.Recipe, files.Config, Data(table, cell))
                    .Require(request.Model, request.Output, request.Execution);
            foreach (var (table, cell) in All)
                if (cell.Recipe.Evaluate.EpochAttack is { } attack)
                    _ = EpochAttacks.Sample(attack, Data(table, cell));
            foreach (var (table, cell) in All.DistinctBy(c => c.Cell.Recipe.Evaluate.EpochAttack))
                if (cell.Recipe.Evaluate.EpochAttack is { } options)
                    EpochAttack(table, options).Check();
            foreach (var (table, cell) in All)
                _ = Substitutes(table, cell);
            using var models = new AttackModels(request.Model);
            foreach (var table in Tables)
            foreach (
                var (cell, attack) in table
                    .Cells.SelectMany(c => c.Attacks.Select(a => (c, a)))
                    .DistinctBy(p => p.a.Name)
            )
                table.Inputs.Attack(cell, attack).Recipe.Check(models);
            Place(files.Config, models);
        }
        foreach (var (table, cell) in All)
        {
            if (
                cell.TicketFrom is { } from
                && table.Cells.All(c => c.Id != from)
                && !table.Folder.IsTrained(table.Folder.Plan.Cell(from))
            )
            {
                throw new RequestException(
                    nameof(request.Only),
                    null,
                    $"{cell.Id} needs the ticket of {from}, which is not finished; select that cell as well"
                );
            }
        }
    }

    /// <summary>Notes on given data that no experiment has.</summary>
    public static IEnumerable<string> UnknownData(ExperimentRequest request)
    {
        string[] data = [.. request.Plans.SelectMany(p => p.Experiment.Data).Select(d => d.Name).Distinct()];
        return request
            .Data.Keys.Except(data)
            .Select(name => $"note: no experiment here has data \"{name}\"; {NearestNames.Hint(name, data)}");
    }

    /// <inheritdoc cref="ExperimentRun.Notes"/>
    public IEnumerable<string> Notes()
    {
        var taken = Tables.SelectMany(t => t.Inputs.Resources).Distinct().Order(StringComparer.Ordinal).ToArray();
        return UnknownData(request)
            .Concat(
                (request.Resources ?? new Dictionary<string, string>())
                    .Keys.Except(taken)
                    .Select(name =>
                        $"note: no attack and no recipe here uses {name}; used: "
                        + (taken.Length == 0 ? "none" : string.Join(", ", taken))
                    )
            )
            .Concat(
                All.SelectMany(c =>
                        Data(c.Table, c.Cell).Notes.Concat(RecipeFit.Notes(c.Cell.Recipe, Data(c.Table, c.Cell)))
                    )
                    .Distinct()
            );
    }

    /// <summary>The tokenised data of a cell, shared by cells with the same data.</summary>
    public RunData Data(Table table, ExperimentCell cell) =>
        RunData.Load(table.Inputs.Train(cell, Cache), _tokenizer ??= WordPieceTokenizer.Load(request.Model), stop);

    /// <summary>
    /// The attack after each epoch, shared with its resources by recipes with the same options.
    /// </summary>
    public EpochAttackSource EpochAttack(Table table, EpochAttackOptions options)
    {
        if (!_epochAttacks.TryGetValue(options, out var source))
            _epochAttacks[options] = source = table.Inputs.EpochAttack(options);
        return source;
    }

    /// <summary>Releases the models loaded by attacks after epochs.</summary>
    public void Dispose()
    {
        foreach (var source in _epochAttacks.Values)
            source.Dispose();
    }

    private IEnumerable<(Table Table, ExperimentCell Cell)> All => Tables.SelectMany(t => t.Cells.Select(c => (t, c)));

    private void Place(HuggingFaceConfig config, IAttackModels models)
    {
        var contents = new CellContents(request);
        foreach (var table in Tables)
        {
            var plan = table.Folder.Plan;
            // A run is assigned before the cells that use its ticket.
            var cells = table
                .Cells.Concat(table.Cells.Where(c => c.TicketFrom is not null).Select(c => plan.Cell(c.TicketFrom!)))
                .DistinctBy(c => c.Id)
                .OrderBy(c => c.TicketFrom is not null)
                .ToArray();
            foreach (var group in cells.GroupBy(c => c.TicketFrom is not null))
                table.Folder.Take(
                    group.ToDictionary(
                        c => c.Id,
                        c => new CellPlace(
                            contents.Run(
                                table.Folder.RecipeOf(c),
                                Data(table, c),
                                c.TicketFrom is null
                                    ? TicketReference.Require(c.Recipe, config, RunBeside(table))
                                    : null,
                                Sources(table, c),
                                table.Inputs.EpochAttackFiles(c.Recipe.Evaluate.EpochAttack)
                            ),
                            c.Attacks.ToDictionary(
                                a => a.Name,
                                a => contents.Attack(a, c.Data, table.Inputs.Attack(c, a), models)
                            ),
                            CellIndex.Of(plan, c),
                            contents.Base
                        )
                    )
                );
        }
    }

    /// <summary>
    /// Identity of a recipe's other inputs: substitute tables, read once for all recipes with the
    /// same files, and a teacher; null without either.
    /// </summary>
    private string? Sources(Table table, ExperimentCell cell)
    {
        var tables = Substitutes(table, cell);
        return TeacherFolder.HashOf(cell.Recipe, RunBeside(table)) is { } teacher
            ? $"{tables}teacher {teacher}\n"
            : tables;
    }

    private string? Substitutes(Table table, ExperimentCell cell)
    {
        var key = string.Join(' ', AugmentTables.FileNames(cell.Recipe));
        if (key.Length == 0)
            return null;
        if (!_tables.TryGetValue(key, out var identity))
        {
            var resources = table.Inputs.Train(cell, Cache).Resources;
            _tables[key] = identity = AugmentTables.Load(cell.Recipe, resources, request.Model)?.Identity;
        }
        return identity;
    }

    private static string RunBeside(Table table) => Path.Combine(table.Folder.Path, ExperimentFolder.Cells, "run");

    // The file cannot be changed by settings, so remedies are only in the text.
    /// <summary>Throws if recipes of cells do not fit model or data; lists all problems.</summary>
    private void Misfits(Func<Table, ExperimentCell, IEnumerable<Misfit>> of) =>
        RecipeFit.Require(
            $"experiment {string.Join(", ", Tables.Select(t => t.Folder.Plan.Experiment.Name))}",
            All.Where(c => !c.Cell.IsControl) // a control is part of another row's run
                .SelectMany(c =>
                    of(c.Table, c.Cell)
                        .Select(m =>
                            m with
                            {
                                Settings = [],
                                Text = $"row {c.Cell.Row.Name} on {c.Cell.Data.Name}: {m.Text}",
                            }
                        )
                )
                .DistinctBy(m => m.Text)
        );
}
