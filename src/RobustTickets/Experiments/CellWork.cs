// Runs a cell: its training, then its attacks, each resumed if already started. All writing happens
// under the cell's lease, which is checked before files get their final names.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Experiments.Leases;
using RobustTickets.Pipeline;
using RobustTickets.Runs;

namespace RobustTickets.Experiments;

/// <summary>Trains and attacks a cell.</summary>
/// <param name="set">The experiments.</param>
/// <param name="lease">Lease of the cell's run.</param>
/// <param name="progress">Receives progress events.</param>
/// <param name="stop">Stops the work, which the next call resumes.</param>
internal sealed class CellWork(
    ExperimentSet set,
    Lease lease,
    IProgress<ExperimentProgress>? progress,
    CancellationToken stop
)
{
    /// <summary>The current attack; null during training.</summary>
    public ExperimentAttack? At { get; private set; }

    /// <summary>Runs the missing parts.</summary>
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
        // Another table may have started the same run under its own name.
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
                    new SyncProgress<RunEvent>(p => progress?.Report(new ExperimentTraining(p))),
                    stop
                )
        );
    }

    private void Attack(ExperimentSet.Table table, ExperimentCell cell, ExperimentAttack attack)
    {
        // Examples that could not be attacked are attacked again; until that works, the cell counts
        // as failed.
        if (table.Folder.IsAttacked(cell, attack) && FinishedAttack.IsWithoutErrors(table.Folder.Attack(cell, attack)))
            return;
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

    // A finished run is not repeated, so a damaged model would never be replaced.
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
                    .Run(new SyncProgress<AttackProgress>(p => progress?.Report(new ExperimentAttacking(p))), stop)
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
