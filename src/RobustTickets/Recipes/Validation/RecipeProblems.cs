using System.Globalization;

namespace RobustTickets.Recipes.Validation;

/// <summary>
/// Collects what is wrong with a recipe, each problem beginning with the path of its field.
/// </summary>
internal sealed class RecipeProblems
{
    /// <summary>
    /// Bounds beyond which a number is a slip of the pen: no run would ever end, or stay finite.
    /// </summary>
    public const double MostEpochs = 10_000,
        MostSteps = 1_000,
        Most = int.MaxValue;

    public List<string> List { get; } = [];

    public static string Show(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public void Add(string problem) => List.Add(problem);

    public void Text(string path, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            List.Add($"{path}: is empty; a recipe says its name, task and source");
    }

    /// <summary>A number of passes over the data.</summary>
    public bool Epochs(string path, double value) =>
        Require(value is > 0 and <= MostEpochs, path, value, "greater than 0, at most 10000");

    /// <summary>
    /// A value that must hold something, and be no larger than <paramref name="most"/>.
    /// </summary>
    public bool Require(bool holds, string path, double value, string possible, double most = Most)
    {
        var sane = Math.Abs(value) <= most;
        if (!holds || !sane)
        {
            var bound = holds ? $", at most {Show(most)}" : "";
            List.Add($"{path}: {Show(value)} is not possible; must be {possible}{bound}");
        }
        return holds && sane;
    }
}
