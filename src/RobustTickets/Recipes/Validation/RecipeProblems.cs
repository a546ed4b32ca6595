using System.Globalization;

namespace RobustTickets.Recipes.Validation;

/// <summary>Collects the problems of a recipe, each starting with the path of its field.</summary>
internal sealed class RecipeProblems
{
    /// <summary>Default upper limit: computation is in float32.</summary>
    public const double Most = float.MaxValue;

    /// <summary>Upper limit for epochs.</summary>
    public const double MostEpochs = 10_000;

    /// <summary>Upper limit for examples per step and tokens per example.</summary>
    public const int MostAtOnce = 65_536;

    /// <summary>Upper limit for passes, rounds and snapshots.</summary>
    public const int MostTimes = 10_000;

    private readonly HashSet<string> _ranges = [];

    public List<string> List { get; } = [];

    /// <summary>The problems that involve a single field.</summary>
    public IEnumerable<string> Ranges => List.Where(_ranges.Contains);

    public static string Show(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public void Add(string problem) => List.Add(problem);

    public void Text(string path, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            List.Add($"{path}: is empty; a recipe needs a name, task and source");
    }

    public bool Require(bool holds, string path, double value, string possible)
    {
        if (!Relate(holds, path, value, possible))
            _ranges.Add(List[^1]);
        return holds;
    }

    /// <summary>As <see cref="Require"/>, for a limit that depends on another field.</summary>
    public bool Relate(bool holds, string path, double value, string possible)
    {
        if (!holds)
            List.Add($"{path}: {Show(value)} is not possible; must be {possible}");
        return holds;
    }

    /// <summary>Requires a number above 0.</summary>
    public bool Positive(string path, double value, double most = Most) =>
        Require(value > 0 && value <= most, path, value, $"greater than 0 and at most {Show(most)}");

    /// <summary>Requires a number of 0 or more.</summary>
    public bool NotNegative(string path, double value, string meaning = "0 or more") =>
        Require(value is >= 0 and <= Most, path, value, $"{meaning}, at most {Show(Most)}");

    /// <summary>Requires an integer in a range; the reason explains the minimum.</summary>
    public bool Between(string path, int value, int least, int most, string? why = null) =>
        Require(
            value >= least && value <= most,
            path,
            value,
            value > most ? $"at most {most}"
                : why is null ? $"at least {least}"
                : $"at least {least}: {why}"
        );
}
