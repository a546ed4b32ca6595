// Temperature scaling (Guo et al. 2017): the temperature that minimises the negative log likelihood
// of held-out rows. It is convex in 1/T, so its derivative is bisected.

using System.Globalization;

namespace RobustTickets.Attacks;

/// <summary>A fitted temperature.</summary>
/// <param name="Temperature">T, to three significant digits.</param>
/// <param name="Rows">Number of rows it was fitted on.</param>
/// <param name="LossBefore">Mean negative log likelihood at T = 1, in nats.</param>
/// <param name="LossAfter">Mean negative log likelihood at the fitted temperature, in nats.</param>
public sealed record TemperatureFit(double Temperature, int Rows, double LossBefore, double LossAfter)
{
    /// <summary>Lower bound of the fit; rows without an error would give 0.</summary>
    public const double Least = 0.05;

    /// <summary>
    /// Upper bound of the fit; rows without information on the class would give infinity.
    /// </summary>
    public const double Greatest = 20;

    private const int Halvings = 60;
    private const double Smallest = 1e-300;

    /// <summary>Whether the fit ended at a bound.</summary>
    public bool IsAtBound => Temperature is Least or Greatest;

    /// <summary>Fits the temperature of a victim.</summary>
    /// <param name="rows">Class probabilities of each text, <c>[N][C]</c>.</param>
    /// <param name="labels">True classes, <c>[N]</c>.</param>
    /// <exception cref="ArgumentException">There are no rows, or their number differs from that of
    /// the labels, or a probability is not finite, or a label is not the index of a
    /// class.</exception>
    public static TemperatureFit Of(IReadOnlyList<double[]> rows, IReadOnlyList<int> labels)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(labels);
        if (rows.Count == 0 || rows.Count != labels.Count)
            throw new ArgumentException($"{rows.Count} rows and {labels.Count} labels", nameof(rows));
        if (rows.Index().FirstOrDefault(r => !r.Item.All(double.IsFinite)) is { Item: not null } wrong)
            throw new ArgumentException($"row {wrong.Index} has a probability that is not finite", nameof(rows));
        for (var i = 0; i < rows.Count; i++)
            if (labels[i] < 0 || labels[i] >= rows[i].Length)
                throw new ArgumentException(
                    $"row {i} has the label {labels[i]}; its classes are 0 to {rows[i].Length - 1}",
                    nameof(labels)
                );
        var logits = rows.Select(row => Array.ConvertAll(row, p => Math.Log(Math.Max(p, Smallest)))).ToArray();
        // Bisects over the inverse temperature, on a logarithmic scale.
        double low = -Math.Log(Greatest),
            high = -Math.Log(Least);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
            if (Slope(logits, labels, Math.Exp(middle)) < 0)
                low = middle;
            else
                high = middle;
        }
        var fitted = double.Parse(
            Math.Exp(-(low + high) / 2).ToString("G3", CultureInfo.InvariantCulture),
            CultureInfo.InvariantCulture
        );
        return new TemperatureFit(fitted, rows.Count, Loss(logits, labels, 1), Loss(logits, labels, 1 / fitted));
    }

    // d NLL / d (1/T): the mean of E[logit] under the scaled row minus the true class's logit.
    private static double Slope(double[][] logits, IReadOnlyList<int> labels, double inverse)
    {
        var sum = 0.0;
        for (var i = 0; i < logits.Length; i++)
        {
            var top = logits[i].Max();
            double weight = 0,
                mean = 0;
            foreach (var l in logits[i])
            {
                var e = Math.Exp(inverse * (l - top));
                weight += e;
                mean += e * l;
            }
            sum += mean / weight - logits[i][labels[i]];
        }
        return sum;
    }

    private static double Loss(double[][] logits, IReadOnlyList<int> labels, double inverse)
    {
        var sum = 0.0;
        for (var i = 0; i < logits.Length; i++)
        {
            var top = logits[i].Max();
            sum += Math.Log(logits[i].Sum(l => Math.Exp(inverse * (l - top)))) - inverse * (logits[i][labels[i]] - top);
        }
        return sum / logits.Length;
    }
}
