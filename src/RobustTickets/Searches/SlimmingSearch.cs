// Searches a robust early-bird ticket (EarlyRobust 3.2-3.3): FreeLB trains weights and slimming
// coefficients with an L1 penalty; every twentieth of an epoch a mask is drawn from a snapshot of
// the coefficients, and the stop rule compares the masks so far.
using RobustTickets.Models;
using RobustTickets.Runs;
using RobustTickets.Tickets;
using RobustTickets.Tickets.Files;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Runs a slimming search and draws its ticket.</summary>
internal sealed class SlimmingSearch
{
    private const string SnapshotsFile = "snapshots.safetensors";

    private readonly SearchContext _context;
    private readonly SlimmingSearchOptions _search;
    private readonly DrawOptions _draw;
    private readonly Func<long, CoefficientSnapshot> _after;
    private readonly MiniEpochs _miniEpochs;
    private readonly SnapshotList _snapshots;
    private readonly List<StructuredMask> _masks;
    private StopDecision? _decision;

    private SlimmingSearch(
        SearchContext context,
        SlimmingSearchOptions search,
        DrawOptions draw,
        Func<long, CoefficientSnapshot> after,
        SnapshotList snapshots
    )
    {
        (_context, _search, _draw, _after, _snapshots) = (context, search, draw, after, snapshots);
        _miniEpochs = new MiniEpochs(search, context.Stages.BatchSize, context.Stages.Examples.Count);
        _masks = [.. snapshots.Masks(draw)];
        _decision = StopRule.Decide(search.Stop, _masks);
    }

    /// <summary>
    /// Runs or resumes the search, writes the ticket folder and returns the ticket.
    /// </summary>
    internal static FoundTicket Run(
        SearchContext context,
        SlimmingSearchOptions search,
        DrawOptions draw,
        Checkpoint? from
    )
    {
        using var model = context.PreTrained();
        var coefficients = SlimmingCoefficients.Attach(model);
        var snapshots = from is null ? new SnapshotList() : SnapshotList.Read(Path.Combine(from.Path, SnapshotsFile));
        return new SlimmingSearch(context, search, draw, _ => coefficients.Snapshot(), snapshots).Run(
            model,
            coefficients,
            from
        );
    }

    /// <summary>
    /// Replays the recorded steps of another run of the same search until this run's stop rule ends
    /// it. The result, costs included, equals that of running the search.
    /// </summary>
    internal static FoundTicket Replay(
        SearchContext context,
        SlimmingSearchOptions search,
        DrawOptions draw,
        SearchTrace trace
    ) => new SlimmingSearch(context, search, draw, step => trace.After(step)!, new SnapshotList()).Replay(trace);

    private FoundTicket Replay(SearchTrace trace)
    {
        var (store, last, tally) = (_context.Store, _miniEpochs.LastStep, StageTally.Zero);
        store.Append(new StageEntry(StageName.Search, StageState.Begin, last));
        foreach (var step in trace.Steps.TakeWhile(s => s.Step <= last))
        {
            tally = tally.Add(step);
            store.Append(step);
            if (!AfterStep(tally))
                break;
        }
        store.Report(
            new Note(
                StageName.Search,
                tally.Steps,
                $"its {tally.Steps} steps were already run by {trace.Run} and are reused"
            )
        );
        var found = Draw(tally);
        store.End(StageName.Search, tally);
        return Written(found);
    }

    private FoundTicket Run(BertForSequenceClassification model, SlimmingCoefficients coefficients, Checkpoint? from)
    {
        // A search that had already stopped when its checkpoint was written runs no further step.
        var last = _decision is null ? _miniEpochs.LastStep : from!.State.Updates;
        FoundTicket? found = null;
        StageLoop.Run(
            _context.Stages,
            model,
            new StageSettings(
                StageName.Search,
                _search.Objective,
                _search.Optimizer,
                last,
                SearchSteps.Horizon(_search, _context.Stages.BatchSize, _context.Stages.Examples.Count),
                _search.Shuffle
            )
            {
                Penalty = _search.Slimming is { HeadPenalty: 0, NeuronPenalty: 0 }
                    ? null
                    : () => coefficients.Penalty(_search.Slimming),
                Part = new SnapshotPart(_snapshots),
                Augment = _search.Augment,
                Evaluated = false,
                AfterStep = (stage, _) => AfterStep(stage.Tally),
                BeforeEnd = stage => found = Draw(stage.Tally),
                ObjectiveKey = RandomStreams.SlimmingStage.Objective,
            },
            from
        );
        return Written(found!);
    }

    private FoundTicket Written(FoundTicket found)
    {
        var ticket = (StructuredMask)found.Mask;
        var summary = found.Summary;
        _context.Store.Report(
            new Note(
                StageName.Search,
                summary.StoppedAtStep,
                summary.Converged
                    ? FormattableString.Invariant(
                        $"ticket drawn from step {summary.DrawnAtStep} ({summary.DrawnAtEpoch:0.00} epoch)"
                    ) + $"{Settled(summary)}: {ticket.HeadsKept} heads and {ticket.NeuronsKept} neurons kept"
                    : "the masks never settled within the epoch; ticket drawn from the last step "
                        + $"{summary.DrawnAtStep}"
            )
        );
        _context.Write(_snapshots, ticket, _draw, summary.StopRule, summary.DrawnAtStep);
        return found;
    }

    // A rule that needs `times` consecutive small distances stops that many snapshots after
    // settling.
    private string Settled(TicketSummary summary)
    {
        if (_search.Stop is not ConsecutiveStop { Times: var times } || _masks.Count <= times)
            return "";
        var (step, _) = _snapshots.Items[_masks.Count - 1 - times];
        return FormattableString.Invariant(
            $", masks settled from step {step} ({step * summary.StoppedAtEpoch / summary.StoppedAtStep:0.00} epoch) on"
        );
    }

    /// <summary>
    /// At the end of a mini-epoch: snapshot, mask, stop rule. False ends the search.
    /// </summary>
    private bool AfterStep(StageTally tally)
    {
        if (_miniEpochs.EndingAt(tally.Steps) is { } number)
        {
            Take(tally.Steps);
            Compare(tally.Steps, number);
            _decision = StopRule.Decide(_search.Stop, _masks);
        }
        return _decision is null;
    }

    private void Take(long step)
    {
        _snapshots.Add(step, _after(step));
        _masks.Add(DrawRule.Draw(_snapshots.Items[^1].Coefficients, _draw));
    }

    private void Compare(long step, int miniEpoch)
    {
        var distance = _masks.Count > 1 ? MaskDistance.Between(_masks[^1], _masks[^2]) : (MaskDistance?)null;
        var run = _search.Stop is ConsecutiveStop c ? StopRule.Run(_masks, c.Gamma) : 0;
        var layers = MaskLayers.Of(_masks[^1]);
        _context.Store.Append(
            new MaskEntry(StageName.Search, step, miniEpoch, distance?.Heads, distance?.Neurons, run, layers)
        );
        if (distance is { } d)
            _context.Store.Report(new MaskCompared(StageName.Search, step, miniEpoch, d.Heads, d.Neurons, run));
    }

    private FoundTicket Draw(StageTally tally)
    {
        if (_snapshots.Items.Count == 0 || _snapshots.Items[^1].Step != tally.Steps)
            Take(tally.Steps); // a fixed stop between two mini-epochs
        var index = _decision?.DrawIndex ?? _masks.Count - 1;
        var (drawnAt, drawn) = _snapshots.Items[index];
        var unmoved = Movement.Problem(drawn, _draw);
        _context.RequireMoved(unmoved, _search.AllowShort, tally.Steps, "search.horizon-epochs");
        // Masks of coefficients that have not moved also agree; that is no convergence.
        var converged = unmoved is null && (_decision is not null || _search.Stop is FixedStop);
        if (unmoved is null && _search.Stop is not FixedStop && _masks.Count < StopRule.Needs(_search.Stop))
            _context.Store.Report(
                new Note(
                    StageName.Search,
                    tally.Steps,
                    FormattableString.Invariant(
                        $"the stop rule needs {StopRule.Needs(_search.Stop)} snapshots and saw {_masks.Count}: "
                    ) + "it is unknown whether the masks settle"
                )
            );
        var rule = StopOptions.KindOf(_search.Stop);
        _context.Store.Append(new StopEntry(StageName.Search, rule, tally.Steps, drawnAt, converged));
        return FoundTicket.Of(
            rule,
            _masks[index],
            new DrawPoint(tally.Steps, tally.Epochs),
            new DrawPoint(drawnAt, drawnAt / (tally.Steps / tally.Epochs)),
            converged
        );
    }

    /// <summary>The coefficient snapshots in a checkpoint.</summary>
    private sealed class SnapshotPart(SnapshotList snapshots) : ICheckpointPart
    {
        public void Write(string folder) => snapshots.Write(Path.Combine(folder, SnapshotsFile));

        public void Read(string folder)
        {
            // Already read before the search starts: whether it had stopped depends on the
            // snapshots.
        }
    }
}
