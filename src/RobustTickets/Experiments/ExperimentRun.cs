// Runs the cells of experiments: checks everything first, then cell by cell training and attacks,
// each going on where it was. A cell that fails is written down and the others go on. Several
// processes may work on one folder: each takes runs that nobody is at.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Experiments;
using RobustTickets.Experiments.Evidence;
using RobustTickets.Pipeline;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>A cell that failed.</summary>
/// <param name="Cell">Name of the cell.</param>
/// <param name="Cause">What it failed of.</param>
public sealed record CellFailure(string Cell, Exception Cause);

/// <summary>How a failure is written down.</summary>
/// <param name="Code">A number for whoever reads the folder.</param>
/// <param name="Message">What happened.</param>
public sealed record FailureNote(int Code, string Message);

/// <summary>One invocation of experiments.</summary>
/// <param name="request">The experiments with their places.</param>
/// <param name="progress">Is told what happens.</param>
/// <param name="noteOf">How a failure is written down; null: 1 and the exception's message.</param>
/// <param name="stop">Ends the cell at work, which goes on the next time.</param>
public sealed class ExperimentRun(
    ExperimentRequest request,
    IProgress<ExperimentProgress>? progress = null,
    Func<Exception, FailureNote>? noteOf = null,
    CancellationToken stop = default
) : IDisposable
{
    private readonly ExperimentSet _set = new(request, stop);

    /// <summary>
    /// Looks at everything that cells need, before any compute: model, data and labels, attack
    /// options and their files. Afterwards it is known which run each cell is.
    /// </summary>
    /// <exception cref="RequestException">A place is missing or goes with
    /// nothing.</exception>
    /// <exception cref="RecipeException">An option of an attack or of data is
    /// impossible.</exception>
    /// <exception cref="DataException">Data or a resource is missing or does not fit.</exception>
    public void Check()
    {
        _ = request.Evidence?.Read();
        _set.Check();
    }

    /// <summary>Releases what attacks after epochs have loaded.</summary>
    public void Dispose() => _set.Dispose();

    /// <summary>Notes about places that nothing uses and about the data of the cells, each
    /// once.</summary>
    public IEnumerable<string> Notes() => _set.Notes();

    /// <summary>The experiments in their folder, those of the request's cells.</summary>
    public IReadOnlyList<ExperimentFolder> Folders => [.. _set.Tables.Select(t => t.Folder)];

    /// <summary>Training and reported examples of a cell.</summary>
    /// <param name="folder">The cell's experiment.</param>
    /// <param name="cell">The cell.</param>
    public (int Train, int Evaluation) Examples(ExperimentFolder folder, ExperimentCell cell)
    {
        var data = _set.Data(_set.Of(folder), cell);
        return (data.Train.Examples.Count, data.Evaluation.Examples.Count);
    }

    /// <summary>What training and attacks of a cell cost at most.</summary>
    internal RecipeCost CostOf(ExperimentFolder folder, ExperimentCell cell)
    {
        var data = _set.Data(_set.Of(folder), cell);
        var cost = cell.IsControl
            ? default
            : RecipeCost.OfTraining(cell.Recipe, data.Train.Tokens, cell.TicketFrom is not null)
                + RecipeCost.OfEpochAttacks(
                    cell.Recipe,
                    (double)data.Development.Tokens / Math.Max(1, data.Development.Examples.Count)
                );
        return cell.Attacks.Select(a => CostOf(folder, cell, a)).Aggregate(cost, (sum, attack) => sum + attack);
    }

    /// <summary>What an attack on a cell costs.</summary>
    internal RecipeCost CostOf(ExperimentFolder folder, ExperimentCell cell, ExperimentAttack attack)
    {
        var reported = _set.Data(_set.Of(folder), cell).Evaluation;
        var all = reported.Examples.Count;
        return RecipeCost.OfAttack(
            attack.Recipe,
            Math.Min(attack.Examples ?? all, all),
            (double)reported.Tokens / Math.Max(1, all)
        );
    }

    /// <summary>Runs what is still to be done and writes the tables after every cell.</summary>
    /// <returns>The cells that failed.</returns>
    public IReadOnlyList<CellFailure> Run()
    {
        foreach (var table in _set.Tables)
        {
            table.Folder.Begin();
            request.Evidence?.Keep(table.Folder.Path);
            foreach (var cell in table.Cells.DistinctBy(c => c.Data.Name))
                table.Folder.KeepData(cell.Data.Name, _set.Data(table, cell).Rows);
        }
        var (failures, all) = (new List<CellFailure>(), _set.Tables.Sum(t => t.Cells.Count));
        var number = 0;
        foreach (var table in _set.Tables)
        {
            foreach (var cell in table.Cells)
            {
                number++;
                if (Take(table, cell, $"cell {number} of {all}") is { } failure)
                    failures.Add(failure);
            }
            WriteResults(table.Folder);
            WriteEvidence();
        }
        return failures;
    }

    // All experiments of the request, those of which nothing was asked now as well.
    private void WriteEvidence()
    {
        if (request.Evidence is { } sources)
            new EvidencePage([.. request.Plans.Select(p => new ExperimentFolder(request.Output, p))], sources).Write();
    }

    private CellFailure? Take(ExperimentSet.Table table, ExperimentCell cell, string number)
    {
        var (folder, name) = (table.Folder, _set.NameOf(table, cell));
        if (folder.State(cell) == CellState.Done)
            return null;
        if (cell.TicketFrom is { } from && !folder.IsTrained(folder.Plan.Cell(from)))
        {
            Say($"{name}: takes its ticket from {from}, which is not finished; left for later");
            return null;
        }
        using var held = folder.TryLock(cell, out var who);
        if (held is null)
        {
            Say($"{name}: {who} is at it, left to it");
            return null;
        }
        Say($"{number}: {name}");
        try
        {
            Train(table, cell);
            foreach (var attack in cell.Attacks)
                Attack(table, cell, attack);
            folder.SetFailure(cell, null);
            return null;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            var note = noteOf?.Invoke(e) ?? new FailureNote(1, e.Message);
            folder.SetFailure(cell, note.Message, note.Code);
            Say($"failed: {name}: {note.Message}");
            return new CellFailure(name, e);
        }
        finally
        {
            foreach (var other in _set.Sharing(folder.Place(cell).Run))
                WriteResults(other.Folder);
        }
    }

    private void Train(ExperimentSet.Table table, ExperimentCell cell)
    {
        if (table.Folder.IsTrained(cell))
            return;
        var train = table.Inputs.Train(cell, _set.Cache);
        var folder = RunFolder.Create(train.Output, allowExisting: true);
        // Another table may have begun the same run under a name of its own.
        if (folder.HoldsRun && File.Exists(folder.RecipeFile))
            train = train with { Recipe = Recipes.Json.RecipeJson.ReadFile(folder.RecipeFile) };
        var attack = cell.Recipe.Evaluate.EpochAttack is { } options ? _set.EpochAttack(table, options).Build() : null;
        Part(
            cell,
            null,
            () =>
                RecipeRunner.Run(
                    train with
                    {
                        Resume = folder.HoldsRun,
                        EpochAttack = attack,
                    },
                    new Relay<RunEvent>(p => progress?.Report(new ExperimentTraining(p))),
                    stop
                )
        );
    }

    private void Attack(ExperimentSet.Table table, ExperimentCell cell, ExperimentAttack attack)
    {
        if (table.Folder.IsAttacked(cell, attack))
            return;
        Part(
            cell,
            attack.Name,
            () =>
                AttackRun
                    .Run(
                        table.Inputs.Attack(cell, attack),
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

    private static void WriteResults(ExperimentFolder folder)
    {
        var finished = CellRecord.Finished(folder);
        var table = ExperimentTable.Of(folder, finished);
        AtomicFile.WriteAllText(folder.Results("csv"), table.ToCsv());
        AtomicFile.WriteAllText(folder.Results("md"), ExperimentTable.ToMarkdown(folder, table));
        AtomicFile.WriteAllText(folder.Results("json"), ExperimentTable.ToJson(folder, table).ToJsonString() + "\n");
        ExperimentFigures.Write(folder, finished);
        ExperimentReport.Write(folder, finished, table);
    }

    private void Say(string text) => progress?.Report(new ExperimentNote(text));

    // Progress<T> would report from other threads, out of order.
    private sealed class Relay<T>(Action<T> action) : IProgress<T>
    {
        public void Report(T value) => action(value);
    }
}
