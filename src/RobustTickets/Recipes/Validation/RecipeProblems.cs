using System.Globalization;

namespace RobustTickets.Recipes.Validation;

/// <summary>
/// Collects what is wrong with a recipe, each problem beginning with the path of its field.
/// </summary>
internal sealed class RecipeProblems
{
    public List<string> List { get; } = [];

    public static string Show(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public void Add(string problem) => List.Add(problem);

    public void Text(string path, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            List.Add($"{path}: is empty; a recipe says its name, task and source");
    }

    public bool Require(bool holds, string path, double value, string possible)
    {
        if (!holds)
            List.Add($"{path}: {Show(value)} is not possible; must be {possible}");
        return holds;
    }
}
