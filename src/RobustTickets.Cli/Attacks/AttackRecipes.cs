// The attack recipes that the command line knows: one entry a recipe, with the resources it is built from. The command asks for those and no others, so a recipe that needs no
// word vectors runs without any.
using RobustTickets.Text.Attacks;
using RobustTickets.Text.Attacks.Engine;
using RobustTickets.Text.Attacks.Goals;
using RobustTickets.Text.Attacks.Recipes;
using RobustTickets.Text.Attacks.Resources;

namespace RobustTickets.Cli.Attacks;

/// <summary>What a recipe is built from, as the command line and the resource folder give it.</summary>
/// <param name="Resources">Substitutes, stop words, vectors, tagger.</param>
/// <param name="Encoder">Sentence encoder, or null.</param>
/// <param name="SimilarityThreshold">Smallest sentence similarity; null: the recipe's own.</param>
/// <param name="QueryBudget">Most queries an example, or null.</param>
/// <param name="Version">The TextAttack release that is followed.</param>
/// <param name="Seed">Seed of recipes that draw random numbers.</param>
/// <param name="Place">Path of a further resource by its kind (<c>wordnet</c>, <c>masked-lm</c>); throws when it is not there, naming what to get.</param>
internal sealed record AttackParts(
    AttackResources Resources, ISentenceEncoder? Encoder, double? SimilarityThreshold, int? QueryBudget, TextAttackVersion Version, int Seed, Func<string, string> Place)
{
    /// <summary>Scores tie as in TextAttack, which keeps the float32 of the model.</summary>
    public const ScorePrecision Precision = ScorePrecision.Single;
}

/// <summary>One recipe.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="StopWords">Resource kind of its stop words: <c>stop-words</c> (TextFooler's list) or <c>nltk-stop-words</c>.</param>
/// <param name="Create">Builds the attack.</param>
/// <param name="Substitutes">Whether it takes substitutes from word vectors or a neighbour table.</param>
/// <param name="Similarity">Whether it has a sentence-similarity constraint.</param>
internal sealed record AttackRecipeEntry(string Name, string StopWords, Func<AttackParts, Attack> Create, bool Substitutes = true, bool Similarity = true);

internal static class AttackRecipes
{
    /// <summary>Every recipe, in the order of the help.</summary>
    public static IReadOnlyList<AttackRecipeEntry> All { get; } =
    [
        new("textfooler", "stop-words", MakeTextFooler),
        new("textbugger", "nltk-stop-words", MakeTextBugger),
        new("bert-attack-released", "nltk-stop-words", MakeBertAttackReleased),
        new("pwws", "nltk-stop-words", MakePwws, Substitutes: false, Similarity: false),
        new("deepwordbug", "nltk-stop-words", MakeDeepWordBug, Substitutes: false, Similarity: false),
    ];

    /// <summary>The recipe of a name that the option's parser has accepted.</summary>
    public static AttackRecipeEntry Find(string name) => All.Single(r => r.Name == name);

    private static Attack MakeTextFooler(AttackParts p)
    {
        var o = new TextFoolerOptions(p.Encoder, QueryBudget: p.QueryBudget, Precision: AttackParts.Precision, Version: p.Version);
        return TextFooler.Create(p.Resources, p.SimilarityThreshold is { } t ? o with { SimilarityThreshold = t } : o);
    }

    private static Attack MakeTextBugger(AttackParts p)
    {
        var o = new TextBuggerOptions(p.Encoder, Randomness: new StreamPerExample((uint)p.Seed), QueryBudget: p.QueryBudget, Precision: AttackParts.Precision, Version: p.Version);
        return TextBugger.Create(p.Resources, p.SimilarityThreshold is { } t ? o with { SimilarityThreshold = t } : o);
    }

    private static Attack MakePwws(AttackParts p) =>
        Pwws.Create(p.Resources, WordNet.Read(p.Place("wordnet")), new PwwsOptions(p.QueryBudget, AttackParts.Precision, p.Version));

    private static Attack MakeDeepWordBug(AttackParts p) =>
        DeepWordBug.Create(p.Resources, new DeepWordBugOptions(Randomness: new StreamPerExample((uint)p.Seed), QueryBudget: p.QueryBudget, Precision: AttackParts.Precision, Version: p.Version));

    private static Attack MakeBertAttackReleased(AttackParts p)
    {
        var o = new BertAttackReleasedOptions(p.Encoder, QueryBudget: p.QueryBudget, Precision: AttackParts.Precision, Version: p.Version);
        return BertAttackReleased.Create(p.Resources, p.SimilarityThreshold is { } t ? o with { SimilarityThreshold = t } : o);
    }
}
