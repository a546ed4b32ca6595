using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>What a search starts from, and where its ticket goes.</summary>
/// <param name="Stages">What the stages of the run share.</param>
/// <param name="Execution">How models run.</param>
/// <param name="Load">The network at checkpoint-0: pre-trained encoder and seeded
/// classifier.</param>
/// <param name="TicketFolder">Folder that the ticket is written to.</param>
/// <param name="Provenance">What the ticket says of where it came from.</param>
/// <param name="HeadsPerLayer">Heads of a layer before anything is pruned.</param>
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

    /// <summary>Refuses a ticket of numbers that did not move, or says that it means
    /// nothing.</summary>
    /// <param name="unmoved">What is wrong with them (<see cref="Movement"/>), or null.</param>
    /// <param name="allowShort">Whether such a ticket is drawn all the same.</param>
    /// <param name="steps">Steps of the search.</param>
    /// <param name="length">The field that makes it longer.</param>
    /// <exception cref="NothingLearnedException">They did not move.</exception>
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
        Store.Report(new Note(StageName.Search, steps, $"{unmoved}: this ticket means nothing (search.allow-short)"));
    }

    /// <summary>Writes a ticket of single weights.</summary>
    /// <param name="rule">How it was found.</param>
    /// <param name="mask">What it keeps.</param>
    /// <param name="sparsity">Share of weights that was to be pruned.</param>
    /// <param name="search">The search.</param>
    /// <param name="drawn">When in the search it was drawn; null = at its end.</param>
    /// <param name="scores">What it was drawn from, or null.</param>
    /// <param name="rounds">The masks of the rounds that led to it, its own last; null = there were
    /// none.</param>
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

/// <summary>When, in a search, a ticket was drawn.</summary>
/// <param name="Step">The step.</param>
/// <param name="Epoch">The same in epochs.</param>
internal readonly record struct DrawPoint(long Step, double Epoch);

/// <summary>The ticket of a search.</summary>
/// <param name="Mask">What it keeps.</param>
/// <param name="Summary">The form that goes into result.json.</param>
internal sealed record FoundTicket(ITicketMask Mask, TicketSummary Summary)
{
    /// <summary>A ticket of single weights; its heads and neurons are not counted.</summary>
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
