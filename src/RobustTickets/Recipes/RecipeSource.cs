// A preset's name or a recipe file, for a task, with settings and a seed applied, checked.
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;

namespace RobustTickets;

/// <summary>Finds, changes and checks the recipe that a user names.</summary>
public static class RecipeSource
{
    /// <summary>The recipe, ready to run.</summary>
    /// <param name="nameOrFile">A preset's name or the path of a recipe file.</param>
    /// <param name="task">Task it is for; null takes the file's own, or SST-2 for a preset.</param>
    /// <param name="settings">Settings <c>path=value</c>.</param>
    /// <param name="seed">Seed to take instead of the recipe's.</param>
    /// <exception cref="RecipeException">No such recipe, a bad setting, or an impossible
    /// value.</exception>
    public static Recipe Resolve(string nameOrFile, string? task, IReadOnlyList<string> settings, int? seed)
    {
        var isFile =
            File.Exists(nameOrFile)
            || nameOrFile.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            || nameOrFile.Contains('/');
        var recipe = isFile ? RecipeJson.ReadFile(nameOrFile) : RecipePresets.Get(nameOrFile, task ?? "sst2");
        if (isFile && task is not null && recipe.Task != task)
        {
            recipe = recipe with { Task = task, Source = $"written for task {recipe.Task}: {recipe.Source}" };
        }
        recipe = RecipeOverrides.Apply(recipe, settings);
        if (seed is { } s)
            recipe = recipe with { Seed = s };
        RecipeCheck.Require(recipe, $"recipe {nameOrFile}");
        return recipe;
    }
}
