// Temperatures at which a victim is attacked (docs/methods/attacks.md, Temperature).
using System.Globalization;
using RobustTickets.Attacks;

namespace RobustTickets;

/// <summary>
/// The temperatures T of a victim under attack: its logits are divided by T. With several, the
/// lowest accuracy under attack is the result.
/// </summary>
public sealed record VictimTemperature
{
    private static readonly double[] GridValues = [0.25, 1, 4, 16];

    private VictimTemperature(IReadOnlyList<double> values, bool fit, string name) =>
        (Values, IsFitted, Name) = (values, fit, name);

    /// <summary>
    /// The temperature with the lowest negative log likelihood on held-out rows: the development
    /// part of the victim's run, or without one the split's rows that are not attacked.
    /// </summary>
    public static VictimTemperature Fitted { get; } = new([], fit: true, "fit");

    /// <summary>A small grid: 0.25, 1, 4, 16.</summary>
    public static VictimTemperature Grid { get; } = new(GridValues, fit: false, "grid");

    /// <summary>The given temperatures.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>Whether a fitted temperature is included.</summary>
    public bool IsFitted { get; }

    /// <summary>The text it was parsed from, for folder names.</summary>
    internal string Name { get; }

    /// <summary>Whether there is more than one.</summary>
    internal bool IsSeveral => Values.Count + (IsFitted ? 1 : 0) > 1;

    /// <summary>
    /// Parses a number, <c>fit</c>, <c>grid</c>, or a comma-separated list of these.
    /// </summary>
    /// <exception cref="RequestException">The text is none of these.</exception>
    public static VictimTemperature Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var values = new SortedSet<double>();
        var fit = false;
        foreach (var item in text.Split(',').Select(i => i.Trim()))
        {
            if (item == "fit")
                fit = true;
            else if (item == "grid")
                values.UnionWith(GridValues);
            else if (
                double.TryParse(item, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                && value > 0
                && double.IsFinite(value)
            )
                values.Add(value);
            else
                throw new RequestException(
                    nameof(AttackRequest.Temperature),
                    text,
                    "expected a number above 0, fit, grid, or several of them separated by commas"
                );
        }
        return new VictimTemperature([.. values], fit, text.Replace(" ", "", StringComparison.Ordinal));
    }

    /// <summary>Formats a temperature for names and lines.</summary>
    internal static string Text(double temperature) => temperature.ToString("R", CultureInfo.InvariantCulture);
}
