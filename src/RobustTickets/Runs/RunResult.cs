// result.json: the result of a finished run, sufficient for every table and for the report's
// heading; details are in events.jsonl.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>The result of a run. Tables and reports take their values from it.</summary>
/// <param name="SchemaVersion">Version of the format, <see cref="CurrentSchema"/>.</param>
/// <param name="Name">Name of the recipe.</param>
/// <param name="Task">Task of the run.</param>
/// <param name="RecipeSource">Source of the recipe's hyperparameters, including changes.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Status">Status: <c>finished</c>.</param>
/// <param name="Model">The final model.</param>
/// <param name="Stages">The stages in the order they ran.</param>
/// <param name="Ticket">The ticket, or null when the full network was trained.</param>
/// <param name="CleanDev">Accuracy on the development split, in [0, 1]; null if there is
/// none.</param>
/// <param name="CleanTest">Accuracy on the labelled test split, in [0, 1]; null if there is
/// none.</param>
/// <param name="EvaluatedSplit">Split of the reported accuracy.</param>
/// <param name="EvaluatedExamples">Number of its examples.</param>
/// <param name="Finished">End time of the run.</param>
/// <param name="Development">Result on the held-out part used during training; null if that is the
/// reported split itself.</param>
/// <param name="Control">The dense model trained for as many epochs as the ticket; null if the
/// recipe requests none.</param>
public sealed record RunResult(
    int SchemaVersion,
    string Name,
    string Task,
    string RecipeSource,
    int Seed,
    string Status,
    ModelSummary Model,
    IReadOnlyList<StageSummary> Stages,
    TicketSummary? Ticket,
    double? CleanDev,
    double? CleanTest,
    string EvaluatedSplit,
    int EvaluatedExamples,
    DateTimeOffset Finished,
    DevelopmentSummary? Development = null,
    ControlSummary? Control = null
)
{
    /// <summary>The format version written and read by this program.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Accuracy on the split that the result names, in [0, 1], or null.</summary>
    internal double? Clean => PartName.IsTest(EvaluatedSplit) ? CleanTest ?? CleanDev : CleanDev ?? CleanTest;

    /// <summary>Writes the result atomically.</summary>
    internal void Save(string path) => RunFile.Write(path, ToJson());

    /// <summary>The result as JSON text.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, RunFileJson.Default.RunResult);

    /// <summary>Parses the output of <see cref="ToJson"/>.</summary>
    internal static RunResult OfJson(string text) => JsonSerializer.Deserialize(text, RunFileJson.Default.RunResult)!;

    /// <summary>Reads a result.</summary>
    /// <exception cref="DataException">The file is missing, corrupt, or of another schema
    /// version.</exception>
    public static RunResult Load(string path) => RunFile.Read(path, RunFileJson.Default.RunResult, CurrentSchema);
}

/// <summary>Result on the development part, the only data used for selection.</summary>
/// <param name="Split">Source of the examples.</param>
/// <param name="Examples">Number of examples.</param>
/// <param name="Accuracy">Accuracy in [0, 1].</param>
public sealed record DevelopmentSummary(string Split, int Examples, double Accuracy);

/// <summary>The equal-epoch control: the dense network trained with the retraining stage.</summary>
/// <param name="ParametersWithoutEmbeddings">Parameters without the embedding tables.</param>
/// <param name="Accuracy">Accuracy on the reported split, in [0, 1].</param>
public sealed record ControlSummary(long ParametersWithoutEmbeddings, double Accuracy);

/// <summary>Summary and cost of one stage.</summary>
/// <param name="Stage">Name of the stage, as in <see cref="LogEntry"/>.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Epochs">Epochs.</param>
/// <param name="Tokens">Tokens of all batches, special tokens included, without padding; each batch
/// counts once whatever its passes.</param>
/// <param name="Seconds">Compute time, without loading data and evaluating.</param>
/// <param name="TokensPerSecond"><paramref name="Tokens"/> / <paramref name="Seconds"/>.</param>
/// <param name="ForwardPasses">Forward passes over batches.</param>
/// <param name="BackwardPasses">Backward passes over batches.</param>
/// <param name="WeightGradientPasses">Backward passes that computed weight gradients.</param>
/// <param name="Flops">Floating-point operations of the matrix products, by formula.</param>
/// <param name="FinalLoss">Loss of the last step.</param>
public sealed record StageSummary(
    string Stage,
    long Steps,
    double Epochs,
    long Tokens,
    double Seconds,
    double TokensPerSecond,
    long ForwardPasses,
    long BackwardPasses,
    long WeightGradientPasses,
    double Flops,
    double FinalLoss
);

/// <summary>The drawn ticket.</summary>
/// <param name="StopRule">Kind of the stop rule.</param>
/// <param name="StoppedAtStep">Step at which the search stopped.</param>
/// <param name="StoppedAtEpoch">That step in epochs.</param>
/// <param name="DrawnAtStep">Step of the snapshot it was drawn from.</param>
/// <param name="DrawnAtEpoch">That step in epochs.</param>
/// <param name="Converged">Whether the stop rule was satisfied, rather than the search reaching its
/// maximum length.</param>
/// <param name="HeadsTotal">Number of heads in the network.</param>
/// <param name="HeadsKept">Heads kept.</param>
/// <param name="NeuronsTotal">Number of FFN neurons in the network.</param>
/// <param name="NeuronsKept">FFN neurons kept.</param>
/// <param name="HeadsPerLayer">Heads kept in each layer.</param>
/// <param name="NeuronsPerLayer">Neurons kept in each layer.</param>
/// <param name="Kind">Kind of ticket: <c>structured</c> (heads and neurons) or <c>weights</c>, for
/// which heads and neurons are not counted.</param>
/// <param name="WeightsTotal">Number of weights under the mask of a ticket of weights, otherwise
/// 0.</param>
/// <param name="WeightsKept">Weights kept, otherwise 0.</param>
public sealed record TicketSummary(
    string StopRule,
    long StoppedAtStep,
    double StoppedAtEpoch,
    long DrawnAtStep,
    double DrawnAtEpoch,
    bool Converged,
    int HeadsTotal,
    int HeadsKept,
    int NeuronsTotal,
    int NeuronsKept,
    IReadOnlyList<int> HeadsPerLayer,
    IReadOnlyList<int> NeuronsPerLayer,
    string Kind = "structured",
    long WeightsTotal = 0,
    long WeightsKept = 0
);

/// <summary>The final model.</summary>
/// <param name="Base">Name of the pre-trained folder.</param>
/// <param name="ParametersTotal">Number of parameters.</param>
/// <param name="ParametersWithoutEmbeddings">Parameters without the embedding tables, the papers'
/// "Params" column.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Hidden">Hidden size.</param>
/// <param name="Heads">Heads per layer before pruning.</param>
/// <param name="Intermediate">FFN width before pruning.</param>
/// <param name="Labels">Number of classes.</param>
public sealed record ModelSummary(
    string Base,
    long ParametersTotal,
    long ParametersWithoutEmbeddings,
    int Layers,
    int Hidden,
    int Heads,
    int Intermediate,
    int Labels
);
