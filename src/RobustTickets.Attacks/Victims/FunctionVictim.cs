namespace RobustTickets.Attacks;

/// <summary>What a function says of each class.</summary>
public enum ClassScores
{
    /// <summary>Probabilities that add up to 1.</summary>
    Probabilities,

    /// <summary>Logits; their softmax is taken.</summary>
    Logits,
}

/// <summary>
/// A function from texts to scores as a victim: a model of another library, a remote service. It
/// must give the same row for the same text whatever the batch around it.
/// </summary>
/// <param name="classCount">Number of classes C.</param>
/// <param name="predict">Gives <c>[C]</c> scores for each text, in input order. The second text of
/// a pair follows the first after a line end.</param>
/// <param name="scores">What the scores are.</param>
public sealed class FunctionVictim(
    int classCount,
    Func<IReadOnlyList<string>, float[][]> predict,
    ClassScores scores = ClassScores.Probabilities
) : IVictim
{
    /// <inheritdoc/>
    public int ClassCount { get; } =
        classCount >= 2
            ? classCount
            : throw new ArgumentOutOfRangeException(
                nameof(classCount),
                classCount,
                "a classifier has at least 2 classes"
            );

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The function gave another number of rows or
    /// classes.</exception>
    public double[][] Predict(IReadOnlyList<TextPair> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var rows = predict([.. inputs.Select(i => i.Second is null ? i.First : $"{i.First}\n{i.Second}")]);
        if (rows.Length != inputs.Count)
            throw new InvalidOperationException($"the function gave {rows.Length} rows for {inputs.Count} texts");
        if (Array.Find(rows, r => r.Length != ClassCount) is { } odd)
            throw new InvalidOperationException($"the function gave {odd.Length} scores for {ClassCount} classes");
        return Array.ConvertAll(
            rows,
            row => scores == ClassScores.Logits ? Softmax(row) : Array.ConvertAll(row, x => (double)x)
        );
    }

    /// <summary>exp(x) / sum exp(x) in double precision.</summary>
    public static double[] Softmax(ReadOnlySpan<float> logits)
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
