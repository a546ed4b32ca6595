namespace RobustTickets.Attacks.Resources;

/// <summary>Metadata of a field of <see cref="ResourceFiles"/>.</summary>
/// <param name="Name">Its key in <see cref="ResourceFiles.Named"/>.</param>
/// <param name="Kind">Kind of the resource used when the field is null.</param>
/// <param name="Property">Name of the property.</param>
/// <param name="Of">Gets the value.</param>
/// <param name="With">Returns the files with another value.</param>
/// <param name="IsUsed">Whether a recipe reads the field; other recipes reject it.</param>
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

    /// <summary>Every name accepted by <see cref="TryFind"/>.</summary>
    public static IEnumerable<string> AllNames => All.Select(f => f.Name).Concat(All.Select(f => f.Kind)).Distinct();

    /// <summary>Gets a field by its name or its kind of resource, or null.</summary>
    public static ResourceField? TryFind(string name) => All.FirstOrDefault(f => f.Name == name || f.Kind == name);
}
