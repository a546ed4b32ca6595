using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Inputs of a search and its output folder.</summary>
/// <param name="Stages">Services shared by the stages of the run.</param>
/// <param name="Execution">Execution options of models.</param>
/// <param name="Load">Loads the network at checkpoint-0: pre-trained encoder and seeded
/// classifier.</param>
/// <param name="TicketFolder">Output folder of the ticket.</param>
/// <param name="Provenance">Provenance to record in the ticket.</param>
/// <param name="HeadsPerLayer">Heads per layer before pruning.</param>
internal sealed record SearchContext(
    StageContext Stages,
    Execution Execution,
    Func<Execution, BertForSequenceClassification> Load,
    string TicketFolder,
    TicketProvenance Provenance,
    int HeadsPerLayer
)
{
    internal RunStore Store => Stages.Store;

    /// <summary>The network at checkpoint-0.</summary>
    internal BertForSequenceClassification PreTrained() => Load(Execution);

    /// <summary>
    /// Refuses to draw a ticket from numbers that did not move, or warns that it is meaningless.
    /// </summary>
    /// <param name="unmoved">The problem found by <see cref="Movement"/>, or null.</param>
    /// <param name="allowShort">Whether to draw such a ticket with a warning.</param>
    /// <param name="steps">Steps of the search.</param>
    /// <param name="length">The field that lengthens the search.</param>
    /// <exception cref="NothingLearnedException">The numbers did not move.</exception>
    internal void RequireMoved(string? unmoved, bool allowShort, long steps, string length)
    {
        if (unmoved is null)
            return;
        if (!allowShort)
            throw new NothingLearnedException(
                FormattableString.Invariant($"the search learned nothing in {steps} steps: {unmoved}; no ticket ")
                    + $"is drawn. Possible: a longer search ({length}, more examples, a smaller batch-size), a "
                    + "larger search.optimizer.learning-rate"
            );
        Store.Report(new Note(StageName.Search, steps, $"{unmoved}: this ticket is meaningless (search.allow-short)"));
    }

    /// <summary>Writes a ticket of single weights.</summary>
    /// <param name="rule">Rule of the search.</param>
    /// <param name="mask">The kept weights.</param>
    /// <param name="sparsity">Target fraction of pruned weights.</param>
    /// <param name="search">The search.</param>
    /// <param name="drawn">Where in the search it was drawn; null = at its end.</param>
    /// <param name="scores">The scores it was drawn from, or null.</param>
    /// <param name="rounds">The masks of all pruning rounds, its own last; null = none.</param>
    internal FoundTicket Write(
        string rule,
        WeightMask mask,
        double sparsity,
        StageTally search,
        DrawPoint? drawn = null,
        SavedScores? scores = null,
        IReadOnlyList<WeightMask>? rounds = null
    )
    {
        var point = drawn ?? new DrawPoint(search.Steps, search.Epochs);
        if (Store.Writes)
            WeightTickets.Write(
                TicketFolder,
                Provenance,
                new WeightTicket(rule, mask, sparsity, point.Step, HeadsPerLayer)
                {
                    Scores = scores,
                    Rounds = rounds ?? [],
                }
            );
        return FoundTicket.Of(rule, mask, search, point);
    }

    /// <summary>Writes a ticket of heads and neurons.</summary>
    internal void Write(SnapshotList snapshots, StructuredMask mask, DrawOptions draw, string rule, long drawnAt)
    {
        if (Store.Writes)
            Tickets.Files.TicketFolder.Write(TicketFolder, Provenance, snapshots, mask, draw, rule, drawnAt);
    }
}

/// <summary>The point of a search at which a ticket was drawn.</summary>
/// <param name="Step">The step.</param>
/// <param name="Epoch">The step in epochs.</param>
internal readonly record struct DrawPoint(long Step, double Epoch);

/// <summary>The result of a search.</summary>
/// <param name="Mask">The kept parts.</param>
/// <param name="Summary">The ticket as recorded in result.json.</param>
internal sealed record FoundTicket(ITicketMask Mask, TicketSummary Summary)
{
    /// <summary>A ticket of single weights, without counts of heads and neurons.</summary>
    internal static FoundTicket Of(string rule, WeightMask mask, StageTally search, DrawPoint drawn) =>
        new(
            mask,
            new TicketSummary(
                rule,
                search.Steps,
                search.Epochs,
                drawn.Step,
                drawn.Epoch,
                Converged: true,
                HeadsTotal: 0,
                HeadsKept: 0,
                NeuronsTotal: 0,
                NeuronsKept: 0,
                HeadsPerLayer: [],
                NeuronsPerLayer: [],
                WeightTickets.Kind,
                mask.Count,
                mask.Kept
            )
        );

    /// <summary>A ticket of heads and neurons.</summary>
    internal static FoundTicket Of(
        string rule,
        StructuredMask mask,
        DrawPoint stopped,
        DrawPoint drawn,
        bool converged
    ) =>
        new(
            mask,
            new TicketSummary(
                rule,
                stopped.Step,
                stopped.Epoch,
                drawn.Step,
                drawn.Epoch,
                converged,
                mask.Heads.Sum(l => l.Length),
                mask.HeadsKept,
                mask.Neurons.Sum(l => l.Length),
                mask.NeuronsKept,
                [.. mask.Heads.Select(l => l.Count(k => k))],
                [.. mask.Neurons.Select(l => l.Count(k => k))]
            )
        );
}
