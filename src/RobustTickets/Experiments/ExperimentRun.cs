// Runs the cells of experiments: checks everything first, then trains and attacks cell by cell,
// resuming where possible. A failed cell is recorded and the others continue. Processes on any
// number of machines may share a folder: each takes free runs.
using RobustTickets.Attacks;
using RobustTickets.Experiments;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Checks;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets;

/// <summary>A cell that failed.</summary>
/// <param name="Cell">Name of the cell.</param>
/// <param name="Cause">The exception.</param>
public sealed record CellFailure(string Cell, Exception Cause);

/// <summary>How a failure is recorded.</summary>
/// <param name="Code">A code for programs that read the folder.</param>
/// <param name="Message">What happened.</param>
public sealed record FailureNote(int Code, string Message);

/// <summary>One invocation of experiments.</summary>
internal sealed class ExperimentRun : IDisposable
{
    private readonly ExperimentRequest _request;
    private readonly IProgress<ExperimentProgress>? _progress;
    private readonly CancellationToken _stop;
    private readonly ExperimentSet _set;
    private bool _checked;

    /// <param name="request">The experiments with their paths.</param>
    /// <param name="progress">Receives progress, or null.</param>
    /// <param name="stop">Cancels the current cell; the next call resumes it.</param>
    public ExperimentRun(
        ExperimentRequest request,
        IProgress<ExperimentProgress>? progress = null,
        CancellationToken stop = default
    )
    {
        (_request, _progress, _stop) = (request.Located(), progress, stop);
        _set = new ExperimentSet(_request, stop);
    }

    /// <summary>
    /// Checks everything that cells need, before any compute: model, data and labels, attack
    /// options and their files. Afterwards the run of each cell is known. Members that need this
    /// call it if necessary.
    /// </summary>
    /// <exception cref="RequestException">A path is missing or unused.</exception>
    /// <exception cref="RecipeException">An option of an attack or of data is invalid.</exception>
    /// <exception cref="DataException">Data or a resource is missing or invalid.</exception>
    public void Check()
    {
        if (_request.Lease < ExperimentRequest.ShortestLease)
            throw new RequestException(
                nameof(_request.LeaseTimeout),
                null,
                $"must be {ExperimentRequest.ShortestLease.TotalSeconds:0} seconds or more"
            );
        _ = _request.Evidence?.Read();
        _set.Check();
        _checked = true;
    }

    /// <summary>Releases the models loaded by attacks after epochs.</summary>
    public void Dispose() => _set.Dispose();

    /// <summary>Notes on unused paths and on the data of the cells, each once.</summary>
    public IEnumerable<string> Notes() => _set.Notes();

    /// <summary>The experiments of the request's cells, in their folder.</summary>
    public IReadOnlyList<ExperimentFolder> Folders => [.. _set.Tables.Select(t => t.Folder)];

    /// <summary>Numbers of training and reported examples of a cell.</summary>
    /// <param name="folder">The cell's experiment.</param>
    /// <param name="cell">The cell.</param>
    /// <exception cref="DataException">Data are missing or malformed.</exception>
    public (int Train, int Evaluation) Examples(ExperimentFolder folder, ExperimentCell cell)
    {
        var data = _set.Data(_set.Of(folder), cell);
        return (data.Train.Examples.Count, data.Evaluation.Examples.Count);
    }

    /// <summary>
    /// Maximum cost of a cell's search, and the identity of the search within the request; null if
    /// it has none that another cell could use.
    /// </summary>
    internal (string Search, RecipeCost Cost)? SearchOf(ExperimentFolder folder, ExperimentCell cell)
    {
        var (recipe, data) = (cell.Recipe, _set.Data(_set.Of(folder), cell));
        return KnownSearches.Settings(recipe) is not { } settings
            ? null
            : (
                Text($"{settings} {recipe.DevFraction} {recipe.Split} {data.Hash}"),
                RecipeCost.OfSearch(recipe, data.Train.Tokens)
            );
    }

    /// <summary>Maximum cost of training and attacks of a cell.</summary>
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

    /// <summary>Cost of an attack on a cell.</summary>
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

    /// <summary>
    /// Runs the remaining cells and writes the tables after every cell. Cells of other processes
    /// are waited for, or left to them (<see cref="ExperimentRequest.Wait"/>).
    /// </summary>
    /// <returns>The cells that failed here.</returns>
    /// <inheritdoc cref="Check" path="/exception"/>
    /// <exception cref="OutputException">The folder is not writable.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public IReadOnlyList<CellFailure> Run()
    {
        if (!_checked)
            Check();
        return new CellLoop(_request, _set, _progress, _stop).Run();
    }
}
