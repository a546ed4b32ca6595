// A victim whose logits are divided by a temperature. Predictions are unchanged; scores spread or
// contract, which reveals to a query attack an order of candidates that over- or under-confidence
// hid (Raina et al. 2024; docs/methods/attacks.md, Temperature).

namespace RobustTickets.Attacks;

/// <summary>
/// A victim at another temperature T: probabilities proportional to p^(1/T), i.e. the softmax of
/// its logits divided by T. The predicted class never changes.
/// </summary>
public sealed class TemperatureVictim : IVictim
{
    private const double SumTolerance = 1e-3;
    private readonly IVictim _victim;

    /// <summary>Wraps a victim.</summary>
    /// <param name="victim">The victim.</param>
    /// <param name="temperature">T, above 0; at 1 the victim is unchanged.</param>
    /// <exception cref="ArgumentOutOfRangeException">T is not a finite number above 0.</exception>
    public TemperatureVictim(IVictim victim, double temperature)
    {
        ArgumentNullException.ThrowIfNull(victim);
        if (!(temperature > 0 && double.IsFinite(temperature)))
            throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "must be a finite number above 0");
        (_victim, Temperature) = (victim, temperature);
    }

    /// <summary>The temperature T.</summary>
    public double Temperature { get; }

    /// <inheritdoc/>
    public int ClassCount => _victim.ClassCount;

    /// <inheritdoc/>
    public double[][] Predict(IReadOnlyList<TextPair> inputs) => Predict(inputs, CancellationToken.None);

    /// <inheritdoc/>
    public double[][] Predict(IReadOnlyList<TextPair> inputs, CancellationToken stop)
    {
        var rows = _victim.Predict(inputs, stop);
        return Temperature == 1 || rows is null ? rows! : Array.ConvertAll(rows, row => Scale(row, Temperature));
    }

    /// <summary>
    /// One row of class probabilities <c>[C]</c> at a temperature. An invalid row is returned
    /// unchanged, so that the caller's validation rejects it.
    /// </summary>
    public static double[] Scale(double[] probabilities, double temperature)
    {
        if (!IsRow(probabilities))
            return probabilities;
        var best = probabilities.ArgMax();
        var top = Math.Log(probabilities[best]);
        var scaled = Array.ConvertAll(probabilities, p => Math.Exp((Math.Log(Math.Max(p, 0)) - top) / temperature));
        var sum = scaled.Sum();
        for (var c = 0; c < scaled.Length; c++)
            scaled[c] /= sum;
        // Rounding must not make a slightly less probable class tie with the best one.
        while (scaled.ArgMax() != best)
            scaled[best] = Math.BitIncrement(scaled[best]);
        return scaled;
    }

    private static bool IsRow(double[]? row) =>
        row is { Length: > 0 }
        && Array.TrueForAll(row, p => double.IsFinite(p) && p >= -SumTolerance)
        && Math.Abs(row.Sum() - 1) <= SumTolerance;
}
