// Published methods as recipes: a method has a name, a one-line summary, and a function from a
// task's numbers (PresetTasks.cs) to a recipe. New methods are added to Methods, one file per
// family; the files under recipes/ are generated from this list, and a test compares them.
using RobustTickets.Attacks.Data;
using RobustTickets.Objectives;
using RobustTickets.Recipes.Validation;
using RobustTickets.Training;

namespace RobustTickets.Recipes.Presets;

/// <summary>A preset in the list.</summary>
/// <param name="Name">Name of the method.</param>
/// <param name="Summary">One-line summary.</param>
/// <param name="Tasks">Tasks with published numbers.</param>
public sealed record PresetInfo(string Name, string Summary, IReadOnlyList<string> Tasks);

/// <summary>The published methods with the published numbers.</summary>
public static class RecipePresets
{
    private static readonly IReadOnlyList<PresetMethod> Methods =
    [
        new("fine-tune", "the whole network, plain cross entropy (baseline)", FineTune),
        .. BaselinePresets.Methods,
        .. StructuredPresets.Methods,
        .. MaskPresets.Baselines,
        .. MaskPresets.Methods,
        .. HardenedPresets.Methods,
    ];

    /// <summary>The list of presets, in the order of the papers' tables.</summary>
    public static IReadOnlyList<PresetInfo> List { get; } =
    [.. Methods.Select(m => new PresetInfo(m.Name, m.Summary, m.PublishedTasks))];

    /// <summary>
    /// The recipe of a method on a task. A task without published numbers gets SST-2's, as noted in
    /// the recipe's source.
    /// </summary>
    /// <param name="name">Name of the method, see <see cref="List"/>.</param>
    /// <param name="task">Name of the task, e.g. <c>sst2</c>, <c>ag-news</c>.</param>
    /// <exception cref="RecipeException">The method or task is unknown.</exception>
    public static Recipe Get(string name, string task)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(task);
        var method =
            Methods.FirstOrDefault(m => m.Name == name)
            ?? throw new RecipeException(
                $"recipe \"{name}\": no preset and no file has this name; "
                    + $"{NearestNames.Hint(name, [.. Methods.Select(m => m.Name)])}, or the path of a recipe file "
                    + "(*.json)"
            );
        if (!TaskCatalog.TryFind(task, out var known))
            throw new RecipeException(
                $"recipe \"{name}\": unknown task \"{task}\"; "
                    + NearestNames.Hint(task, [.. TaskCatalog.Tasks.Select(t => t.Name)])
            );
        var row = PresetTasks.Row(known.Name);
        var recipe = method.Build(row);
        return method.PublishedTasks.Contains(row.Task)
            ? recipe
            : recipe with
            {
                Source = $"no published numbers for task {row.Task}, so those of SST-2 are taken: {recipe.Source}",
            };
    }

    /// <summary>Every published recipe with the name of its file under <c>recipes/</c>.</summary>
    public static IReadOnlyList<(string FileName, Recipe Recipe)> Files() =>
        [
            .. from method in Methods
            from task in method.PublishedTasks
            select ($"{method.Name}.{task}.json", method.Build(PresetTasks.Row(task))),
        ];

    private static Recipe FineTune(TaskNumbers row) =>
        Plain(
            "fine-tune",
            row,
            new CleanOptions(),
            "EarlyRobust (EMNLP 2022): learning rate Table 6, 10 epochs section 4.4, length A.2.2; batch size, "
                + "no weight decay, no warm-up, clipping at 1 and the last epoch from the released code"
        );

    /// <summary>
    /// A recipe without a search; 10 epochs, as every baseline of EarlyRobust (section 4.4).
    /// </summary>
    internal static Recipe Plain(string name, TaskNumbers row, ObjectiveOptions objective, string source) =>
        new(
            name,
            row.Task,
            source,
            row.MaxLength,
            row.BatchSize,
            Seed: 42,
            // The released code evaluates IMDB and AG News on the test split during training; here
            // a tenth of the training set is held out instead.
            DevFraction: 0.1,
            Search: null,
            Draw: null,
            new RetrainStage(objective, new OptimizerOptions(row.LearningRate), Epochs: 10),
            new EvaluateStage()
        );
}

/// <summary>A published method.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">One-line summary.</param>
/// <param name="Build">Builds the recipe from a task's numbers.</param>
/// <param name="Tasks">Tasks with published numbers; null for those of
/// <see cref="PresetTasks"/>.</param>
internal sealed record PresetMethod(
    string Name,
    string Summary,
    Func<TaskNumbers, Recipe> Build,
    IReadOnlyList<string>? Tasks = null
)
{
    internal IReadOnlyList<string> PublishedTasks => Tasks ?? [.. PresetTasks.All.Select(t => t.Task)];
}
