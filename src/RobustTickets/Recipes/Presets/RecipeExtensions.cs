using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;

namespace RobustTickets;

/// <summary>Recipes by name and from files.</summary>
public static class RecipeExtensions
{
    extension(Recipe)
    {
        /// <summary>
        /// A published method with a task's published numbers. A task without published numbers
        /// gets SST-2's, as noted in the recipe's source.
        /// </summary>
        /// <param name="name">Name of the method, e.g. <c>early-robust</c>, <c>freelb</c>.</param>
        /// <param name="task">Name of the task, e.g. <c>sst2</c>, <c>ag-news</c>.</param>
        /// <exception cref="RecipeException">The method or task is unknown; the message suggests
        /// similar names.</exception>
        public static Recipe Preset(string name, string task = "sst2") => RecipePresets.Get(name, task);

        /// <summary>Reads a recipe from a JSON file, such as a run's <c>recipe.json</c>.</summary>
        /// <param name="path">The file.</param>
        /// <exception cref="RecipeException">The file cannot be read, or fields are unknown,
        /// missing or invalid; the message names their paths.</exception>
        public static Recipe FromFile(string path)
        {
            ArgumentNullException.ThrowIfNull(path);
            return RecipeJson.ReadFile(path);
        }
    }
}
