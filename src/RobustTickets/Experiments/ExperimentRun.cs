// Runs the cells of experiments: checks everything first, then cell by cell training and attacks,
// each going on where it was. A cell that fails is written down and the others go on. Processes of
// any number of machines may work on one folder: each takes runs that nobody is at.
using RobustTickets.Attacks;
using RobustTickets.Experiments;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Checks;
using static RobustTickets.Attacks.Invariant;

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
internal sealed class ExperimentRun : IDisposable
{
    private readonly ExperimentRequest _request;
    private readonly IProgress<ExperimentProgress>? _progress;
    private readonly CancellationToken _stop;
    private readonly ExperimentSet _set;
    private bool _checked;

    /// <param name="request">The experiments with their places.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="stop">Ends the cell at work, which goes on the next time.</param>
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
    /// Looks at everything that cells need, before any compute: model, data and labels, attack
    /// options and their files. Afterwards it is known which run each cell is. What needs that
    /// checks by itself where nobody has.
    /// </summary>
    /// <exception cref="RequestException">A place is missing or goes with
    /// nothing.</exception>
    /// <exception cref="RecipeException">An option of an attack or of data is
    /// impossible.</exception>
    /// <exception cref="DataException">Data or a resource is missing or does not fit.</exception>
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
    /// <exception cref="DataException">Data are missing or malformed.</exception>
    public (int Train, int Evaluation) Examples(ExperimentFolder folder, ExperimentCell cell)
    {
        var data = _set.Data(_set.Of(folder), cell);
        return (data.Train.Examples.Count, data.Evaluation.Examples.Count);
    }

    /// <summary>
    /// What the search of a cell costs at most, and which search it is among all of the request;
    /// null where it makes none that another cell could take.
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

    /// <summary>
    /// Runs what is still to be done and writes the tables after every cell. Cells that other
    /// processes make are waited for, or left to them (<see cref="ExperimentRequest.Wait"/>).
    /// </summary>
    /// <returns>The cells that failed here.</returns>
    /// <inheritdoc cref="Check" path="/exception"/>
    /// <exception cref="OutputException">The folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public IReadOnlyList<CellFailure> Run()
    {
        if (!_checked)
            Check();
        return new CellLoop(_request, _set, _progress, _stop).Run();
    }
}
