using RobustTickets.Models;
using RobustTickets.Text.Data;
using RobustTickets.Torch.Kernels;

namespace RobustTickets.Recipes;

/// <summary>What changes speed, never meaning (DESIGN 2.5).</summary>
/// <param name="Device"><c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Precision"><c>fp32</c> (or <c>bf16</c> where the processor has it).</param>
/// <param name="Threads">Threads of the compute pool; null takes every core.</param>
/// <param name="Packed">Packed tokens with the fused kernels; otherwise the padded reference path.</param>
public sealed record ExecutionOptions(string Device = "cpu", string Precision = "fp32", int? Threads = null, bool Packed = true)
{
    /// <summary>How models run under these options. bf16 loads libtorch to find out whether it is offered.</summary>
    /// <exception cref="RecipeException">A precision that is not known, not offered on this machine, or not on the padded reference path.</exception>
    public ModelExecution Models()
    {
        if (Precision == "fp32") return Packed ? new ModelExecution() : ModelExecution.Reference;
        if (Precision != "bf16") throw new RecipeException($"--precision {Precision}: possible are fp32 and bf16");
        if (!Packed) throw new RecipeException("--precision bf16: the padded reference path computes in fp32");
        if (HalfMatrix.WhyNot() is { } reason) throw new RecipeException($"--precision bf16: {reason}");
        return new ModelExecution(Precision: MatrixPrecision.Bf16);
    }
}

/// <summary>Everything a run needs to start or to go on.</summary>
/// <param name="Recipe">The method and its numbers.</param>
/// <param name="ModelFolder">Hugging Face folder of the pre-trained checkpoint.</param>
/// <param name="DataPath">File or folder of the data set.</param>
/// <param name="Data">Columns and label map, where the task does not know them.</param>
/// <param name="OutFolder">Run folder.</param>
/// <param name="Resume">Go on from the newest checkpoint in <paramref name="OutFolder"/>.</param>
/// <param name="Execution">Device, precision, threads, kernels.</param>
/// <param name="CheckpointEverySteps">A checkpoint is written each time this many steps are done; 0 only at stage borders and on request.</param>
/// <param name="Cache">Data that runs of this process share, or null.</param>
/// <param name="EpochAttack">The attack that the recipe's <c>evaluate.epoch-attack</c> names, with its resources; null when it names none.</param>
public sealed record TrainRequest(
    Recipe Recipe, string ModelFolder, string DataPath, DataOptions? Data, string OutFolder, bool Resume, ExecutionOptions Execution, int CheckpointEverySteps = 500,
    RunDataCache? Cache = null, EpochAttack? EpochAttack = null);

/// <summary>Progress of a run, reported after every step.</summary>
/// <param name="Stage">Stage at work.</param>
/// <param name="Step">Steps done in the stage.</param>
/// <param name="TotalSteps">Steps of the stage at most.</param>
/// <param name="Epoch">Epochs done in the stage.</param>
/// <param name="Loss">Loss of the step.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="TokensPerSecond">Real word pieces a second over the last steps, counted once per step whatever the passes.</param>
/// <param name="Remaining">Time left in the stage at this pace, or null before a pace is known.</param>
/// <param name="Note">A sentence worth a line of its own (evaluation, mask distance, decision), or null.</param>
/// <param name="Figures">Figures of work that is no training (an attack after an epoch), in place of loss and rates; null otherwise.</param>
public sealed record TrainProgress(
    string Stage, long Step, long TotalSteps, double Epoch, double Loss, double LearningRate, double TokensPerSecond, TimeSpan? Remaining, string? Note, string? Figures = null);
