// Which examples a run uses for training, development and test. The released scripts choose epochs
// and sparsities on the split they report; here a tenth of the training set is held out instead,
// for every task, and the reported split is used only at the end.
using System.Text.Json.Serialization;

namespace RobustTickets;

/// <summary>Source of the development split.</summary>
public enum DevelopmentRule
{
    /// <summary>
    /// The data's own labelled development split if another split is reported, otherwise
    /// <see cref="Recipe.DevFraction"/> of the training set, held out and not trained on.
    /// </summary>
    [JsonStringEnumMemberName("carved")]
    HeldOut,

    /// <summary>
    /// The reported split itself, as in the released scripts; the whole training set is used for
    /// training.
    /// </summary>
    [JsonStringEnumMemberName("released")]
    AuthorsCode,
}

/// <summary>
/// The examples of a run. Selections depend only on <paramref name="Seed"/>, so that runs with
/// other recipe seeds use the same data.
/// </summary>
/// <param name="Dev">Source of the development split.</param>
/// <param name="TrainExamples">Size of a stratified training sample; null uses all
/// examples.</param>
/// <param name="EvaluationExamples">Size of a stratified sample of the reported split; null uses
/// all examples.</param>
/// <param name="Seed">Seed of the held-out part and of the samples.</param>
public sealed record SplitOptions(
    DevelopmentRule Dev = DevelopmentRule.HeldOut,
    int? TrainExamples = null,
    int? EvaluationExamples = null,
    int Seed = 42
);
