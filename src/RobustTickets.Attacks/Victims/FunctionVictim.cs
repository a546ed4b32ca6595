using System.Globalization;

namespace RobustTickets.Attacks;

/// <summary>Kind of scores a function returns.</summary>
public enum ClassScores
{
    /// <summary>Probabilities that sum to 1.</summary>
    Probabilities,

    /// <summary>Logits; softmax is applied.</summary>
    Logits,
}

/// <summary>
/// A victim from a function of texts to scores, such as a model of another library or a remote
/// service. A text must get the same row whatever else is in the batch.
/// </summary>
public sealed class FunctionVictim : IVictim
{
    private readonly Func<IReadOnlyList<TextPair>, CancellationToken, double[][]> _predict;
    private readonly ClassScores _scores;

    /// <summary>Creates a victim from a function of texts.</summary>
    /// <param name="classCount">Number of classes C.</param>
    /// <param name="predict">Returns <c>[C]</c> scores for each text, in input order. The second
    /// text of a pair follows the first after a line feed.</param>
    /// <param name="scores">Kind of scores.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 classes.</exception>
    public FunctionVictim(
        int classCount,
        Func<IReadOnlyList<string>, float[][]> predict,
        ClassScores scores = ClassScores.Probabilities
    )
        : this(classCount, scores, Of(predict)) { }

    /// <summary>
    /// Creates a victim from an asynchronous function of texts and pairs, such as a web service.
    /// Cancelling an attack cancels the call, and no longer waits for it.
    /// </summary>
    /// <param name="classCount">Number of classes C.</param>
    /// <param name="predict">Returns <c>[C]</c> scores for each text, in input order.</param>
    /// <param name="scores">Kind of scores.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 classes.</exception>
    public FunctionVictim(
        int classCount,
        Func<IReadOnlyList<TextPair>, CancellationToken, Task<double[][]>> predict,
        ClassScores scores = ClassScores.Probabilities
    )
        : this(classCount, scores, Of(predict)) { }

    private FunctionVictim(
        int classCount,
        ClassScores scores,
        Func<IReadOnlyList<TextPair>, CancellationToken, double[][]> predict
    )
    {
        if (classCount < 2)
            throw new ArgumentOutOfRangeException(
                nameof(classCount),
                classCount,
                "a classifier has at least 2 classes"
            );
        (ClassCount, _scores, _predict) = (classCount, scores, predict);
    }

    /// <inheritdoc/>
    public int ClassCount { get; }

    /// <summary>Creates a victim from a function of texts and pairs in double precision.</summary>
    /// <param name="classCount">Number of classes C.</param>
    /// <param name="predict">Returns <c>[C]</c> scores for each text, in input order.</param>
    /// <param name="scores">Kind of scores.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 classes.</exception>
    public static FunctionVictim FromPairs(
        int classCount,
        Func<IReadOnlyList<TextPair>, double[][]> predict,
        ClassScores scores = ClassScores.Probabilities
    )
    {
        ArgumentNullException.ThrowIfNull(predict);
        return new FunctionVictim(classCount, scores, (inputs, _) => predict(inputs));
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The function returned a wrong number of rows or
    /// classes.</exception>
    public double[][] Predict(IReadOnlyList<TextPair> inputs) => Predict(inputs, CancellationToken.None);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The function returned a wrong number of rows or
    /// classes.</exception>
    public double[][] Predict(IReadOnlyList<TextPair> inputs, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        stop.ThrowIfCancellationRequested();
        var rows = _predict(inputs, stop);
        if (rows is null || rows.Length != inputs.Count)
            throw new InvalidOperationException($"the function gave {Count(rows)} rows for {inputs.Count} texts");
        var odd = Array.FindIndex(rows, r => r?.Length != ClassCount);
        if (odd >= 0)
            throw new InvalidOperationException(
                $"the function gave {Count(rows[odd])} scores for {ClassCount} classes"
            );
        return _scores == ClassScores.Logits ? Array.ConvertAll(rows, row => Softmax(row)) : rows;
    }

    private static Func<IReadOnlyList<TextPair>, CancellationToken, double[][]> Of(
        Func<IReadOnlyList<string>, float[][]> predict
    )
    {
        ArgumentNullException.ThrowIfNull(predict);
        return (inputs, _) =>
        {
            var texts = inputs.Select(i => i.Second is null ? i.First : $"{i.First}\n{i.Second}");
            float[]?[]? rows = predict([.. texts]);
            return rows is null ? null! : Array.ConvertAll(rows, row => row is null ? null! : Wide(row));
        };
    }

    private static double[] Wide(ReadOnlySpan<float> row)
    {
        var wide = new double[row.Length];
        for (var i = 0; i < wide.Length; i++)
            wide[i] = row[i];
        return wide;
    }

    private static string Count(Array? items) => items?.Length.ToString(CultureInfo.InvariantCulture) ?? "no";

    private static Func<IReadOnlyList<TextPair>, CancellationToken, double[][]> Of(
        Func<IReadOnlyList<TextPair>, CancellationToken, Task<double[][]>> predict
    )
    {
        ArgumentNullException.ThrowIfNull(predict);
        // Blocking is safe: the engine calls from its own thread.
        return (inputs, stop) => predict(inputs, stop).WaitAsync(stop).GetAwaiter().GetResult();
    }

    /// <summary>exp(x) / sum exp(x) in double precision.</summary>
    public static double[] Softmax(ReadOnlySpan<float> logits) => Softmax(Wide(logits));

    private static double[] Softmax(double[] logits)
    {
        double max = double.NegativeInfinity,
            sum = 0;
        foreach (var x in logits)
            max = Math.Max(max, x);
        var result = new double[logits.Length];
        for (var i = 0; i < result.Length; i++)
            sum += result[i] = Math.Exp(logits[i] - max);
        for (var i = 0; i < result.Length; i++)
            result[i] /= sum;
        return result;
    }
}
