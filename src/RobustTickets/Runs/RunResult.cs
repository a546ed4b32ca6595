// result.json: what a finished run found, enough for every table and for the report's heading;
// details stay in events.jsonl.
using System.Text.Json;
using RobustTickets.Attacks;

namespace RobustTickets.Runs;

/// <summary>
/// The outcome of a run. Values that other outputs quote (table, report) come from here.
/// </summary>
/// <param name="SchemaVersion">Version of this layout, <see cref="CurrentSchema"/>.</param>
/// <param name="Name">Name of the recipe.</param>
/// <param name="Task">Task it was run on.</param>
/// <param name="RecipeSource">Where the recipe's numbers come from, changes included.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Status">How it ended: <c>finished</c>.</param>
/// <param name="Model">The final model.</param>
/// <param name="Stages">The stages in the order they ran.</param>
/// <param name="Ticket">The ticket, or null when the whole network was trained.</param>
/// <param name="CleanDev">Accuracy on the development split, in [0, 1]; null when there is
/// none.</param>
/// <param name="CleanTest">Accuracy on the labelled test split, in [0, 1]; null when there is
/// none.</param>
/// <param name="EvaluatedSplit">Split that the reported accuracy belongs to.</param>
/// <param name="EvaluatedExamples">Number of its examples.</param>
/// <param name="Finished">When the run ended.</param>
/// <param name="Development">The held-out part that was looked at while training; null when it is
/// the reported split itself.</param>
/// <param name="Control">The dense model trained for as many epochs as the ticket; null when the
/// recipe asks for none.</param>
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
    /// <summary>The layout that this program writes and reads.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Accuracy on the split that the result names, in [0, 1], or null.</summary>
    internal double? Clean => PartName.IsTest(EvaluatedSplit) ? CleanTest ?? CleanDev : CleanDev ?? CleanTest;

    /// <summary>Writes the result, whole or not at all.</summary>
    internal void Save(string path) => RunFile.Write(path, ToJson());

    /// <summary>The text of a result.</summary>
    internal string ToJson() => JsonSerializer.Serialize(this, RunFileJson.Default.RunResult);

    /// <summary>From <see cref="ToJson"/>.</summary>
    internal static RunResult OfJson(string text) => JsonSerializer.Deserialize(text, RunFileJson.Default.RunResult)!;

    /// <summary>Reads a result.</summary>
    /// <exception cref="DataException">The file is missing, broken, or of another schema
    /// version.</exception>
    public static RunResult Load(string path) => RunFile.Read(path, RunFileJson.Default.RunResult, CurrentSchema);
}

/// <summary>
/// Accuracy on the development part, the only data on which anything may be chosen.
/// </summary>
/// <param name="Split">Where it comes from.</param>
/// <param name="Examples">Its examples.</param>
/// <param name="Accuracy">Share of right labels, in [0, 1].</param>
public sealed record DevelopmentSummary(string Split, int Examples, double Accuracy);

/// <summary>
/// The equal-epoch control: the whole network, trained by the retraining stage alone.
/// </summary>
/// <param name="ParametersWithoutEmbeddings">Parameters without the embedding tables.</param>
/// <param name="Accuracy">Accuracy on the reported split, in [0, 1].</param>
public sealed record ControlSummary(long ParametersWithoutEmbeddings, double Accuracy);

/// <summary>What one stage did and cost.</summary>
/// <param name="Stage">Its name, as in <see cref="LogEntry"/>.</param>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Epochs">Epochs.</param>
/// <param name="Tokens">Real tokens of all batches, special tokens included, padding not; each
/// batch counted once whatever its passes.</param>
/// <param name="Seconds">Compute time, without loading data and evaluating.</param>
/// <param name="TokensPerSecond"><paramref name="Tokens"/> / <paramref name="Seconds"/>.</param>
/// <param name="ForwardPasses">Forward passes over batches.</param>
/// <param name="BackwardPasses">Backward passes over batches.</param>
/// <param name="WeightGradientPasses">Backward passes that made gradients of the weights.</param>
/// <param name="Flops">Floating-point operations of the matrix products, counted, not
/// measured.</param>
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
/// <param name="StoppedAtStep">Step at which the decision was possible.</param>
/// <param name="StoppedAtEpoch">The same in epochs.</param>
/// <param name="DrawnAtStep">Step of the snapshot it was drawn from.</param>
/// <param name="DrawnAtEpoch">The same in epochs.</param>
/// <param name="Converged">Whether the rule held, or the search merely reached its end.</param>
/// <param name="HeadsTotal">Heads of the network.</param>
/// <param name="HeadsKept">Heads kept.</param>
/// <param name="NeuronsTotal">FFN neurons of the network.</param>
/// <param name="NeuronsKept">FFN neurons kept.</param>
/// <param name="HeadsPerLayer">Heads kept in each layer.</param>
/// <param name="NeuronsPerLayer">Neurons kept in each layer.</param>
/// <param name="Kind">What the ticket is made of: <c>structured</c> (heads and neurons) or
/// <c>weights</c>, whose heads and neurons are not counted.</param>
/// <param name="WeightsTotal">Weights under the mask of a ticket of weights, else 0.</param>
/// <param name="WeightsKept">Weights kept, else 0.</param>
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
/// <param name="Base">Name of the pre-trained folder it started from.</param>
/// <param name="ParametersTotal">Parameters.</param>
/// <param name="ParametersWithoutEmbeddings">Parameters without the embedding tables, the papers'
/// "Params" column.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Hidden">Hidden width.</param>
/// <param name="Heads">Heads per layer before pruning.</param>
/// <param name="Intermediate">FFN width before pruning.</param>
/// <param name="Labels">Classes.</param>
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
