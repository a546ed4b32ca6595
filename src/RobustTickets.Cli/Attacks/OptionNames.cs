// The library names fields of its values; here they become the options of the command line.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Cli.Attacks;

/// <summary>Spells what the library says of attacks as options.</summary>
internal static class OptionNames
{
    private static readonly Dictionary<string, string> Fields = new()
    {
        [nameof(AttackOptions.Similarity)] = "--no-similarity",
        [nameof(AttackOptions.SimilarityThreshold)] = "--similarity-threshold",
        [nameof(AttackOptions.PartOfSpeech)] = "--no-part-of-speech",
        [nameof(AttackOptions.QueryBudget)] = "--query-budget",
        [nameof(AttackOptions.TimeLimit)] = "--time-limit",
        [nameof(AttackOptions.Restarts)] = "--restarts",
        [nameof(AttackOptions.HeldOutShare)] = "--held-out-words",
        [nameof(AttackRequest.Temperature)] = "--temperature",
        [nameof(ResourceFiles.Vectors)] = "--vectors",
        [nameof(ResourceFiles.Neighbours)] = "--neighbours",
        [nameof(ResourceFiles.Tagger)] = "--tagger",
        [nameof(ResourceFiles.TagMap)] = "--tag-map",
        [nameof(ResourceFiles.Encoder)] = "--encoder",
        [nameof(ResourceFiles.WordNet)] = "--wordnet",
        [nameof(ResourceFiles.MaskedLM)] = "--masked-lm",
        [nameof(AttackRequest.Recipe)] = "--recipe",
        [nameof(ExperimentRequest.Data)] = "--data",
        [nameof(ExperimentRequest.Resources)] = "--resource",
        [nameof(AttackRequest.Output)] = "--out",
        [nameof(AttackRequest.MaxLength)] = "--max-length",
        [nameof(AttackRequest.Split)] = "--split",
        [nameof(AttackRequest.Shard)] = "--shard",
        [nameof(AttackRequest.AugmentFile)] = "--augment",
    };

    /// <summary>The option of a field; the field itself where none fills it.</summary>
    public static string Of(string field) => Fields.GetValueOrDefault(field, field);

    /// <summary>A text of the library with the options in place of its fields.</summary>
    public static string Spell(string text) =>
        text.Replace("PartOfSpeech: false", "--no-part-of-speech", StringComparison.Ordinal)
            .Replace("Similarity: false", "--no-similarity", StringComparison.Ordinal)
            .Replace("Replace: true", "--replace", StringComparison.Ordinal)
            .Replace("give another folder", "give another folder (--out)", StringComparison.Ordinal)
            .Replace("Escape: ", "--escape ", StringComparison.Ordinal)
            .Replace("(TextColumn)", "(--text-column)", StringComparison.Ordinal)
            .Replace("(PairColumn)", "(--pair-column)", StringComparison.Ordinal)
            .Replace("(LabelColumn)", "(--label-column)", StringComparison.Ordinal)
            .Replace("(Separator)", "(--separator)", StringComparison.Ordinal)
            .Replace("(Encoder)", "(--encoder)", StringComparison.Ordinal)
            .Replace("say split train", "say --split train", StringComparison.Ordinal);

    /// <summary>How the program helps with what an exception misses, or null.</summary>
    public static string? Hint(Exception e) =>
        e switch
        {
            ModelNotFoundException { Known: { } known } => $"robust-tickets models get {known.Name}",
            DataException { InnerException: ModelNotFoundException { Known: { } known } } =>
                $"robust-tickets models get {known.Name}",
            MissingResourceException missing => Import(missing.Kind),
            RequestException { Field: nameof(ResourceFiles.Encoder), Value: null } => Import(
                ResourceKinds.TryFind("sentence-encoder")!
            ),
            _ => null,
        };

    private static string Import(ResourceKind kind) =>
        $"robust-tickets resources import {kind.Kind} {(kind.IsFolder ? "DIR" : "FILE")} takes one in";
}
