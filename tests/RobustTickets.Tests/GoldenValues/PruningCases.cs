using System.Text.Json;
using RobustTickets.Testing;
using RobustTickets.Training;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>A recorded cut, perhaps with fine-tuning behind it (folder g5_prune).</summary>
/// <param name="Name">Folder of the case.</param>
/// <param name="Case">case.json.</param>
/// <param name="Record">The record.</param>
internal sealed record PruningCase(string Name, JsonElement Case, GoldenTensors Record)
{
    /// <summary>All cases of the golden folder.</summary>
    public static IReadOnlyList<PruningCase> All() =>
        Golden.Folder("g5_prune") is not { } folder
            ? []
            :
            [
                .. Directory
                    .GetDirectories(folder)
                    .Where(d => File.Exists(Path.Combine(d, "case.json")))
                    .Order(StringComparer.Ordinal)
                    .Select(d => new PruningCase(
                        Path.GetFileName(d),
                        JsonDocument.Parse(File.ReadAllText(Path.Combine(d, "case.json"))).RootElement,
                        GoldenTensors.Open(Path.Combine(d, "run.safetensors"))
                    )),
            ];

    /// <summary>The batches that all cases use.</summary>
    public static GoldenTensors Batches() => GoldenTensors.Open(Golden.Required("g5_prune", "batches.safetensors"));

    /// <summary>Golden model.</summary>
    public string Model => Case.GetProperty("model").GetString()!;

    /// <summary>
    /// Whether coefficients of 1 stay in the ticket (what the released code does).
    /// </summary>
    public bool SlimmingOn => Case.GetProperty("slimming_parameters_present").GetBoolean();

    /// <summary>
    /// Coefficients that the released code freezes: those of modules that lost something.
    /// </summary>
    public HashSet<string> Frozen =>
        [.. Case.GetProperty("frozen_after_pruning").EnumerateArray().Select(e => e.GetString()!)];

    /// <summary>Steps of fine-tuning; 0 without.</summary>
    public int Steps => Record.Contains("loss") ? Record.Shape("loss")[0] : 0;

    /// <summary>T of the schedule.</summary>
    public double Horizon => Number("t_total");

    /// <summary>Optimiser and schedule of the fine-tuning.</summary>
    public OptimizerOptions Optimizer =>
        new(
            Number("learning_rate"),
            Number("weight_decay"),
            Number("warmup_steps") / Horizon,
            ClipValue: Number("max_grad_norm"),
            Epsilon: Number("adam_epsilon")
        );

    private double Number(string name) => Case.GetProperty(name).GetDouble();
}
