// What makes a cell: its run, then its attacks, each going on where it was. Everything is written
// under the cell's lease, which is asked before anything gets its final name.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Experiments.Leases;
using RobustTickets.Pipeline;
using RobustTickets.Runs;

namespace RobustTickets.Experiments;

/// <summary>Trains and attacks a cell.</summary>
/// <param name="set">The experiments.</param>
/// <param name="lease">The lease of the cell's run.</param>
/// <param name="progress">Is told what happens.</param>
/// <param name="stop">Ends the work, which goes on the next time.</param>
internal sealed class CellWork(
    ExperimentSet set,
    Lease lease,
    IProgress<ExperimentProgress>? progress,
    CancellationToken stop
)
{
    /// <summary>The attack that the work is at; null while it trains.</summary>
    public ExperimentAttack? At { get; private set; }

    /// <summary>Makes what is missing.</summary>
    public void Run(ExperimentSet.Table table, ExperimentCell cell)
    {
        Train(table, cell);
        foreach (var attack in cell.Attacks)
            Attack(table, cell, At = attack);
    }

    private void Train(ExperimentSet.Table table, ExperimentCell cell)
    {
        if (table.Folder.IsTrained(cell))
            return;
        var train = table.Inputs.Train(cell, set.Cache);
        var folder = RunFolder.Create(train.Output, allowExisting: true);
        // Another table may have begun the same run under a name of its own.
        if (folder.HoldsRun && File.Exists(folder.RecipeFile))
            train = train with { Recipe = Recipes.Json.RecipeJson.ReadFile(folder.RecipeFile) };
        var attack = cell.Recipe.Evaluate.EpochAttack is { } options ? set.EpochAttack(table, options).Build() : null;
        Part(
            cell,
            null,
            () =>
                RecipeRunner.Run(
                    train with
                    {
                        Resume = folder.HoldsRun,
                        EpochAttack = attack,
                        Claim = lease,
                    },
                    new Relay<RunEvent>(p => progress?.Report(new ExperimentTraining(p))),
                    stop
                )
        );
    }

    private void Attack(ExperimentSet.Table table, ExperimentCell cell, ExperimentAttack attack)
    {
        if (table.Folder.IsAttacked(cell, attack))
        {
            // What could not be attacked is in no figure: the cell goes on failing of it.
            AttackReport.Load(table.Folder.Attack(cell, attack)).ThrowIfErrors();
            return;
        }
        try
        {
            Attack(table.Inputs.Attack(cell, attack), cell, attack);
        }
        catch (CheckpointException)
        {
            RequireModel(table.Folder, cell);
            throw;
        }
    }

    // The run is finished, so nothing else would make a damaged model again.
    private static void RequireModel(ExperimentFolder folder, ExperimentCell cell)
    {
        try
        {
            FolderChecksums.Verify(folder.Model(cell));
        }
        catch (CheckpointException e)
        {
            throw new CheckpointException($"{e.Message}; {ExperimentFolder.Anew(folder.Run(cell))}", e);
        }
    }

    private void Attack(AttackRequest request, ExperimentCell cell, ExperimentAttack attack) =>
        Part(
            cell,
            attack.Name,
            () =>
                (request with { Claim = lease })
                    .Run(new Relay<AttackProgress>(p => progress?.Report(new ExperimentAttacking(p))), stop)
                    .ThrowIfErrors()
        );

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
}
