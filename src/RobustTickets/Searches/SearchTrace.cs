// The steps and snapshots of a finished slimming search. A search does not know what becomes of its
// coefficients, so another that differs from it in stop rule and draw alone takes the same steps,
// bit for bit, until its own rule ends it.
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>What a finished slimming search left.</summary>
/// <param name="Run">Name of its run.</param>
/// <param name="Steps">Its steps, from 1.</param>
/// <param name="Snapshots">The coefficients that it recorded.</param>
internal sealed record SearchTrace(string Run, IReadOnlyList<StepEntry> Steps, SnapshotList Snapshots)
{
    /// <summary>The trace of a finished run; null where its log lacks a part of it.</summary>
    /// <exception cref="Attacks.DataException">Its log is broken.</exception>
    /// <exception cref="Checkpoints.CheckpointException">Its snapshots are missing or
    /// broken.</exception>
    public static SearchTrace? Read(RunFolder run)
    {
        StepEntry[] steps =
        [
            .. EventLog.ReadEntries(run.EventsFile).OfType<StepEntry>().Where(s => s.Stage == StageName.Search),
        ];
        // Logs of older programs do not say what a step cost.
        return steps.Length > 0 && steps.All(s => s.Flops is not null) && steps[^1].Step == steps.Length
            ? new SearchTrace(
                Path.GetFileName(run.Path),
                steps,
                SnapshotList.Read(Path.Combine(run.TicketFolder, TicketFolder.Snapshots))
            )
            : null;
    }

    /// <summary>The coefficients after a step; null where none were recorded.</summary>
    public CoefficientSnapshot? After(long step) => Snapshots.Items.FirstOrDefault(s => s.Step == step).Coefficients;

    /// <summary>Whether a search that takes these steps comes to its end within them.</summary>
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
