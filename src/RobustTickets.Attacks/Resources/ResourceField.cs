namespace RobustTickets.Attacks.Resources;

/// <summary>A field of <see cref="ResourceFiles"/>: all that is to be known of it.</summary>
/// <param name="Name">Its name in tables of places (<see cref="ResourceFiles.Named"/>).</param>
/// <param name="Kind">The kind of resource that is taken where it is null.</param>
/// <param name="Property">The property.</param>
/// <param name="Of">Its value.</param>
/// <param name="With">The files with another value of it.</param>
/// <param name="IsUsed">Whether a recipe reads it; a recipe is not given what it does not
/// read.</param>
internal sealed record ResourceField(
    string Name,
    string Kind,
    string Property,
    Func<ResourceFiles, string?> Of,
    Func<ResourceFiles, string?, ResourceFiles> With,
    Func<AttackRecipe, bool> IsUsed
)
{
    /// <summary>Every field, in the order of <see cref="ResourceFiles"/>.</summary>
    public static IReadOnlyList<ResourceField> All { get; } =
    [
        new(
            "vectors",
            ResourceKinds.WordVectors,
            nameof(ResourceFiles.Vectors),
            f => f.Vectors,
            (f, path) => f with { Vectors = path },
            r => r.HasSubstitutes
        ),
        new(
            "neighbours",
            ResourceKinds.Neighbours,
            nameof(ResourceFiles.Neighbours),
            f => f.Neighbours,
            (f, path) => f with { Neighbours = path },
            r => r.HasSubstitutes
        ),
        new(
            "stop-words",
            ResourceKinds.StopWords,
            nameof(ResourceFiles.StopWords),
            f => f.StopWords,
            (f, path) => f with { StopWords = path },
            _ => true
        ),
        new(
            "tagger",
            ResourceKinds.Tagger,
            nameof(ResourceFiles.Tagger),
            f => f.Tagger,
            (f, path) => f with { Tagger = path },
            r => r.HasPartOfSpeech
        ),
        new(
            "tag-map",
            ResourceKinds.TagMap,
            nameof(ResourceFiles.TagMap),
            f => f.TagMap,
            (f, path) => f with { TagMap = path },
            r => r.HasPartOfSpeech
        ),
        new(
            "encoder",
            ResourceKinds.SentenceEncoder,
            nameof(ResourceFiles.Encoder),
            f => f.Encoder,
            (f, path) => f with { Encoder = path },
            r => r.HasSimilarity
        ),
        new(
            "wordnet",
            ResourceKinds.WordNet,
            nameof(ResourceFiles.WordNet),
            f => f.WordNet,
            (f, path) => f with { WordNet = path },
            r => r.TakesWordNet
        ),
        new(
            "masked-lm",
            ResourceKinds.MaskedLM,
            nameof(ResourceFiles.MaskedLM),
            f => f.MaskedLM,
            (f, path) => f with { MaskedLM = path },
            r => r.TakesMaskedLM
        ),
    ];

    /// <summary>Every name that <see cref="TryFind"/> knows.</summary>
    public static IEnumerable<string> AllNames => All.Select(f => f.Name).Concat(All.Select(f => f.Kind)).Distinct();

    /// <summary>The field of a name, or of a kind of resource; null where there is none.</summary>
    public static ResourceField? TryFind(string name) => All.FirstOrDefault(f => f.Name == name || f.Kind == name);
}
