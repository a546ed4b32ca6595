// The table of request fields of the library and the options that set them; messages and hints of
// errors in command-line terms.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Resources;
using RobustTickets.Pretraining;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Options;

/// <summary>Rewords library errors in command-line terms.</summary>
internal static class FieldOptions
{
    private static readonly Dictionary<string, string> Options = new()
    {
        // The run and its folder.
        [nameof(TrainRequest.Model)] = "--model",
        [nameof(TrainRequest.Output)] = "--out",
        [nameof(TrainRequest.Resume)] = "--resume",
        [nameof(Execution.Device)] = "--device",
        [nameof(Execution.Precision)] = "--precision",
        [nameof(Execution.Threads)] = "--threads",
        [nameof(TrainRequest.Ranks)] = "--ranks",
        [nameof(HardenRequest.Base)] = "--base",
        [nameof(HardenRequest.Budget)] = "--budget",
        [nameof(HardenRequest.CleanLoss)] = "--clean-loss",
        [nameof(PretrainRequest.ShuffleWindow)] = "--shuffle-window",
        [nameof(BuildTarget.Replace)] = "--replace",
        // Experiments.
        [nameof(ExperimentRequest.Plans)] = "FILE",
        [nameof(ExperimentRequest.Data)] = "--data",
        [nameof(ExperimentRequest.Resources)] = "--resource",
        [nameof(ExperimentRequest.Only)] = "--only",
        [nameof(ExperimentRequest.LeaseTimeout)] = "--lease-timeout",
        // Attacks and their resources.
        [nameof(HardenRequest.Attacks)] = "--attacks",
        [nameof(AttackRequest.Recipe)] = "--recipe",
        [nameof(AttackRequest.Temperature)] = "--temperature",
        [nameof(AttackRequest.MaxLength)] = "--max-length",
        [nameof(AttackRequest.Split)] = "--split",
        [nameof(AttackRequest.Shard)] = "--shard",
        [nameof(AttackRequest.AugmentFile)] = "--augment",
        [nameof(AttackOptions.Similarity)] = "--no-similarity",
        [nameof(AttackOptions.SimilarityThreshold)] = "--similarity-threshold",
        [nameof(AttackOptions.PartOfSpeech)] = "--no-part-of-speech",
        [nameof(AttackOptions.QueryBudget)] = "--query-budget",
        [nameof(AttackOptions.TimeLimit)] = "--time-limit",
        [nameof(AttackOptions.Restarts)] = "--restarts",
        [nameof(AttackOptions.HeldOutShare)] = "--held-out-words",
        [nameof(ResourceFiles.Vectors)] = "--vectors",
        [nameof(ResourceFiles.Neighbours)] = "--neighbours",
        [nameof(ResourceFiles.Tagger)] = "--tagger",
        [nameof(ResourceFiles.TagMap)] = "--tag-map",
        [nameof(ResourceFiles.Encoder)] = "--encoder",
        [nameof(ResourceFiles.WordNet)] = "--wordnet",
        [nameof(ResourceFiles.MaskedLM)] = "--masked-lm",
        ["Layout"] = "--format",
        // Data.
        [nameof(DataOptions.TextColumn)] = "--text-column",
        [nameof(DataOptions.PairColumn)] = "--pair-column",
        [nameof(DataOptions.LabelColumn)] = "--label-column",
        [nameof(DataOptions.Labels)] = "--labels",
        [nameof(DataOptions.Separator)] = "--separator",
        [nameof(DataOptions.Escape)] = "--escape",
        [nameof(DataOptions.Header)] = "--no-header",
    };

    // What the options of a run folder do for one that cannot be used.
    private static readonly Dictionary<string, string> Does = new()
    {
        [nameof(TrainRequest.Model)] = "names another checkpoint",
        [nameof(TrainRequest.Output)] = "names another folder",
        [nameof(TrainRequest.Resume)] = "continues the run",
    };

    /// <summary>The option of a field; the field itself if there is none.</summary>
    public static string Of(string field) => Options.GetValueOrDefault(field, field);

    /// <summary>The message of an exception, with options in place of fields.</summary>
    public static string Message(Exception e) =>
        e switch
        {
            RequestException r => $"{Of(r.Field)}{(r.Value is null ? "" : " " + r.Value)}{Join(r)}{Told(r)}",
            RecipeException { Origin: RecipeOverrides.Origin } => "--set" + e.Message[RecipeOverrides.Origin.Length..],
            IRemedied remedied => Told(remedied),
            _ => e.Message,
        };

    private static string Told(IRemedied e) => e.Remedy is { } remedy ? $"{e.Problem}; {Spell(remedy)}" : e.Problem;

    // "--out is missing", but "--out DIR: is a file".
    private static string Join(RequestException e) =>
        e.Value is null && e.Reason.StartsWith("is missing", StringComparison.Ordinal) ? " " : ": ";

    /// <summary>A remedy, naming the option of its field.</summary>
    public static string Spell(Remedy remedy) =>
        remedy.Spell(r =>
            r.Value is null or "true" or "false" ? Of(r.Field) : $"{Of(r.Field)} {ShellArgument.Quoted(r.Value)}"
        );

    /// <summary>A hint that names the options that would help, or null.</summary>
    public static string? Hint(Exception e) =>
        e switch
        {
            RunFolderException { Fields: { Count: > 0 } fields } => string.Join(
                "; ",
                fields.Select(f => Does.TryGetValue(f, out var does) ? $"{Of(f)} {does}" : Of(f))
            ),
            RecipeException { Settings: { Count: > 0 } settings } => string.Join(
                " or ",
                settings.Distinct().Select(s => $"--set {s}")
            ),
            _ => null,
        };
}
