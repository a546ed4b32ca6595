// Source-generated JSON metadata of recipes: kebab-case names, required fields unless they have a
// default, no unknown fields. A new enum must be listed under Converters; RecipeJson does not
// write one that would be serialised as a number (a test checks all).
using System.Text.Json;
using System.Text.Json.Serialization;
using RobustTickets.Augmentation;
using RobustTickets.Kernels.Masks;
using RobustTickets.Objectives;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Recipes.Json;

/// <summary>Enum values by kebab-case name; numbers are rejected.</summary>
/// <typeparam name="T">The enum.</typeparam>
internal sealed class KebabEnum<T>()
    : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowOutOfOrderMetadataProperties = true,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [
        typeof(KebabEnum<DevelopmentRule>),
        typeof(KebabEnum<EpochSelection>),
        typeof(KebabEnum<PerturbationNorm>),
        typeof(KebabEnum<FreeLbCount>),
        typeof(KebabEnum<DrawAt>),
        typeof(KebabEnum<HeadScope>),
        typeof(KebabEnum<NeuronScope>),
        typeof(KebabEnum<TieRule>),
        typeof(KebabEnum<TicketCoefficients>),
        typeof(KebabEnum<PenaltyAverage>),
        typeof(KebabEnum<RampClock>),
        typeof(KebabEnum<MaskLayout>),
        typeof(KebabEnum<DrawEpochRule>),
        typeof(KebabEnum<RandomPool>),
        typeof(KebabEnum<StartWeights>),
        typeof(KebabEnum<Realisation>),
        typeof(KebabEnum<AdamWFlavor>),
        typeof(KebabEnum<ClipMode>),
        typeof(KebabEnum<ScheduleHorizon>),
        typeof(KebabEnum<TypingErrorPlace>),
        typeof(KebabEnum<SubstituteChoice>),
    ]
)]
[JsonSerializable(typeof(Recipe))]
internal sealed partial class RecipeJsonContext : JsonSerializerContext;
