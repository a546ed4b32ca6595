// The papers' numbers per task: EarlyRobust Table 6 (adversary and L1 penalties), section 4.4
// (ratios, epochs), appendix A.2.2 (lengths); batch sizes are only in the released scripts. One row
// per task; methods (RecipePresets.cs) turn a row into a recipe.
namespace RobustTickets.Recipes.Presets;

/// <summary>The published numbers for one task.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="MaxLength">Maximum sequence length (EarlyRobust A.2.2: 256 for IMDB and AG News,
/// 128 for the others).</param>
/// <param name="BatchSize">Examples per step (released scripts: 8 for IMDB and AG News, 32 for GLUE
/// tasks).</param>
/// <param name="InitMagnitude">eps0 (EarlyRobust Table 6).</param>
/// <param name="AscentSteps">K (Table 6).</param>
/// <param name="StepSize">Length of an ascent step (Table 6).</param>
/// <param name="LearningRate">Learning rate of both stages (Table 6).</param>
/// <param name="HeadPenalty">lambda_H (Table 6).</param>
/// <param name="NeuronPenalty">lambda_F (Table 6).</param>
/// <param name="HeadRatio">Fraction of heads pruned (section 4.4: one in six).</param>
/// <param name="NeuronRatio">Fraction of FFN neurons pruned (section 4.4).</param>
internal sealed record TaskNumbers(
    string Task,
    int MaxLength,
    int BatchSize,
    double InitMagnitude,
    int AscentSteps,
    double StepSize,
    double LearningRate,
    double HeadPenalty,
    double NeuronPenalty,
    double HeadRatio,
    double NeuronRatio
);

/// <summary>The table of tasks.</summary>
internal static class PresetTasks
{
    private const double OneSixth = 1.0 / 6.0;

    private static readonly TaskNumbers Sst2 = new("sst2", 128, 32, 0.05, 5, 0.02, 2e-5, 1e-4, 3e-4, OneSixth, 0.3);

    /// <summary>
    /// Tasks with published numbers, in the paper's order, then tasks that use SST-2's.
    /// </summary>
    public static IReadOnlyList<TaskNumbers> All { get; } =
    [
        new("imdb", 256, 8, 0.05, 5, 0.01, 2e-5, 1e-5, 2e-4, OneSixth, 0.4),
        Sst2,
        new("ag-news", 256, 8, 0.05, 5, 0.01, 2e-5, 3e-4, 5e-5, OneSixth, 0.2),
        new("qnli", 128, 32, 0.05, 5, 0.01, 2e-5, 2e-4, 3e-4, OneSixth, 0.3),
        new("qqp", 128, 32, 0.05, 5, 0.01, 2e-5, 1e-5, 1e-5, OneSixth, 0.3),
    ];

    /// <summary>
    /// The row of a task; a task without published numbers gets SST-2's row with its own name.
    /// </summary>
    public static TaskNumbers Row(string task)
    {
        var name = Normalise(task);
        return All.FirstOrDefault(row => row.Task == name) ?? Sst2 with { Task = name };
    }

    /// <summary>
    /// Converts common spellings of a task's name ("AG_NEWS", "SST-2") to the canonical one.
    /// </summary>
    public static string Normalise(string task)
    {
        var name = task.Trim().ToLowerInvariant().Replace('_', '-');
        return name switch
        {
            "sst-2" => "sst2",
            "agnews" => "ag-news",
            _ => name,
        };
    }
}
