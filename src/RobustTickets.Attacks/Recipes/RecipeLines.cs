// Description lines shared by several recipes.

using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks;

internal static class RecipeLines
{
    /// <summary>Source of a value chosen by the caller.</summary>
    public const string Chosen = "option";

    /// <summary>Name of the sentence encoder of the published attacks.</summary>
    public const string PublishedEncoder = "Universal Sentence Encoder";

    /// <summary>Name of the masked language model of the published attacks.</summary>
    public const string PublishedMasked = "bert-base-uncased";

    public static RecipeLine Encoder(ISentenceEncoder encoder) =>
        new(
            "sentence encoder",
            encoder.Name,
            encoder.Name == PublishedEncoder
                ? "TextAttack; any BERT folder stands in here (Encoder), which changes what passes"
                : "substitute for the " + PublishedEncoder
        );

    public static RecipeLine Masked(IMaskedLanguageModel model) =>
        new(
            "masked language model",
            model.Name,
            model.Name == PublishedMasked
                ? "TextAttack's default"
                : $"substitute for {PublishedMasked}, unless it is that under another name"
        );

    public static RecipeLine Precision(ScorePrecision precision) =>
        precision == ScorePrecision.Single
            ? new("score precision", "float32", "TextAttack scores in the model's float32")
            : new("score precision", "float64", Chosen);

    public static RecipeLine NltkStopWords(StopWords words) =>
        new(
            "stop words",
            $"{words.Name} ({words.Count})",
            words.Count == 179 ? "NLTK's list" : "substitute for NLTK's 179 words"
        );

    public static RecipeLine Randomness(RandomPlan plan) =>
        new(
            "random numbers",
            plan.Description,
            plan switch
            {
                StreamPerRun { Seed: 42 } => "scripts of EarlyRobust and RobusT",
                StreamPerExample { Seed: 42 } =>
                    "seed of the scripts of EarlyRobust and RobusT; streams are our own, TextAttack's depend "
                        + "on the order of the examples",
                _ => Chosen,
            }
        );
}
