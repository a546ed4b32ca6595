// Compares the same attack on two models example by example: which model was fooled, and by which
// words.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Reports;

namespace RobustTickets.Cli.Playground.Compare;

/// <summary>Which of two models was fooled.</summary>
internal enum Fall
{
    /// <summary>Only the first.</summary>
    OnlyFirst,

    /// <summary>Only the second.</summary>
    OnlySecond,

    /// <summary>Both.</summary>
    Both,

    /// <summary>Neither.</summary>
    Neither,

    /// <summary>A model was wrong before the attack.</summary>
    WrongBefore,
}

/// <summary>Words of a text, and the positions of those missing in the other text.</summary>
/// <param name="Words">The words.</param>
/// <param name="Marks">Their positions.</param>
internal sealed record MarkedWords(IReadOnlyList<string> Words, IReadOnlyList<int> Marks)
{
    /// <summary>Converts the words of a diff.</summary>
    public static MarkedWords Of(IReadOnlyList<DiffWord> words) =>
        new(
            [.. words.Select(w => VisibleText.Of(w.Text))],
            [.. words.Index().Where(w => w.Item.Changed).Select(w => w.Index)]
        );
}

/// <summary>One model's result for an example.</summary>
/// <param name="Result">How the attack ended.</param>
/// <param name="Output">Predicted class of the final text.</param>
/// <param name="Queries">Queries as TextAttack counts them.</param>
/// <param name="Before">The original with the words that were changed.</param>
/// <param name="After">The final text with its new words.</param>
internal sealed record ComparedSide(string Result, string Output, int Queries, MarkedWords Before, MarkedWords After);

/// <summary>An example under the attack on two models.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Label">Its true class.</param>
/// <param name="Fall">Which model was fooled.</param>
/// <param name="First">The first model.</param>
/// <param name="Second">The second model.</param>
internal sealed record ComparedExample(string Id, string Label, Fall Fall, ComparedSide First, ComparedSide Second);

/// <summary>Two attacks joined by example id.</summary>
internal sealed class ComparedExamples
{
    private readonly List<(AttackOutcome First, AttackOutcome Second, Fall Fall)> _pairs;
    private readonly Func<int, string> _className;

    /// <param name="firstRun">The run of the first model.</param>
    /// <param name="secondRun">The run of the second model.</param>
    /// <param name="attack">Name of an attack on both.</param>
    public ComparedExamples(RunRecord firstRun, RunRecord secondRun, string attack)
    {
        _className = firstRun.ClassName;
        Differs = ReportMethod.Difference(firstRun, secondRun, attack) is { } why ? $"{attack} {why}" : null;
        var (first, second) = (Under(firstRun), Under(secondRun));
        var others = new Dictionary<string, AttackOutcome>(StringComparer.Ordinal);
        foreach (var example in second.Examples)
            others.TryAdd(example.Id, example);
        // An id with a different text is a different example.
        _pairs =
        [
            .. first
                .Examples.Where(e => others.TryGetValue(e.Id, out var o) && o.OriginalText == e.OriginalText)
                .Select(e => (e, others[e.Id], FallOf(e, others[e.Id]))),
        ];

        AttackRecord Under(RunRecord run) => run.Attacks.First(a => a.Name == attack);
    }

    /// <summary>Why the counts say nothing about the models, as a sentence; null if they
    /// do.</summary>
    public string? Differs { get; }

    /// <summary>Number of examples in both attacks.</summary>
    public int Count => _pairs.Count;

    /// <summary>Number of examples by outcome.</summary>
    public IReadOnlyDictionary<Fall, int> Counts =>
        Enum.GetValues<Fall>().ToDictionary(f => f, f => _pairs.Count(p => p.Fall == f));

    /// <summary>Examples with one outcome, or all, in the order of the first attack.</summary>
    public IEnumerable<ComparedExample> Of(Fall? fall) =>
        _pairs
            .Where(p => fall is null || p.Fall == fall)
            .Select(p => new ComparedExample(
                p.First.Id,
                _className(p.First.Label),
                p.Fall,
                Side(p.First),
                Side(p.Second)
            ));

    private ComparedSide Side(AttackOutcome example)
    {
        var (before, after) = WordDiff.Compare(example.OriginalText, example.PerturbedText);
        return new ComparedSide(
            AttackJson.Name(example.Result),
            _className(example.PerturbedOutput),
            example.Queries,
            MarkedWords.Of(before),
            MarkedWords.Of(after)
        );
    }

    private static Fall FallOf(AttackOutcome first, AttackOutcome second) =>
        (first.Result, second.Result) switch
        {
            (AttackResult.Skipped, _) or (_, AttackResult.Skipped) => Fall.WrongBefore,
            (AttackResult.Success, AttackResult.Success) => Fall.Both,
            (AttackResult.Success, _) => Fall.OnlyFirst,
            (_, AttackResult.Success) => Fall.OnlySecond,
            _ => Fall.Neither,
        };
}
