// Iterative magnitude pruning (Chen et al., The Lottery Ticket Hypothesis for Pre-trained BERT
// Networks; spec 10.1, 15.12): round k trains from the pre-trained encoder under the mask so far,
// then prunes the smallest absolute weights among those left until k/rounds of the sparsity is
// reached. The encoder is rewound after each round; the classifier only where the recipe says so.
// With FreeLB as objective this is RobusT's ablation "w/o Mask Learning" (spec 9.8). The ticket
// keeps the mask of every round: that of round k is the ticket of a search of k rounds, so a sweep
// over sparsity needs one search.
using RobustTickets.Checkpoints;
using RobustTickets.Models;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Runs rounds of magnitude pruning.</summary>
internal static class MagnitudeSearchRun
{
    private const string Rule = "magnitude",
        Prefix = "round-";

    /// <summary>Name of a round's stage, from 1.</summary>
    internal static string Stage(int round) => FormattableString.Invariant($"{Prefix}{round}");

    /// <summary>Number of the round that a stage is, or null.</summary>
    internal static int? Round(string stage) =>
        stage.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(stage.AsSpan(Prefix.Length), out var round)
            ? round
            : null;

    /// <summary>
    /// Searches, from a checkpoint if one is given; the ticket folder is written.
    /// </summary>
    internal static WeightMask Run(
        RunSession session,
        MagnitudeSearch search,
        WeightDrawOptions draw,
        (string Path, RunState State)? from
    )
    {
        var (recipe, examples) = (session.Recipe, session.Data.Train.Examples.Count);
        var first = from is { } checkpoint ? Round(checkpoint.State.Stage) ?? 1 : 1;
        var part = new RoundMasks(first > 1 ? RoundMasks.Load(from!.Value.Path) : []);
        BertForSequenceClassification? before = null;
        StageTally tally = StageTally.Zero;
        try
        {
            for (var round = first; round <= search.Rounds; round++)
            {
                var model = session.Checkpoint0();
                if (before is not null && !search.RewindClassifier)
                    KeepClassifier(before, model);
                before?.Dispose();
                before = model;
                if (part.Newest is { } sofar)
                    FixedMasks.Attach(model, sofar);
                var steps = StepCounts.Of(recipe, search.EpochsPerRound, examples);
                tally = StageLoop.Run(
                    session,
                    model,
                    new StageSettings(
                        Stage(round),
                        search.Objective,
                        search.Optimizer,
                        steps,
                        search.HorizonEpochs is { } horizon ? StepCounts.Of(recipe, horizon, examples) : steps,
                        search.Shuffle
                    )
                    {
                        Part = part,
                    },
                    from
                );
                from = null;
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
        session.Events.Append(new StopEvent(Stage(search.Rounds), Rule, tally.Steps, tally.Steps, true));
        WeightTickets.Conclude(session, Rule, part.Newest!, draw.Sparsity, tally, null, rounds: part.Masks);
        return part.Newest!;
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
    /// The masks of the rounds that are done, in every checkpoint of a later one.
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
            // Read before the network was masked, see Load.
        }
    }
}
