using RobustTickets.Recipes.Json;
using RobustTickets.Recipes.Presets;

namespace RobustTickets;

/// <summary>Recipes by name and from files.</summary>
public static class RecipeExtensions
{
    extension(Recipe)
    {
        /// <summary>
        /// A published method with the published numbers of a task. A task for which no paper gives
        /// numbers gets SST-2's, and the recipe's source says so.
        /// </summary>
        /// <param name="name">Name of the method, e.g. <c>early-robust</c>, <c>freelb</c>.</param>
        /// <param name="task">Name of the task, e.g. <c>sst2</c>, <c>ag-news</c>.</param>
        /// <exception cref="RecipeException">No method, or no task, has this name; the message
        /// names those nearest to it.</exception>
        public static Recipe Preset(string name, string task = "sst2") => RecipePresets.Get(name, task);

        /// <summary>The recipe of a JSON file, as <c>recipe.json</c> of a run.</summary>
        /// <param name="path">The file.</param>
        /// <exception cref="RecipeException">It cannot be read, or a field is unknown, missing or
        /// impossible; each is named by its path.</exception>
        public static Recipe FromFile(string path)
        {
            ArgumentNullException.ThrowIfNull(path);
            return RecipeJson.ReadFile(path);
        }
    }
}
