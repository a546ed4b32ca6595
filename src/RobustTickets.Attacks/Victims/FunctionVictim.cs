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
/// A victim made of a function, such as a model of another library or a remote service. It returns
/// <c>[C]</c> scores for each text, in input order, and must return the same row for the same text
/// whatever the batch. The engine rejects results of another shape
/// (<see cref="AttackErrorKind.WrongAnswer"/>).
/// </summary>
public sealed class FunctionVictim : IVictim
{
    private readonly Func<IReadOnlyList<TextPair>, CancellationToken, double[][]> _predict;
    private readonly ClassScores _scores;

    /// <summary>Creates a victim from a function of texts. Pairs are rejected.</summary>
    /// <param name="classCount">Number of classes C.</param>
    /// <param name="predict">Returns <c>[C]</c> scores for each text, in input order.</param>
    /// <param name="scores">Kind of scores.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 classes.</exception>
    public FunctionVictim(
        int classCount,
        Func<IReadOnlyList<string>, double[][]> predict,
        ClassScores scores = ClassScores.Probabilities
    )
        : this(classCount, scores, OfTexts(Sync(predict))) { }

    /// <summary>
    /// Creates a victim from an asynchronous function of texts, such as a service call. Pairs are
    /// rejected. Cancelling an attack cancels the call and does not wait for it to end.
    /// </summary>
    /// <inheritdoc cref="FunctionVictim(int, Func{IReadOnlyList{string}, double[][]}, ClassScores)"/>
    public FunctionVictim(
        int classCount,
        Func<IReadOnlyList<string>, CancellationToken, Task<double[][]>> predict,
        ClassScores scores = ClassScores.Probabilities
    )
        : this(classCount, scores, OfTexts(Sync(predict))) { }

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
                "a classifier must have at least 2 classes"
            );
        (ClassCount, _scores, _predict) = (classCount, scores, predict);
    }

    /// <inheritdoc/>
    public int ClassCount { get; }

    /// <summary>Creates a victim from a function of texts and pairs.</summary>
    /// <param name="classCount">Number of classes C.</param>
    /// <param name="predict">Returns <c>[C]</c> scores for each text (pair), in order.</param>
    /// <param name="scores">Kind of scores.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than 2 classes.</exception>
    public static FunctionVictim FromPairs(
        int classCount,
        Func<IReadOnlyList<TextPair>, double[][]> predict,
        ClassScores scores = ClassScores.Probabilities
    ) => new(classCount, scores, Sync(predict));

    /// <summary>
    /// Creates a victim from an asynchronous function of texts and pairs. Cancelling an attack
    /// cancels the call and does not wait for it to end.
    /// </summary>
    /// <inheritdoc cref="FromPairs(int, Func{IReadOnlyList{TextPair}, double[][]}, ClassScores)"/>
    public static FunctionVictim FromPairs(
        int classCount,
        Func<IReadOnlyList<TextPair>, CancellationToken, Task<double[][]>> predict,
        ClassScores scores = ClassScores.Probabilities
    ) => new(classCount, scores, Sync(predict));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">An input is a pair, but the function takes
    /// texts.</exception>
    public double[][] Predict(IReadOnlyList<TextPair> inputs) => Predict(inputs, CancellationToken.None);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">An input is a pair, but the function takes
    /// texts.</exception>
    public double[][] Predict(IReadOnlyList<TextPair> inputs, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        stop.ThrowIfCancellationRequested();
        double[][]? rows = _predict(inputs, stop);
        return rows is null || _scores == ClassScores.Probabilities
            ? rows!
            : Array.ConvertAll(rows, row => row is null ? null! : Softmax(row));
    }

    private static Func<IReadOnlyList<TextPair>, CancellationToken, double[][]> OfTexts(
        Func<IReadOnlyList<string>, CancellationToken, double[][]> predict
    ) =>
        (inputs, stop) =>
        {
            var texts = new string[inputs.Count];
            for (var i = 0; i < texts.Length; i++)
                texts[i] = inputs[i].Second is null
                    ? inputs[i].First
                    : throw new ArgumentException(
                        $"text {i + 1} of {texts.Length} is a pair, but the function takes single texts; for a "
                            + $"function of pairs, use {nameof(FunctionVictim)}.{nameof(FromPairs)}",
                        nameof(inputs)
                    );
            return predict(texts, stop);
        };

    private static Func<TInputs, CancellationToken, double[][]> Sync<TInputs>(Func<TInputs, double[][]> predict)
    {
        ArgumentNullException.ThrowIfNull(predict);
        return (inputs, _) => predict(inputs);
    }

    private static Func<TInputs, CancellationToken, double[][]> Sync<TInputs>(
        Func<TInputs, CancellationToken, Task<double[][]>> predict
    )
    {
        ArgumentNullException.ThrowIfNull(predict);
        // Blocking is safe: the engine calls from its own thread.
        return (inputs, stop) => predict(inputs, stop).WaitAsync(stop).GetAwaiter().GetResult();
    }

    /// <summary>exp(x) / sum exp(x) in double precision.</summary>
    public static double[] Softmax(ReadOnlySpan<float> logits)
    {
        var wide = new double[logits.Length];
        for (var i = 0; i < wide.Length; i++)
            wide[i] = logits[i];
        return Softmax(wide);
    }

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
