// The attack recipes by name, with their options and resources. A recipe is a value; Build reads
// only the resources that the recipe needs.

using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks;

/// <summary>A published attack, with options and resources, that can be built and run.</summary>
public sealed record AttackRecipe
{
    private readonly Func<AttackParts, AttackOptions, Attack> _build;

    private AttackRecipe(
        string name,
        string summary,
        Func<AttackParts, AttackOptions, Attack> build,
        string stopWords = ResourceKinds.NltkStopWords,
        string? words = null
    ) => (Name, Summary, _build, StopWordsKind, WordSource) = (name, summary, build, stopWords, words);

    /// <summary>Every recipe with default options and the user's resource folder.</summary>
    public static IReadOnlyList<AttackRecipe> All { get; } =
    [
        new(
            "textfooler",
            "nearest neighbours of words, with part-of-speech and similarity constraints (Jin et al. 2020)",
            TextFoolerRecipe.Build,
            ResourceKinds.StopWords
        )
        {
            HasSubstitutes = true,
            HasSimilarity = true,
            HasPartOfSpeech = true,
        },
        new(
            "textbugger",
            "typing errors, look-alike characters and nearest neighbours (Li et al. 2019)",
            TextBuggerRecipe.Build
        )
        {
            HasSubstitutes = true,
            HasSimilarity = true,
        },
        new(
            "bert-attack",
            "words from a masked language model, with the K of EarlyRobust (Li et al. 2020; K = 50)",
            (parts, o) => BertAttackRecipe.Build(parts, o, BertAttackSize.Paper),
            words: ResourceKinds.MaskedLM
        )
        {
            HasSimilarity = true,
        },
        new(
            "bert-attack-library",
            "the same with the K of TextAttack (K = 48; 8 on its main branch)",
            (parts, o) => BertAttackRecipe.Build(parts, o, BertAttackSize.Library),
            words: ResourceKinds.MaskedLM
        )
        {
            HasSimilarity = true,
        },
        new(
            "bert-attack-released",
            "what the EarlyRobust and RobusT scripts ran as BERT-Attack: nearest neighbours, no masked language model",
            BertAttackAuthorsCodeRecipe.Build
        )
        {
            HasSubstitutes = true,
            HasSimilarity = true,
            HasPartOfSpeech = true,
        },
        new(
            "bae",
            "words from a masked language model for a masked word (Garg and Ramakrishnan 2020)",
            BaeRecipe.Build,
            words: ResourceKinds.MaskedLM
        )
        {
            HasSimilarity = true,
            HasPartOfSpeech = true,
        },
        new(
            "pwws",
            "WordNet synonyms, words ranked by weighted saliency (Ren et al. 2019)",
            PwwsRecipe.Build,
            words: ResourceKinds.WordNet
        ),
        new(
            "deepwordbug",
            "typing errors at random positions (Gao et al. 2018)",
            (parts, o) => DeepWordBugRecipe.Build(parts, o)
        ),
    ];

    /// <summary>Name of the recipe.</summary>
    public string Name { get; }

    /// <summary>One-line description.</summary>
    public string Summary { get; }

    /// <summary>The options.</summary>
    public AttackOptions Options { get; init; } = new();

    /// <summary>Source of the resources.</summary>
    public AttackResources Resources { get; init; } = AttackResources.FromUserFolder();

    /// <summary>Whether substitutes come from word vectors or a neighbour table.</summary>
    public bool HasSubstitutes { get; private init; }

    /// <summary>Whether it has a sentence-similarity constraint.</summary>
    public bool HasSimilarity { get; private init; }

    /// <summary>Whether it has a part-of-speech constraint.</summary>
    public bool HasPartOfSpeech { get; private init; }

    /// <summary>Whether the number of substitutes per word is an option.</summary>
    internal bool HasCandidates => HasSubstitutes || TakesMaskedLM;

    /// <summary>Resource kinds it is built from, as named in the resource folder.</summary>
    public IReadOnlyList<string> Needs =>
        [
            .. new[]
            {
                HasSubstitutes ? ResourceKinds.WordVectors : null,
                WordSource,
                HasPartOfSpeech ? ResourceKinds.Tagger : null,
                HasSimilarity ? ResourceKinds.SentenceEncoder : null,
                StopWordsKind,
            }.OfType<string>(),
        ];

    /// <summary>
    /// Names of the files it uses with its options, as keys of <see cref="ResourceFiles.Named"/>.
    /// </summary>
    public IReadOnlyList<string> FileNames =>
        [
            .. ResourceField
                .All.Where(f =>
                    f.IsUsed(this)
                    && f.Kind switch
                    {
                        ResourceKinds.Tagger or ResourceKinds.TagMap => Options.PartOfSpeech,
                        ResourceKinds.SentenceEncoder => Options.Similarity,
                        _ => true,
                    }
                )
                .Select(f => f.Name),
        ];

    /// <summary>Kind of its stop words: TextFooler's list or NLTK's.</summary>
    internal string StopWordsKind { get; }

    /// <summary>
    /// Kind of the required resource that supplies its words: WordNet or a masked language model;
    /// null for neighbours (which have two possible kinds) and for character edits.
    /// </summary>
    internal string? WordSource { get; }

    internal bool TakesWordNet => WordSource == ResourceKinds.WordNet;

    internal bool TakesMaskedLM => WordSource == ResourceKinds.MaskedLM;

    /// <summary>Whether its words come from a table that a defence can train on.</summary>
    internal bool HasDictionary => HasSubstitutes || TakesWordNet;

    internal bool ComparesSentences => HasSimilarity && Options.Similarity;

    /// <summary>Gets a recipe by name, or null.</summary>
    public static AttackRecipe? TryFind(string? name) => All.FirstOrDefault(r => r.Name == name);

    /// <summary>Gets a recipe by name.</summary>
    /// <exception cref="RequestException">The name is unknown; the message lists the
    /// recipes.</exception>
    public static AttackRecipe Find(string name) =>
        TryFind(name ?? throw new ArgumentNullException(nameof(name)))
        ?? throw new RequestException(
            "Recipe",
            null,
            $"unknown \"{name}\"; possible: {string.Join(", ", All.Select(r => r.Name))}"
        );

    /// <summary>TextFooler (Jin et al., AAAI 2020).</summary>
    public static AttackRecipe TextFooler(AttackResources resources, AttackOptions? options = null) =>
        Of("textfooler", resources, options);

    /// <summary>TextBugger (Li et al., NDSS 2019).</summary>
    public static AttackRecipe TextBugger(AttackResources resources, AttackOptions? options = null) =>
        Of("textbugger", resources, options);

    /// <summary>BERT-Attack (Li et al., EMNLP 2020) with EarlyRobust's K of 50.</summary>
    public static AttackRecipe BertAttack(AttackResources resources, AttackOptions? options = null) =>
        Of("bert-attack", resources, options);

    /// <summary>BERT-Attack with TextAttack's K: 48, or 8 on its main branch.</summary>
    public static AttackRecipe BertAttackLibrary(AttackResources resources, AttackOptions? options = null) =>
        Of("bert-attack-library", resources, options);

    /// <summary>The attack that the scripts of EarlyRobust and RobusT run as BERT-Attack.</summary>
    public static AttackRecipe BertAttackAuthorsCode(AttackResources resources, AttackOptions? options = null) =>
        Of("bert-attack-released", resources, options);

    /// <summary>BAE-R (Garg and Ramakrishnan, EMNLP 2020).</summary>
    public static AttackRecipe Bae(AttackResources resources, AttackOptions? options = null) =>
        Of("bae", resources, options);

    /// <summary>PWWS (Ren et al., ACL 2019).</summary>
    public static AttackRecipe Pwws(AttackResources resources, AttackOptions? options = null) =>
        Of("pwws", resources, options);

    /// <summary>DeepWordBug (Gao et al., SPW 2018).</summary>
    public static AttackRecipe DeepWordBug(AttackResources resources, AttackOptions? options = null) =>
        Of("deepwordbug", resources, options);

    /// <summary>
    /// The attack as published, with named placeholders for resources: it can be described, not
    /// run.
    /// </summary>
    public Attack Published(TextAttackVersion version) =>
        _build(
            PublishedParts.Resources(
                StopWordsKind == ResourceKinds.StopWords
                    ? PublishedParts.TextFoolerStopWords
                    : PublishedParts.NltkStopWords
            ),
            new AttackOptions(Version: version)
        );

    /// <summary>Reads the resources and builds the attack.</summary>
    /// <param name="models">Loads the sentence encoder and the masked language model from their
    /// folders; null if none is needed.</param>
    /// <exception cref="RequestException">An option or resource is not valid for the
    /// recipe.</exception>
    /// <exception cref="DataException">A resource is missing or malformed.</exception>
    public Attack Build(IAttackModels? models = null)
    {
        Refuse();
        var attack = _build(Resources.Load(this, models), Options) with { TimeLimit = Options.TimeLimit };
        return RecipeVariants.Apply(attack, Options);
    }

    /// <summary>
    /// Reads the recipe's files and checks the model folders, without loading a model.
    /// </summary>
    /// <inheritdoc cref="Build"/>
    public void Check(IAttackModels? models = null)
    {
        Refuse();
        Resources.Check(this, models);
    }

    /// <summary>Folder of the sentence encoder that <see cref="Build"/> loads, or null.</summary>
    /// <inheritdoc cref="Build"/>
    public string? EncoderFolder(IAttackModels? models = null) =>
        ComparesSentences ? Resources.EncoderFolder(this, models) : null;

    /// <summary>Checks options and resources against the recipe, without reading files.</summary>
    /// <exception cref="RequestException">An option or resource is not valid; the message names
    /// field and reason.</exception>
    public void Refuse()
    {
        Options.Check();
        if (!HasSimilarity && Options.SimilarityThreshold is not null)
            throw new RequestException(nameof(Options.SimilarityThreshold), null, NoSimilarity);
        if (HasSimilarity && !Options.Similarity && Options.SimilarityThreshold is not null)
            throw new RequestException(nameof(Options.Similarity), null, OffBeside);
        if (!ComparesSentences && Options.Window != SimilarityWindow.AsPublished)
            throw new RequestException(
                nameof(Options.Window),
                null,
                HasSimilarity ? "cannot be set when sentence similarity is off; leave it out" : NoSimilarity
            );
        if (!HasCandidates && Options.Candidates is not null)
            throw new RequestException(
                nameof(Options.Candidates),
                null,
                $"{Name} tries every substitute that it generates; supported by "
                    + string.Join(", ", All.Where(r => r.HasCandidates).Select(r => r.Name))
            );
        if (!HasPartOfSpeech && !Options.PartOfSpeech)
            throw new RequestException(
                nameof(Options.PartOfSpeech),
                null,
                $"{Name} does not compare parts of speech; leave it out"
            );
        RecipeVariants.Refuse(this);
        Resources.Refuse(this);
    }

    internal string NoSimilarity => $"{Name} has no sentence-similarity constraint; leave it out";

    internal static string OffBeside => "cannot be combined with a sentence encoder or a similarity threshold";

    private static AttackRecipe Of(string name, AttackResources resources, AttackOptions? options)
    {
        ArgumentNullException.ThrowIfNull(resources);
        return Find(name) with { Resources = resources, Options = options ?? new AttackOptions() };
    }
}
