// The attack recipes that the command line knows: one entry a recipe, with the resources it is
// built from. The command asks for those and no others, so a recipe that needs no word vectors runs
// without any.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Recipes;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Cli.Attacks;

/// <summary>
/// What a recipe is built from, as the command line and the resource folder give it.
/// </summary>
/// <param name="Resources">Substitutes, stop words, vectors, tagger.</param>
/// <param name="Encoder">Sentence encoder, or null.</param>
/// <param name="SimilarityThreshold">Smallest sentence similarity; null: the recipe's own.</param>
/// <param name="QueryBudget">Most queries an example, or null.</param>
/// <param name="Version">The TextAttack release that is followed.</param>
/// <param name="Randomness">Where recipes that draw random numbers take them from.</param>
/// <param name="WordNet">Reads WordNet; throws when it is not there, naming what to get.</param>
/// <param name="Masked">Loads the masked language model; likewise.</param>
internal sealed record AttackParts(
    AttackResources Resources,
    ISentenceEncoder? Encoder,
    double? SimilarityThreshold,
    int? QueryBudget,
    TextAttackVersion Version,
    RandomPlan Randomness,
    Func<WordNet> WordNet,
    Func<IMaskedLanguageModel> Masked
)
{
    /// <summary>Scores tie as in TextAttack, which keeps the float32 of the model.</summary>
    public const ScorePrecision Precision = ScorePrecision.Single;

    /// <summary>The published parts of a recipe: it can be described with them, not run.</summary>
    public static AttackParts Published(AttackRecipeEntry recipe, TextAttackVersion version) =>
        new(
            PublishedParts.Resources(
                recipe.StopWords == "stop-words" ? PublishedParts.TextFoolerStopWords : PublishedParts.NltkStopWords
            ),
            PublishedParts.Encoder,
            null,
            null,
            version,
            new StreamPerExample(),
            () => PublishedParts.WordNet,
            () => PublishedParts.Masked
        );
}

/// <summary>One recipe.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Summary">What it is, in one line.</param>
/// <param name="StopWords">Resource kind of its stop words: <c>stop-words</c> (TextFooler's list)
/// or <c>nltk-stop-words</c>.</param>
/// <param name="Create">Builds the attack.</param>
/// <param name="Substitutes">Whether it takes substitutes from word vectors or a neighbour
/// table.</param>
/// <param name="Similarity">Whether it has a sentence-similarity constraint.</param>
/// <param name="Tagger">Whether it compares parts of speech.</param>
/// <param name="Further">Kind of a further resource it cannot do without, or null.</param>
internal sealed record AttackRecipeEntry(
    string Name,
    string Summary,
    string StopWords,
    Func<AttackParts, Attack> Create,
    bool Substitutes = false,
    bool Similarity = false,
    bool Tagger = false,
    string? Further = null
)
{
    /// <summary>Kinds of all resources it is built from.</summary>
    public IReadOnlyList<string> Needs { get; } =
    [
        .. new[]
        {
            Substitutes ? "word-vectors" : null,
            Further,
            Tagger ? "tagger" : null,
            Similarity ? "sentence-encoder" : null,
            StopWords,
        }.OfType<string>(),
    ];
}

internal static class AttackRecipes
{
    private const string Nltk = "nltk-stop-words";

    /// <summary>Every recipe, in the order of the help.</summary>
    public static IReadOnlyList<AttackRecipeEntry> All { get; } =
    [
        new(
            "textfooler",
            "near neighbours of words, strict about part of speech and meaning (Jin et al. 2020)",
            "stop-words",
            MakeTextFooler,
            true,
            true,
            true
        ),
        new(
            "textbugger",
            "typing errors, look-alike characters and near neighbours (Li et al. 2019)",
            Nltk,
            MakeTextBugger,
            true,
            true
        ),
        new(
            "bert-attack",
            "a masked language model's words, with the number EarlyRobust states (Li et al. 2020; K = 50)",
            Nltk,
            p => MakeBertAttack(p, BertAttackSize.Paper),
            Similarity: true,
            Further: "masked-lm"
        ),
        new(
            "bert-attack-library",
            "the same with TextAttack's own number (K = 48; 8 on its main branch)",
            Nltk,
            p => MakeBertAttack(p, BertAttackSize.Library),
            Similarity: true,
            Further: "masked-lm"
        ),
        new(
            "bert-attack-released",
            "what the scripts of EarlyRobust and RobusT ran as BERT-Attack: near neighbours, no masked language model",
            Nltk,
            MakeBertAttackReleased,
            true,
            true,
            true
        ),
        new(
            "bae",
            "a masked language model's words for a hidden word (Garg and Ramakrishnan 2020)",
            Nltk,
            MakeBae,
            Similarity: true,
            Tagger: true,
            Further: "masked-lm"
        ),
        new("pwws", "WordNet's synonyms by weighted saliency (Ren et al. 2019)", Nltk, MakePwws, Further: "wordnet"),
        new("deepwordbug", "typing errors at random places (Gao et al. 2018)", Nltk, MakeDeepWordBug),
    ];

    /// <summary>The recipe of a name that the option's parser has accepted.</summary>
    public static AttackRecipeEntry Find(string name) => All.Single(r => r.Name == name);

    private static Attack MakeTextFooler(AttackParts p)
    {
        var o = new TextFoolerOptions(
            p.Encoder,
            QueryBudget: p.QueryBudget,
            Precision: AttackParts.Precision,
            Version: p.Version
        );
        return TextFooler.Create(p.Resources, p.SimilarityThreshold is { } t ? o with { SimilarityThreshold = t } : o);
    }

    private static Attack MakeTextBugger(AttackParts p)
    {
        var o = new TextBuggerOptions(
            p.Encoder,
            Randomness: p.Randomness,
            QueryBudget: p.QueryBudget,
            Precision: AttackParts.Precision,
            Version: p.Version
        );
        return TextBugger.Create(p.Resources, p.SimilarityThreshold is { } t ? o with { SimilarityThreshold = t } : o);
    }

    private static Attack MakeBertAttack(AttackParts p, BertAttackSize size)
    {
        var o = new BertAttackOptions(
            size,
            p.Encoder,
            QueryBudget: p.QueryBudget,
            Precision: AttackParts.Precision,
            Version: p.Version
        );
        return BertAttack.Create(
            p.Resources,
            p.Masked(),
            p.SimilarityThreshold is { } t ? o with { SimilarityThreshold = t } : o
        );
    }

    private static Attack MakeBae(AttackParts p)
    {
        var o = new BaeOptions(
            p.Encoder,
            QueryBudget: p.QueryBudget,
            Precision: AttackParts.Precision,
            Version: p.Version
        );
        return Bae.Create(
            p.Resources,
            p.Masked(),
            p.SimilarityThreshold is { } t ? o with { SimilarityThreshold = t } : o
        );
    }

    private static Attack MakePwws(AttackParts p) =>
        Pwws.Create(p.Resources, p.WordNet(), new PwwsOptions(p.QueryBudget, AttackParts.Precision, p.Version));

    private static Attack MakeDeepWordBug(AttackParts p) =>
        DeepWordBug.Create(
            p.Resources,
            new DeepWordBugOptions(
                Randomness: p.Randomness,
                QueryBudget: p.QueryBudget,
                Precision: AttackParts.Precision,
                Version: p.Version
            )
        );

    private static Attack MakeBertAttackReleased(AttackParts p)
    {
        var o = new BertAttackReleasedOptions(
            p.Encoder,
            QueryBudget: p.QueryBudget,
            Precision: AttackParts.Precision,
            Version: p.Version
        );
        return BertAttackReleased.Create(
            p.Resources,
            p.SimilarityThreshold is { } t ? o with { SimilarityThreshold = t } : o
        );
    }
}
