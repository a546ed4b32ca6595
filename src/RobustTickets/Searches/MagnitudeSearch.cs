// Iterative magnitude pruning (Chen et al. 2020): round k trains from the pre-trained encoder with
// the mask so far, then prunes the smallest remaining weights until k/rounds of the sparsity is
// reached. The ticket keeps every round's mask, so a sweep over sparsity needs only one search.
using System.Globalization;
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Runs rounds of magnitude pruning.</summary>
internal static class MagnitudeSearch
{
    private const string Rule = "magnitude";

    /// <summary>Runs or resumes the search and writes the ticket folder.</summary>
    internal static FoundTicket Run(
        SearchContext context,
        MagnitudeSearchOptions search,
        WeightDrawOptions draw,
        Checkpoint? from
    )
    {
        var (batchSize, examples) = (context.Stages.BatchSize, context.Stages.Examples.Count);
        var first = from is null ? 1 : Stages.RoundOf(from.State.Stage) ?? 1;
        var part = new RoundMasks(first > 1 ? RoundMasks.Load(from!.Path) : []);
        BertForSequenceClassification? before = null;
        StageTally tally = StageTally.Zero;
        try
        {
            for (var round = first; round <= search.Rounds; round++)
            {
                var model = context.PreTrained();
                if (before is not null && !search.RewindClassifier)
                    KeepClassifier(before, model);
                before?.Dispose();
                before = model;
                if (part.Newest is { } sofar)
                    FixedMasks.Attach(model, sofar);
                var steps = StepCounts.Of(batchSize, search.EpochsPerRound, examples);
                var site = model.Store[BertParameters.Weight(BertParameters.Maskable(model.Config).First())];
                var start = site.host<float>().ToArray();
                tally = StageLoop.Run(
                    context.Stages,
                    model,
                    new StageSettings(
                        Stages.Round(round),
                        search.Objective,
                        search.Optimizer,
                        steps,
                        SearchSteps.RoundHorizon(search, batchSize, examples),
                        search.Shuffle
                    )
                    {
                        Augment = search.Augment,
                        Part = part,
                    },
                    from
                );
                from = null;
                if (!search.AllowShort && site.host<float>().SequenceEqual(start))
                    throw new NothingLearnedException(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"round {round} of the search trained nothing in {tally.Steps} steps: its weights "
                                + $"are "
                        )
                            + "unchanged, so no ticket is drawn. Possible: longer rounds "
                            + "(search.epochs-per-round, more examples, a smaller batch-size), a larger "
                            + "search.optimizer.learning-rate"
                    );
                part.Masks.Add(
                    WeightDraw.ByMagnitude(
                        [
                            .. BertParameters
                                .Maskable(model.Config)
                                .Select(site => (site, model.Store[BertParameters.Weight(site)])),
                        ],
                        draw.Sparsity * round / search.Rounds,
                        part.Newest
                    )
                );
            }
        }
        finally
        {
            before?.Dispose();
        }
        context.Store.Append(
            new StopEntry(Stages.Round(search.Rounds), Rule, tally.Steps, tally.Steps, Converged: true)
        );
        return context.Write(Rule, part.Newest!, draw.Sparsity, tally, rounds: part.Masks);
    }

    private static void KeepClassifier(BertForSequenceClassification from, BertForSequenceClassification to)
    {
        foreach (var name in to.Store.Names.Where(BertParameters.IsClassifier))
        {
            using var values = to.Store[name].edit<float>();
            from.Store[name].host<float>().CopyTo(values.Span);
        }
    }

    /// <summary>
    /// The masks of completed rounds, saved in every checkpoint of a later round.
    /// </summary>
    private sealed class RoundMasks(List<WeightMask> masks) : ICheckpointPart
    {
        public List<WeightMask> Masks => masks;

        public WeightMask? Newest => masks.LastOrDefault();

        public static List<WeightMask> Load(string folder) =>
            [.. WeightTickets.Rounds(folder).Select(WeightTickets.ReadMasks)];

        public void Write(string folder)
        {
            for (var i = 0; i < masks.Count; i++)
                WeightTickets.WriteMasks(WeightTickets.RoundFile(folder, i + 1), masks[i]);
        }

        public void Read(string folder)
        {
            // Already read by Load, before the network was masked.
        }
    }
}
