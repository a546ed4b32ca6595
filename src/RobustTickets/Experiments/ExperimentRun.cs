// Runs the cells of an experiment: checks everything first, then cell by cell training and attacks,
// each going on where it was. A cell that fails is written down and the others go on. Several
// processes may work on one folder: each takes cells that nobody is at.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Experiments;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>A cell that failed.</summary>
/// <param name="Cell">Name of the cell.</param>
/// <param name="Cause">What it failed of.</param>
public sealed record CellFailure(string Cell, Exception Cause);

/// <summary>One invocation of an experiment.</summary>
/// <param name="request">The experiment with its places.</param>
/// <param name="progress">Is told what happens.</param>
/// <param name="codeOf">The number that is written down beside the message of a failure, for
/// whoever reads the folder; null: 1.</param>
/// <param name="stop">Ends the cell at work, which goes on the next time.</param>
public sealed class ExperimentRun(
    ExperimentRequest request,
    IProgress<ExperimentProgress>? progress = null,
    Func<Exception, int>? codeOf = null,
    CancellationToken stop = default
) : IDisposable
{
    private readonly Dictionary<EpochAttackOptions, EpochAttackSource> _epochAttacks = [];
    private readonly RunDataCache _cache = new();
    private readonly ExperimentFolder _folder = new(request.Output);
    private readonly ExperimentInputs _inputs = new(request, new ExperimentFolder(request.Output));
    private readonly IReadOnlyList<ExperimentCell> _cells = request.Cells;
    private WordPieceTokenizer? _tokenizer;

    /// <summary>
    /// Looks at everything that cells need, before any compute: model, data and labels, attack
    /// options and their files.
    /// </summary>
    /// <exception cref="RequestException">A place is missing or goes with
    /// nothing.</exception>
    /// <exception cref="RecipeException">An option of an attack or of data is
    /// impossible.</exception>
    /// <exception cref="DataException">Data or a resource is missing or does not fit.</exception>
    public void Check()
    {
        _inputs.Require(_cells);
        using (var files = BertFiles.OpenBase(request.Model))
        {
            if (
                files.Config.Ticket is not null
                && _cells.FirstOrDefault(c => c.Recipe.Search is not null) is { } searched
            )
            {
                throw new CheckpointException(
                    $"{request.Model}: is a ticket already; {searched.Id} searches one and needs a dense checkpoint"
                );
            }
            Misfits(cell => RecipeFit.Model(cell.Recipe, files.Config));
            // A ticket of another cell need not be there yet; that cell is checked like this one.
            foreach (var cell in _cells.Where(c => c.TicketFrom is null))
                _ = TicketReference.Require(cell.Recipe, files.Config, _folder.Run(cell));
        }
        foreach (var cell in _cells)
        {
            if (
                cell.TicketFrom is { } from
                && _cells.All(c => c.Id != from)
                && !_folder.IsTrained(request.Plan.Cell(from))
            )
            {
                throw new RequestException(
                    nameof(request.Only),
                    null,
                    $"{cell.Id} takes its ticket from {from}, which is not finished; name that cell, too"
                );
            }
            _folder.RequireSameData(cell.Data.Name, request.Data[cell.Data.Name], Data(cell).Rows);
        }
        Misfits(cell => RecipeFit.Data(cell.Recipe, Data(cell)));
        foreach (var cell in _cells)
            if (cell.Recipe.Evaluate.EpochAttack is { } attack)
                _ = EpochAttacks.Sample(attack, Data(cell));
        var afterEpochs = _cells.Select(c => c.Recipe.Evaluate.EpochAttack).OfType<EpochAttackOptions>().Distinct();
        foreach (var attack in afterEpochs)
            EpochAttack(attack).Check();
        foreach (var cell in _cells.DistinctBy(c => string.Join(' ', AugmentTables.FileNames(c.Recipe))))
            _ = AugmentTables.Load(cell.Recipe, _inputs.Train(cell, _cache).Resources, request.Model);
        using var models = new AttackModels(request.Model);
        foreach (var (cell, attack) in _cells.SelectMany(c => c.Attacks.Select(a => (c, a))).DistinctBy(p => p.a.Name))
            _inputs.Attack(cell, attack).Recipe.Check(models);
    }

    /// <summary>Releases what attacks after epochs have loaded.</summary>
    public void Dispose()
    {
        foreach (var source in _epochAttacks.Values)
            source.Dispose();
    }

    /// <summary>Notes about the data of the cells, each once.</summary>
    public IEnumerable<string> Notes() =>
        _cells.SelectMany(c => Data(c).Notes.Concat(RecipeFit.Notes(c.Recipe, Data(c)))).Distinct();

    /// <summary>Training and reported examples of a cell.</summary>
    public (int Train, int Evaluation) Examples(ExperimentCell cell)
    {
        var data = Data(cell);
        return (data.Train.Examples.Count, data.Evaluation.Examples.Count);
    }

    /// <summary>Runs what is still to be done and writes the tables after every cell.</summary>
    /// <returns>The cells that failed.</returns>
    public IReadOnlyList<CellFailure> Run()
    {
        _folder.Begin(request.Plan);
        foreach (var cell in _cells.DistinctBy(c => c.Data.Name))
            _folder.KeepData(cell.Data.Name, Data(cell).Rows);
        var failures = new List<CellFailure>();
        for (var i = 0; i < _cells.Count; i++)
        {
            var cell = _cells[i];
            if (_folder.State(cell) == CellState.Done)
                continue;
            if (cell.TicketFrom is { } from && !_folder.IsTrained(request.Plan.Cell(from)))
            {
                Say($"{cell.Id}: takes its ticket from {from}, which is not finished; left for later");
                continue;
            }
            using var held = _folder.TryLock(cell, out var who);
            if (held is null)
            {
                Say($"{cell.Id}: {who} is at it, left to it");
                continue;
            }
            Say($"cell {i + 1} of {_cells.Count}: {cell.Id}");
            try
            {
                Train(cell);
                foreach (var attack in cell.Attacks)
                    Attack(cell, attack);
                _folder.SetFailure(cell, null);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures.Add(new CellFailure(cell.Id, e));
                _folder.SetFailure(cell, e.Message, codeOf?.Invoke(e) ?? 1);
                Say($"failed: {cell.Id}: {e.Message}");
            }
            finally
            {
                WriteResults();
            }
        }
        WriteResults();
        return failures;
    }

    private void Train(ExperimentCell cell)
    {
        if (_folder.IsTrained(cell))
            return;
        var train = _inputs.Train(cell, _cache);
        var begun = RunFolder.Create(train.Output, allowExisting: true).HoldsRun;
        var attack = cell.Recipe.Evaluate.EpochAttack is { } options ? EpochAttack(options).Build() : null;
        Part(
            cell,
            null,
            () =>
                RecipeRunner.Run(
                    train with
                    {
                        Resume = begun,
                        EpochAttack = attack,
                    },
                    new Relay<RunEvent>(p => progress?.Report(new ExperimentTraining(p))),
                    stop
                )
        );
    }

    private void Attack(ExperimentCell cell, ExperimentAttack attack)
    {
        if (_folder.IsAttacked(cell, attack))
            return;
        Part(
            cell,
            attack.Name,
            () =>
                AttackRun
                    .Run(
                        _inputs.Attack(cell, attack),
                        new Relay<AttackProgress>(p => progress?.Report(new ExperimentAttacking(p))),
                        stop
                    )
                    .ThrowIfErrors()
        );
    }

    private void Part(ExperimentCell cell, string? attack, Action run)
    {
        progress?.Report(new ExperimentPart(cell.Id, attack, Begins: true));
        try
        {
            run();
        }
        finally
        {
            progress?.Report(new ExperimentPart(cell.Id, attack, Begins: false));
        }
    }

    private void WriteResults()
    {
        var (plan, table) = (request.Plan, ExperimentTable.Of(request.Plan, _folder));
        AtomicFile.WriteAllText(_folder.Results("csv"), table.ToCsv());
        AtomicFile.WriteAllText(_folder.Results("md"), ExperimentTable.ToMarkdown(plan, _folder, table));
        AtomicFile.WriteAllText(
            _folder.Results("json"),
            ExperimentTable.ToJson(plan, _folder, table).ToJsonString() + "\n"
        );
        ExperimentFigures.Write(plan, _folder);
    }

    /// <summary>The encoded data of a cell; cells that see the same share them.</summary>
    private RunData Data(ExperimentCell cell) =>
        RunData.Load(_inputs.Train(cell, _cache), _tokenizer ??= WordPieceTokenizer.Load(request.Model));

    /// <summary>
    /// The attack after each epoch that some recipes name; they share it with its resources.
    /// </summary>
    private EpochAttackSource EpochAttack(EpochAttackOptions options)
    {
        if (!_epochAttacks.TryGetValue(options, out var source))
            _epochAttacks[options] = source = _inputs.EpochAttack(options);
        return source;
    }

    /// <summary>Refuses what cells ask of model or data in vain, all of them at once.</summary>
    private void Misfits(Func<ExperimentCell, IEnumerable<Misfit>> of) =>
        RecipeFit.Require(
            $"experiment {request.Plan.Experiment.Name}",
            _cells
                .Where(cell => !cell.IsControl) // its run is that of another row
                .SelectMany(cell =>
                    of(cell).Select(m => m with { Text = $"row {cell.Row.Name} on {cell.Data.Name}: {m.Text}" })
                )
                .DistinctBy(m => m.Text)
        );

    private void Say(string text) => progress?.Report(new ExperimentNote(text));

    // Progress<T> would report from other threads, out of order.
    private sealed class Relay<T>(Action<T> action) : IProgress<T>
    {
        public void Report(T value) => action(value);
    }
}
