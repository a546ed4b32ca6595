// The kinds of search, which learn or draw the parts of the network that a ticket keeps. Each kind
// is one record here with one implementation (e.g. SlimmingSearch); its ticket is drawn by the
// recipe's draw rule.
using System.Text.Json.Serialization;
using RobustTickets.Augmentation;
using RobustTickets.Objectives;
using RobustTickets.Searches;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets;

/// <summary>How a ticket is searched for.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(SlimmingSearchOptions), "slimming")]
[JsonDerivedType(typeof(RandomStructuredSearchOptions), "random-structured")]
[JsonDerivedType(typeof(MaskSearchOptions), "masks")]
[JsonDerivedType(typeof(MagnitudeSearchOptions), "magnitude")]
[JsonDerivedType(typeof(OneShotSearchOptions), "one-shot")]
[JsonDerivedType(typeof(RandomWeightSearchOptions), "random-weights")]
[JsonDerivedType(typeof(SavedTicketSearchOptions), "saved")]
public abstract record SearchOptions
{
    /// <summary>Whether a search too short to learn anything still draws its ticket.</summary>
    internal bool MayBeShort =>
        this
            is SlimmingSearchOptions { AllowShort: true }
                or MaskSearchOptions { AllowShort: true }
                or MagnitudeSearchOptions { AllowShort: true };
}

/// <summary>Search with slimming coefficients (EarlyRobust, EarlyBERT).</summary>
/// <param name="Objective">The training objective while the coefficients are learned.</param>
/// <param name="Slimming">L1 penalties on the coefficients.</param>
/// <param name="Optimizer">Optimiser of weights and coefficients.</param>
/// <param name="Stop">The stop rule.</param>
/// <param name="HorizonEpochs">Length of the learning-rate schedule in epochs, independent of the
/// stop rule.</param>
/// <param name="SnapshotsPerEpoch">Number of snapshots per epoch.</param>
/// <param name="Shuffle">Whether the data are shuffled; the released search does not.</param>
/// <param name="AllowShort">Whether a ticket is drawn even if the search is too short to learn
/// anything; false is omitted from the JSON form.</param>
/// <param name="Augment">Text augmentation per step, or null; null is omitted from the JSON
/// form.</param>
public sealed record SlimmingSearchOptions(
    ObjectiveOptions Objective,
    SlimmingOptions Slimming,
    OptimizerOptions Optimizer,
    StopOptions Stop,
    double HorizonEpochs = 1.0,
    int SnapshotsPerEpoch = 20,
    bool Shuffle = true,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool AllowShort = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AugmentOptions? Augment = null
) : SearchOptions;

/// <summary>No search: coefficients are random numbers (EarlyRobust's random tickets).</summary>
/// <param name="Trial">Number of the random ticket; together with the recipe's seed it identifies
/// the ticket.</param>
public sealed record RandomStructuredSearchOptions(int Trial = 0) : SearchOptions;
