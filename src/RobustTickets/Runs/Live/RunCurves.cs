// Accumulates log entries to the state of a run, with curves of bounded length.
namespace RobustTickets.Runs.Live;

/// <summary>Accumulates the entries of a run's log.</summary>
internal sealed class RunCurves
{
    private const int Recent = 50;
    private const int PaceSteps = 5;
    private const int MostMarks = 4000;

    private readonly Queue<StepEntry> _recent = new();
    private readonly List<StageProgress> _stages = [];
    private readonly List<MaskProgress> _masks = [];
    private readonly List<GateProgress> _gates = [];
    private readonly List<EpochProgress> _epochs = [];
    private readonly ThinSeries _loss = new();
    private readonly ThinSeries _rate = new();
    private readonly ThinSeries _speed = new();
    private StopProgress? _stop;
    private IReadOnlyList<MaskLayer>? _layers;
    private StepEntry? _last;

    /// <summary>The current or last stage; null before the first.</summary>
    public StageProgress? Stage => _stages.Count == 0 ? null : _stages[^1];

    /// <summary>The last step; null before the first.</summary>
    public StepEntry? LastStep => _last;

    /// <summary>Mean loss of the last steps of the stage, or null.</summary>
    public double? MeanLoss => _recent.Count == 0 ? null : ThinSeries.Finite(_recent.Average(s => s.Loss));

    /// <summary>Tokens per second over the last steps of the stage, or null.</summary>
    public double? Pace =>
        _recent.Count == 0 ? null : ThinSeries.Finite(_recent.Sum(s => s.Tokens) / _recent.Sum(s => s.Seconds));

    /// <summary>Remaining seconds of the stage at the pace of its last steps, or null.</summary>
    public double? SecondsLeft =>
        Stage is { Ended: false, MostSteps: { } most } stage && _recent.Count >= PaceSteps
            ? ThinSeries.Finite(Math.Max(0, most - stage.Steps) * _recent.Average(s => s.Seconds))
            : null;

    /// <summary>Adds the next entry.</summary>
    public void Add(LogEntry entry)
    {
        if (Stage is not { } stage || stage.Name != entry.Stage)
        {
            stage = new StageProgress(
                entry.Stage,
                Stage is { } before ? before.Begin + before.Steps : 0,
                0,
                null,
                0,
                Ended: false
            );
            _stages.Add(stage);
            _recent.Clear();
        }
        switch (entry)
        {
            case StageEntry { State: StageState.End }:
                _stages[^1] = stage with { Ended = true };
                break;
            case StageEntry begin:
                _stages[^1] = stage with { MostSteps = begin.Steps, Ended = false };
                break;
            case StepEntry step:
                Add(stage, step);
                break;
            case MaskEntry mask:
                if (mask.Layers is { Count: > 0 } layers && layers.All(l => l?.Heads is not null))
                    _layers = layers;
                Keep(_masks, new(mask.Step, Finite(mask.HeadDistance), Finite(mask.NeuronDistance), mask.Run));
                break;
            case GateEntry gates:
                Keep(_gates, new(gates.Step, Finite(gates.Penalty), Finite(gates.Binary)));
                break;
            case StopEntry stop:
                _stop = new(stop.Rule, stop.StoppedAtStep, stop.DrawnAtStep, stop.Converged);
                break;
            case EvaluationEntry e:
                Keep(
                    _epochs,
                    new(e.Stage, stage.Begin + e.Step, Finite(e.Epoch), e.Split, null, Finite(e.Accuracy), e.Examples)
                );
                break;
            case EpochAttackEntry e:
                Keep(
                    _epochs,
                    new(e.Stage, stage.Begin + e.Step, Finite(e.Epoch), e.Split, e.Attack, Finite(e.Aua), e.Examples)
                );
                break;
        }
    }

    /// <summary>The run with its curves.</summary>
    public RunProgress Progress(RunLine line) =>
        new(
            line,
            [.. _stages],
            _loss.Points,
            _rate.Points,
            _speed.Points,
            [.. _masks],
            [.. _gates],
            [.. _epochs],
            _stop,
            _layers
        );

    private void Add(StageProgress stage, StepEntry step)
    {
        _last = step;
        _recent.Enqueue(step);
        if (_recent.Count > Recent)
            _recent.Dequeue();
        var seconds = double.IsFinite(step.Seconds) ? step.Seconds : 0;
        _stages[^1] = stage with { Steps = step.Step, Seconds = stage.Seconds + seconds };
        var x = stage.Begin + step.Step;
        _loss.Add(x, step.Loss);
        _rate.Add(x, step.Lr);
        _speed.Add(x, Metrics.ScalarClock.Speed(step));
    }

    private static double? Finite(double? value) => value is { } number ? ThinSeries.Finite(number) : null;

    // Bounds the memory used for an endless log.
    private static void Keep<T>(List<T> list, T item)
    {
        if (list.Count == MostMarks)
            list.RemoveAt(0);
        list.Add(item);
    }
}
