// The steps and snapshots of a finished slimming search. A search that differs from it only in stop
// rule and draw takes the same steps, bit for bit, until its own rule ends it, because neither
// affects training.
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Recorded steps and snapshots of a finished slimming search.</summary>
/// <param name="Run">Name of its run.</param>
/// <param name="Steps">Its steps, from 1.</param>
/// <param name="Snapshots">The recorded coefficients.</param>
internal sealed record SearchTrace(string Run, IReadOnlyList<StepEntry> Steps, SnapshotList Snapshots)
{
    /// <summary>Reads the trace of a finished run; null if its log is incomplete.</summary>
    /// <exception cref="Attacks.DataException">The log is corrupt.</exception>
    /// <exception cref="Checkpoints.CheckpointException">The snapshots are missing or
    /// corrupt.</exception>
    public static SearchTrace? Read(RunFolder run)
    {
        StepEntry[] steps =
        [
            .. EventLog.ReadEntries(run.EventsFile).OfType<StepEntry>().Where(s => s.Stage == StageName.Search),
        ];
        // Logs of older versions do not contain the cost of a step.
        return steps.Length > 0 && steps.All(s => s.Flops is not null) && steps[^1].Step == steps.Length
            ? new SearchTrace(
                Path.GetFileName(run.Path),
                steps,
                SnapshotList.Read(Path.Combine(run.TicketFolder, TicketFolder.Snapshots))
            )
            : null;
    }

    /// <summary>The coefficients after a step; null if none were recorded.</summary>
    public CoefficientSnapshot? After(long step) => Snapshots.Items.FirstOrDefault(s => s.Step == step).Coefficients;

    /// <summary>Whether a search that takes these steps stops within them.</summary>
    /// <param name="search">The search.</param>
    /// <param name="draw">How its masks are drawn.</param>
    /// <param name="borders">Its mini-epochs.</param>
    public bool Suffices(SlimmingSearchOptions search, DrawOptions draw, MiniEpochs borders)
    {
        var masks = new List<StructuredMask>();
        foreach (var border in borders.Steps.Order().TakeWhile(s => s <= Steps.Count))
        {
            if (After(border) is not { } coefficients)
                return false;
            masks.Add(DrawRule.Draw(coefficients, draw));
            if (StopRule.Decide(search.Stop, masks) is not null)
                return true;
        }
        return After(borders.LastStep) is not null;
    }
}
