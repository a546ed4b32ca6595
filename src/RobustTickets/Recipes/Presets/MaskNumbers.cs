// RobusT's (ACL 2022) numbers per task: Table 6 (ascent step, rate of the scores, lambda, start of
// the perturbation, passes), sparsity of Tables 1 and 2, Table 5 (fine-tuning and retraining),
// lengths from the released scripts. It also covers MNLI, unlike EarlyRobust.
namespace RobustTickets.Recipes.Presets;

/// <summary>RobusT's numbers for one task.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="MaxLength">Maximum sequence length (released scripts: 256 for IMDB and AG News, 128
/// for the others).</param>
/// <param name="StepSize">eta, length of an ascent step (Table 6).</param>
/// <param name="ScoreRate">gamma, learning rate of the scores (Table 6).</param>
/// <param name="Penalty">lambda (Table 6).</param>
/// <param name="InitMagnitude">eps0 (Table 6).</param>
/// <param name="Steps">s, number of adversarial passes (Table 6).</param>
/// <param name="Sparsity">Fraction of weights pruned (Tables 1 and 2).</param>
internal sealed record MaskNumbers(
    string Task,
    int MaxLength,
    double StepSize,
    double ScoreRate,
    double Penalty,
    double InitMagnitude,
    int Steps,
    double Sparsity
)
{
    /// <summary>Batch size (Table 5: 16 or 32; released scripts: 32).</summary>
    internal const int BatchSize = 32;

    private static readonly MaskNumbers Sst2 = new("sst2", 128, 0.03, 0.1, 0.5, 0.05, 5, 0.3);

    /// <summary>Tasks with published numbers.</summary>
    internal static IReadOnlyList<MaskNumbers> All { get; } =
    [
        new("imdb", 256, 0.03, 0.1, 0.5, 0.05, 5, 0.2),
        Sst2,
        new("ag-news", 256, 0.03, 0.05, 0.5, 0.05, 5, 0.4),
        new("qnli", 128, 0.04, 0.05, 0.1, 0.05, 3, 0.3),
        new("qqp", 128, 0.04, 0.05, 0.1, 0.05, 3, 0.3),
        new("mnli", 128, 0.2, 0.1, 0.1, 0.05, 2, 0.3),
    ];

    /// <summary>The row of a task; SST-2's for a task without published numbers.</summary>
    internal static MaskNumbers Of(string task) =>
        All.FirstOrDefault(row => row.Task == task) ?? Sst2 with { Task = task };
}
