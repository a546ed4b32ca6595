// Maps field names of the library to command-line options.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli.Terminal;

namespace RobustTickets.Cli.Attacks;

/// <summary>Rewords library messages about attacks with option names.</summary>
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
        [nameof(DataOptions.TextColumn)] = "--text-column",
        [nameof(DataOptions.PairColumn)] = "--pair-column",
        [nameof(DataOptions.LabelColumn)] = "--label-column",
        [nameof(DataOptions.Labels)] = "--labels",
        [nameof(DataOptions.Separator)] = "--separator",
        [nameof(DataOptions.Escape)] = "--escape",
        [nameof(DataOptions.Header)] = "--no-header",
        [nameof(BuildTarget.Replace)] = "--replace",
    };

    /// <summary>The option of a field; the field itself if there is no option.</summary>
    public static string Of(string field) => Fields.GetValueOrDefault(field, field);

    /// <summary>Alternatives that work without a kind of resource.</summary>
    public static string Without(ResourceKind kind) =>
        kind.Instead is { } remedy ? $"{kind.Without}; {Spell(remedy)}" : kind.Without;

    /// <summary>A remedy, naming the option of its field.</summary>
    public static string Spell(Remedy remedy) =>
        remedy.Spell(r =>
            r.Value is null or "true" or "false"
                ? FieldOptions.Of(r.Field)
                : $"{FieldOptions.Of(r.Field)} {Continuation.Quoted(r.Value)}"
        );

    /// <summary>A hint for an exception about missing resources, or null.</summary>
    public static string? Hint(Exception e) =>
        e switch
        {
            ModelNotFoundException { Known: { } known } => $"robust-tickets models get {known.Name}",
            DataException { InnerException: ModelNotFoundException { Known: { } known } } =>
                $"robust-tickets models get {known.Name}",
            MissingResourceException missing => Import(missing.Kind),
            RequestException { Field: nameof(ResourceFiles.Encoder), Value: null } => Import(
                ResourceKinds.TryFind(ResourceKinds.SentenceEncoder)!
            ),
            _ => null,
        };

    private static string Import(ResourceKind kind) =>
        $"import one with: robust-tickets resources import {kind.Kind} {(kind.IsFolder ? "DIR" : "FILE")}";
}
