// Progress of an attack as server-sent events, named by kind.
using System.Threading.Channels;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Goals;

namespace RobustTickets.Cli.Playground.Attacks;

/// <summary>A server-sent event.</summary>
/// <param name="Name">Its kind.</param>
/// <param name="Data">Its payload, serialised as JSON.</param>
internal sealed record AttackEvent(string Name, object Data);

/// <summary>
/// Converts the steps of a search to events. Writing blocks while the reader is slow, so events do
/// not accumulate.
/// </summary>
/// <param name="labels">Class names.</param>
/// <param name="label">Class under attack.</param>
/// <param name="events">Receives the events.</param>
/// <param name="stop">Cancels waiting for a slow reader.</param>
internal sealed class AttackEvents(
    IReadOnlyList<string> labels,
    int label,
    ChannelWriter<AttackEvent> events,
    CancellationToken stop
) : ISearchWatcher
{
    private const int Shown = 12;
    private AttackedText? _original;
    private double _score;

    /// <inheritdoc/>
    public void Begins(ScoredText original)
    {
        (_original, _score) = (original.Text, original.Verdict.Score);
        Tell(
            "begin",
            new
            {
                text = TextParts.Of(original.Text.Columns, original.Text.Version),
                words = original.Text.Words.Count,
                label = labels[label],
                probability = 1 - original.Verdict.Score,
            }
        );
    }

    /// <inheritdoc/>
    public void Ranked(IReadOnlyList<(int Position, Verdict Verdict)> words) =>
        Tell("ranking", new { words = words.Select(w => new object[] { w.Position, w.Verdict.Score - _score }) });

    /// <inheritdoc/>
    public void Scored(AttackedText current, IReadOnlyList<(AttackedText Text, Verdict Verdict)> candidates)
    {
        // Candidates of several words in one request (beam search, PWWS) are reported as one step
        // per word.
        foreach (var group in candidates.GroupBy(c => Position(c.Text)))
        {
            var ordered = group.OrderByDescending(c => c.Verdict.Score).ToList();
            Tell(
                "candidates",
                new
                {
                    position = group.Key,
                    word = group.Key >= 0 && group.Key < current.Words.Count ? Visible(current.Words[group.Key]) : "",
                    count = ordered.Count,
                    best = ordered
                        .Take(Shown)
                        .Select(c => new
                        {
                            word = Visible(New(c.Text)),
                            probability = 1 - c.Verdict.Score,
                            output = labels[c.Verdict.Output],
                            falls = c.Verdict.Succeeded,
                        }),
                }
            );
        }
    }

    /// <inheritdoc/>
    public void Took(ScoredText best)
    {
        var (_, marks) = TextDifference.Marks(_original!, best.Text);
        Tell(
            "took",
            new
            {
                text = TextParts.Of(best.Text.Columns, best.Text.Version),
                marks,
                output = labels[best.Verdict.Output],
                probability = 1 - best.Verdict.Score,
            }
        );
    }

    /// <inheritdoc/>
    public void Asked(int queries) => Tell("queries", new { queries });

    /// <summary>Reports the outcome.</summary>
    public void Ends(AttackOutcome outcome, TextAttackVersion version, TimeSpan took)
    {
        Tell(
            "end",
            new
            {
                result = outcome.Result,
                outcome.Queries,
                forwards = outcome.UniqueForwards,
                label = labels[outcome.Label],
                before = Side(outcome.OriginalOutput, outcome.OriginalScore, outcome.Original, outcome.OriginalMarks),
                after = Side(
                    outcome.PerturbedOutput,
                    outcome.PerturbedScore,
                    outcome.Perturbed,
                    outcome.PerturbedMarks
                ),
                outcome.Words,
                outcome.WordsChanged,
                outcome.Similarity,
                outcome.StoppedByTime,
                seconds = took.TotalSeconds,
                error = outcome.Error?.Message,
            }
        );

        // An example that could not be attacked has no predictions.
        object? Side(
            int output,
            double score,
            IReadOnlyList<KeyValuePair<string, string>> columns,
            IReadOnlyList<int> marks
        ) =>
            output < 0
                ? null
                : new
                {
                    output = labels[output],
                    probability = 1 - score,
                    text = TextParts.Of([.. columns.Select(c => c.Value)], version),
                    marks,
                };
    }

    private void Tell(string name, object data)
    {
        var told = new AttackEvent(name, data);
        if (!events.TryWrite(told))
            events.WriteAsync(told, stop).AsTask().GetAwaiter().GetResult();
    }

    private static int Position(AttackedText text) => text.NewPositions.Count == 0 ? -1 : text.NewPositions[0];

    private static string New(AttackedText text) => string.Join(' ', text.NewPositions.Select(p => text.Words[p]));

    private static string Visible(string word) => VisibleText.OnOneLine(word);
}
