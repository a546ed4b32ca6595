// The only place that calls a victim, an encoder or a masked language model. It validates every
// answer; when a batch fails it retries one text at a time, so that an error is attributed to the
// example that causes it and to no other.

using System.Diagnostics;
using System.Globalization;

namespace RobustTickets.Attacks.Engine;

internal sealed class ModelGate(IVictim victim, CancellationToken stop)
{
    private const double Tolerance = 1e-3;

    public long VictimBatches { get; private set; }

    public long VictimRows { get; private set; }

    public long EncoderBatches { get; private set; }

    public long EncoderRows { get; private set; }

    public TimeSpan VictimTime { get; private set; }

    public TimeSpan EncoderTime { get; private set; }

    public long MaskedBatches { get; private set; }

    public long MaskedRows { get; private set; }

    public TimeSpan MaskedTime { get; private set; }

    public void Predict(List<(TextPair Key, List<ExampleRun> Runs)> batch)
    {
        VictimBatches++;
        VictimRows += batch.Count;
        var start = Stopwatch.GetTimestamp();
        Ask(
            batch,
            "the victim",
            keys => victim.Predict(keys, stop),
            FaultOfRow,
            (run, key, row) => run.Receive(key, row)
        );
        VictimTime += Stopwatch.GetElapsedTime(start);
    }

    public void Encode(ISentenceEncoder encoder, List<(string Key, List<ExampleRun> Runs)> batch)
    {
        EncoderBatches++;
        EncoderRows += batch.Count;
        var start = Stopwatch.GetTimestamp();
        Ask(
            batch,
            $"the sentence encoder {encoder.Name}",
            texts => encoder.Encode(texts, stop),
            v => FaultOfVector(v, encoder.Dimension),
            (run, key, v) => run.Receive(encoder, key, v)
        );
        EncoderTime += Stopwatch.GetElapsedTime(start);
    }

    public void Predict(IMaskedLanguageModel model, List<(MaskedQuestion Key, List<ExampleRun> Runs)> batch)
    {
        MaskedBatches++;
        MaskedRows += batch.Count;
        var start = Stopwatch.GetTimestamp();
        Ask(
            batch,
            $"the masked language model {model.Name}",
            questions => model.Predict(questions, stop),
            tokens => FaultOfTokens(tokens, model.VocabularySize),
            (run, key, tokens) => run.Receive(model, key, tokens)
        );
        MaskedTime += Stopwatch.GetElapsedTime(start);
    }

    private void Ask<TKey, TAnswer>(
        List<(TKey Key, List<ExampleRun> Runs)> batch,
        string who,
        Func<IReadOnlyList<TKey>, TAnswer[]> ask,
        Func<TAnswer, Fault?> fault,
        Action<ExampleRun, TKey, TAnswer> deliver
    )
    {
        if (batch.Count == 0)
            return;
        TAnswer[]? rows = null;
        Fault? trouble = null;
        var start = Stopwatch.GetTimestamp();
        try
        {
            rows = ask([.. batch.Select(b => b.Key)]);
            if (rows is null || rows.Length != batch.Count)
                trouble = new(
                    AttackErrorKind.WrongAnswer,
                    $"{rows?.Length.ToString(CultureInfo.InvariantCulture) ?? "no"} rows for {batch.Count} texts"
                );
        }
        // A model's time-out also throws OperationCanceledException; only the run's own
        // cancellation ends the run. A disposed victim also ends it.
        catch (Exception e)
            when (e is not ObjectDisposedException && !(e is OperationCanceledException && stop.IsCancellationRequested)
            )
        {
            trouble = new(AttackErrorKind.ModelThrew, $"{e.GetType().Name}: {e.Message}");
        }
        var share = Stopwatch.GetElapsedTime(start) / batch.Count;
        if (trouble is not null && batch.Count > 1)
        {
            foreach (var one in batch)
            {
                stop.ThrowIfCancellationRequested();
                Ask([one], who, ask, fault, deliver);
            }
            return;
        }
        for (var i = 0; i < batch.Count; i++)
        {
            var wrong = trouble ?? (rows![i] is null ? new(AttackErrorKind.WrongAnswer, "no row") : fault(rows[i]));
            foreach (var run in batch[i].Runs)
            {
                run.Charge(share);
                if (wrong is null)
                    deliver(run, batch[i].Key, rows![i]);
                else
                    run.Fail(
                        wrong.Kind,
                        $"{who} {(wrong.Kind == AttackErrorKind.ModelThrew ? "threw" : "returned")} {wrong.What} "
                            + $"(text: {Excerpt(batch[i].Key)})"
                    );
            }
        }
    }

    private Fault? FaultOfRow(double[] row) => FaultOfRow(row, victim.ClassCount);

    /// <summary>What is wrong with a victim's class probabilities; null if nothing.</summary>
    internal static Fault? FaultOfRow(double[] row, int classes)
    {
        if (row.Length != classes)
            return new(AttackErrorKind.WrongAnswer, $"a row of {row.Length} numbers but has {classes} classes");
        var sum = 0.0;
        foreach (var p in row)
        {
            if (!double.IsFinite(p))
                return new(AttackErrorKind.NotFinite, Invariant.Text($"a probability of {p}"));
            sum += p;
        }
        if (Math.Abs(sum - 1.0) > Tolerance)
            return new(
                AttackErrorKind.WrongAnswer,
                Invariant.Text(
                    $"a row that sums to {sum:R}; expected class probabilities (apply a softmax to logits first)"
                )
            );
        foreach (var p in row)
        {
            if (p < -Tolerance || p > 1 + Tolerance)
                return new(AttackErrorKind.WrongAnswer, Invariant.Text($"a probability of {p:R}"));
        }
        return null;
    }

    private static Fault? FaultOfVector(double[] vector, int dimension)
    {
        if (vector.Length != dimension)
            return new(
                AttackErrorKind.WrongAnswer,
                $"a vector of {vector.Length} numbers but has dimension {dimension}"
            );
        return vector.All(double.IsFinite) ? null : new(AttackErrorKind.NotFinite, "a vector with a non-finite number");
    }

    private static Fault? FaultOfTokens(int[] tokens, int vocabulary)
    {
        var strange = Array.FindIndex(tokens, t => t < 0 || t >= vocabulary);
        return strange < 0
            ? null
            : new(AttackErrorKind.WrongAnswer, $"token {tokens[strange]} but has a vocabulary of {vocabulary}");
    }

    private static string Excerpt<TKey>(TKey key)
    {
        var text = key switch
        {
            MaskedQuestion q => q.Text,
            _ => key?.ToString() ?? "",
        };
        return text.Length <= 80 ? $"'{text}'" : $"'{text[..77]}...'";
    }

    /// <summary>What is wrong with an answer.</summary>
    internal sealed record Fault(AttackErrorKind Kind, string What);
}
