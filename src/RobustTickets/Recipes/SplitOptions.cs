// Which examples a run trains on, develops on and reports. The released scripts choose
// epochs and sparsities on the very split they report; here a tenth of the training set is held out
// instead, on every task alike, and what is reported was never looked at before.
using System.Text.Json.Serialization;

namespace RobustTickets;

/// <summary>Where the development split comes from.</summary>
public enum DevelopmentRule
{
    /// <summary>
    /// The data's own labelled development split when another one is reported, else
    /// <see cref="Recipe.DevFraction"/> of the training set, held out and not trained on.
    /// </summary>
    [JsonStringEnumMemberName("carved")]
    HeldOut,

    /// <summary>
    /// The reported split itself, as in the released scripts; the whole training set is trained on.
    /// </summary>
    [JsonStringEnumMemberName("released")]
    AuthorsCode,
}

/// <summary>
/// The examples of a run. Choices depend on <paramref name="Seed"/> alone, so that runs with other
/// seeds see the same data.
/// </summary>
/// <param name="Dev">Where the development split comes from.</param>
/// <param name="TrainExamples">Train on a sample of so many examples with the file's class shares;
/// null takes all.</param>
/// <param name="EvaluationExamples">Report on a sample of so many examples with the file's class
/// shares; null takes all.</param>
/// <param name="Seed">Seed of the held-out part and of the samples.</param>
public sealed record SplitOptions(
    DevelopmentRule Dev = DevelopmentRule.HeldOut,
    int? TrainExamples = null,
    int? EvaluationExamples = null,
    int Seed = 42
);
