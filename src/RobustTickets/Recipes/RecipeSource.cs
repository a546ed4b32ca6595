// Resolves a preset name or recipe file: applies task, settings and seed, and validates the result.
using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;
using RobustTickets.Recipes.Validation;

namespace RobustTickets;

/// <summary>Resolves the recipe named by a user.</summary>
public static class RecipeSource
{
    /// <summary>Returns the recipe, ready to run.</summary>
    /// <param name="nameOrFile">A preset's name or the path of a recipe file.</param>
    /// <param name="task">Task of the recipe; null uses the file's own, or SST-2 for a
    /// preset.</param>
    /// <param name="settings">Settings <c>path=value</c>.</param>
    /// <param name="seed">Replaces the recipe's seed, or null.</param>
    /// <exception cref="RecipeException">The recipe is unknown, or a setting or value is
    /// invalid.</exception>
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
