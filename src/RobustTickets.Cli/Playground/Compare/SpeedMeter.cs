// Measures texts per second of a loaded model on request, while the server keeps serving.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Cli.Playground.Attacks;

namespace RobustTickets.Cli.Playground.Compare;

/// <summary>A measured speed.</summary>
/// <param name="TextsPerSecond">Texts per second.</param>
/// <param name="Texts">Number of texts timed.</param>
/// <param name="Pieces">Mean number of tokens of a text.</param>
/// <param name="Source">Source of the texts.</param>
internal sealed record MeasuredSpeed(double TextsPerSecond, int Texts, double Pieces, string Source);

/// <summary>Measures models.</summary>
internal static class SpeedMeter
{
    private const int BatchSize = 32;
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(1.5);

    private static readonly string[] Sentences =
    [
        "A warm, funny and quietly moving film.",
        "The plot is thin, the jokes are flat, and it never seems to end.",
        "Not the disaster I expected, but hardly worth the ticket either.",
        "Two friends drive north, talk too much, and learn nothing at all.",
    ];

    /// <summary>Measures a model on texts of its own attacks, or on a few sentences.</summary>
    public static MeasuredSpeed Measure(
        PlaygroundState state,
        PlaygroundModel model,
        IReadOnlyList<string> own,
        CancellationToken stop
    )
    {
        var texts = (own.Count > 0 ? own : Sentences).Select(t => new TextPair(t)).ToList();
        var batch = Enumerable.Range(0, BatchSize).Select(i => texts[i % texts.Count]).ToList();
        var victim = new WorkerVictim(model, state.Worker, stop);
        // Warm-up: the first batch allocates buffers and compiles code.
        victim.Predict(batch);
        var (start, count) = (Stopwatch.GetTimestamp(), 0);
        while (Stopwatch.GetElapsedTime(start) < Time)
        {
            victim.Predict(batch);
            count += batch.Count;
        }
        return new MeasuredSpeed(
            count / Stopwatch.GetElapsedTime(start).TotalSeconds,
            count,
            batch.Average(t => Math.Min(model.Classifier.Length(t), model.Classifier.MaxLength)),
            own.Count > 0 ? "texts of its own attacks" : "built-in sentences"
        );
    }
}
