// Converts lines of events.jsonl to tagged scalars, on one axis of steps and one of seconds over
// all stages of a run; depends only on the log and the start time.
namespace RobustTickets.Runs.Metrics;

/// <summary>A tagged number.</summary>
/// <param name="Tag">Tag, e.g. <c>train/loss</c>.</param>
/// <param name="Value">Value; may be non-finite.</param>
internal readonly record struct Scalar(string Tag, double Value);

/// <summary>A log line with its position in the run.</summary>
/// <param name="Entry">The line.</param>
/// <param name="RunStep">Steps of the run at this line, over all stages; for the equal-epoch
/// control, its own steps.</param>
/// <param name="Seconds">Seconds of training and of attacks after epochs up to this line.</param>
/// <param name="WallTime">Seconds since 1970: the start time of the run plus
/// <paramref name="Seconds"/>.</param>
/// <param name="Scalars">Its numbers; may be empty.</param>
internal sealed record ScalarEvent(
    LogEntry Entry,
    long RunStep,
    double Seconds,
    double WallTime,
    IReadOnlyList<Scalar> Scalars
);

/// <summary>Assigns run positions to the lines of a log, in order.</summary>
/// <param name="began">Start time of the run, seconds since 1970.</param>
internal sealed class ScalarClock(double began)
{
    private string? _stage;
    private long _before;
    private long _step;
    private double _seconds;

    /// <summary>Processes the next line.</summary>
    public ScalarEvent Next(LogEntry entry)
    {
        if (entry.Stage != _stage)
        {
            _before = entry.Stage == StageName.Control ? 0 : _before + _step;
            (_stage, _step) = (entry.Stage, 0);
        }
        _step = StepOf(entry) ?? _step;
        _seconds += entry switch
        {
            StepEntry step => Time(step.Seconds),
            EpochAttackEntry attack => Time(attack.Seconds),
            _ => 0,
        };
        return new ScalarEvent(entry, _before + _step, _seconds, began + _seconds, [.. Scalars(entry)]);
    }

    /// <summary>The step of a line within its stage, or null.</summary>
    public static long? StepOf(LogEntry entry) =>
        entry switch
        {
            StepEntry e => e.Step,
            MaskEntry e => e.Step,
            GateEntry e => e.Step,
            EvaluationEntry e => e.Step,
            EpochAttackEntry e => e.Step,
            _ => null,
        };

    private static IEnumerable<Scalar> Scalars(LogEntry entry)
    {
        var control = entry.Stage == StageName.Control;
        string Tag(string group, string name) => control ? $"{StageName.Control}/{name}" : $"{group}/{name}";
        switch (entry)
        {
            case StepEntry step:
                yield return new(Tag("train", "loss"), step.Loss);
                yield return new(Tag("train", "learning_rate"), step.Lr);
                yield return new(Tag("train", "grad_norm"), step.GradNorm);
                yield return new(Tag("train", "tokens_per_second"), Speed(step));
                yield return new(Tag("train", "epoch"), step.Epoch);
                break;
            case MaskEntry mask:
                if (mask.HeadDistance is { } heads)
                    yield return new("search/mask_distance_heads", heads);
                if (mask.NeuronDistance is { } neurons)
                    yield return new("search/mask_distance_neurons", neurons);
                yield return new("search/settled_in_a_row", mask.Run);
                break;
            case GateEntry gates:
                yield return new("search/gates_open", gates.Penalty);
                yield return new("search/gates_settled", gates.Binary);
                yield return new("search/penalty_weight", gates.Lambda);
                break;
            case EvaluationEntry evaluation:
                yield return new(Tag("evaluate", "accuracy"), evaluation.Accuracy);
                yield return new(Tag("evaluate", control ? "evaluation_loss" : "loss"), evaluation.Loss);
                break;
            case EpochAttackEntry attack:
                yield return new(Tag("evaluate", $"accuracy_under_{attack.Attack}"), attack.Aua);
                yield return new(Tag("evaluate", $"queries_of_{attack.Attack}"), attack.Queries);
                break;
        }
    }

    /// <summary>Tokens per second of a step; 0 if no time was measured.</summary>
    internal static double Speed(StepEntry step) => step.Seconds > 0 ? step.Tokens / step.Seconds : 0;

    private static double Time(double seconds) => double.IsFinite(seconds) && seconds > 0 ? seconds : 0;
}
