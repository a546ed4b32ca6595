// Reads a recipe's resources from files: the named ones, otherwise those of the resource folder.
// Only
// the resources that a recipe needs are read, so one without word vectors needs no vector file.

using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks;

/// <summary>Resource files; null ones are taken from the resource folder.</summary>
/// <param name="Vectors">Word vectors: text, word2vec binary (.bin), either possibly .gz.</param>
/// <param name="Neighbours">Neighbour table: JSON (word -> words) or text (word TAB words);
/// overrides neighbours computed from the vectors.</param>
/// <param name="StopWords">Stop words, one per line; without a file: the built-in list.</param>
/// <param name="Tagger">Averaged perceptron weights (JSON, possibly .gz).</param>
/// <param name="TagMap">Map of tags to universal tags; without a file: the built-in one.</param>
/// <param name="Encoder">Folder of the sentence encoder, or a name known to the model
/// loader.</param>
/// <param name="WordNet">WordNet's dict folder.</param>
/// <param name="MaskedLM">Folder of the masked language model, or such a name.</param>
/// <param name="Folder">The resource folder; null: the user's.</param>
/// <param name="MaxUnpackedBytes">Maximum unpacked size of a gzipped file.</param>
public sealed record ResourceFiles(
    string? Vectors = null,
    string? Neighbours = null,
    string? StopWords = null,
    string? Tagger = null,
    string? TagMap = null,
    string? Encoder = null,
    string? WordNet = null,
    string? MaskedLM = null,
    ResourceFolder? Folder = null,
    long MaxUnpackedBytes = DataOptions.UnpackedBytes
) : AttackResources
{
    /// <summary>The names accepted by <see cref="Named"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ResourceField.All.Select(f => f.Name)];

    private ResourceFolder Where => Folder ?? ResourceFolder.OfUser();

    /// <summary>
    /// Creates resource files from a map of <see cref="Names"/> or resource kinds (vectors or
    /// word-vectors) to paths; other names are ignored.
    /// </summary>
    public static ResourceFiles Named(IReadOnlyDictionary<string, string> places)
    {
        ArgumentNullException.ThrowIfNull(places);
        return ResourceField.All.Aggregate(
            new ResourceFiles(),
            (files, f) => f.With(files, places.GetValueOrDefault(f.Name) ?? places.GetValueOrDefault(f.Kind))
        );
    }

    /// <summary>Whether a resource kind is named, or is in the resource folder.</summary>
    internal bool Has(string kind) =>
        ResourceField.All.FirstOrDefault(f => f.Kind == kind)?.Of(this) is not null || Where.Find(kind) is not null;

    /// <summary>
    /// Only the files with these names (<see cref="Names"/>): recipes reject files they do not use.
    /// </summary>
    internal ResourceFiles Only(IReadOnlyList<string> names) =>
        ResourceField
            .All.Where(f => !names.Contains(f.Name))
            .Aggregate(this, (files, field) => field.With(files, null));

    internal override void Refuse(AttackRecipe recipe)
    {
        foreach (var field in ResourceField.All)
            if (field.Of(this) is not null && !field.IsUsed(recipe))
                throw new RequestException(
                    field.Property,
                    null,
                    field.Kind == ResourceKinds.SentenceEncoder
                        ? recipe.NoSimilarity
                        : $"{recipe.Name} does not use it; leave it out"
                );
        if (Encoder is not null && !recipe.Options.Similarity)
            throw new RequestException(nameof(AttackOptions.Similarity), null, AttackRecipe.OffBeside);
        if (Tagger is not null && !recipe.Options.PartOfSpeech)
            throw new RequestException(nameof(AttackOptions.PartOfSpeech), null, "cannot be combined with a tagger");
    }

    internal override void Check(AttackRecipe recipe, IAttackModels? models)
    {
        _ = Read(recipe);
        if (recipe.EncoderFolder(models) is { } encoder)
            models!.Describe(encoder, AttackModelKind.SentenceEncoder);
    }

    internal override AttackParts Load(AttackRecipe recipe, IAttackModels? models)
    {
        var parts = Read(recipe);
        if (recipe.TakesWordNet)
            parts = parts with { WordNet = RobustTickets.Attacks.Resources.WordNet.Read(Place(recipe)) };
        if (recipe.TakesMaskedLM)
        {
            var loader = models ?? throw NoModels(nameof(MaskedLM), "its masked language model");
            var folder = loader.Locate(Place(recipe));
            parts = parts with
            {
                MaskedLM = loader.LoadMaskedLM(folder),
                Files =
                [
                    .. parts.Files,
                    new ResourceInfo(
                        ResourceKinds.MaskedLM,
                        Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
                        ResourceFolder.Hash(folder),
                        "masked language model"
                    ),
                ],
            };
        }
        return recipe.EncoderFolder(models) is { } encoder
            ? parts with
            {
                Encoder = models!.LoadEncoder(encoder),
            }
            : parts;
    }

    internal override string? EncoderFolder(AttackRecipe recipe, IAttackModels? models)
    {
        if (models is null)
            throw NoModels(nameof(Encoder), "its sentence encoder");
        return (Encoder is null ? null : models.Locate(Encoder))
            ?? Where.Find(ResourceKinds.SentenceEncoder)
            ?? models.DefaultEncoder
            ?? throw new RequestException(
                nameof(Encoder),
                null,
                "the checkpoint that the victim was trained from is unknown; give a sentence encoder (any BERT "
                    + $"folder), or put one into {Path.Combine(Where.Path, ResourceKinds.SentenceEncoder)}",
                new Remedy("or attack without one", nameof(AttackOptions.Similarity), "false")
            );
    }

    /// <summary>
    /// The files and folders that a recipe's resources are read from, by name; built-in and missing
    /// ones are omitted.
    /// </summary>
    internal IReadOnlyDictionary<string, string> Found(AttackRecipe recipe, IAttackModels? models)
    {
        var folder = Where;
        var (vectors, neighbours) = recipe.HasSubstitutes ? Substitutes(recipe.Name, folder) : (null, null);
        var tags = recipe.HasPartOfSpeech && recipe.Options.PartOfSpeech;
        var places = new Dictionary<string, string?>
        {
            [ResourceKinds.WordVectors] = vectors,
            [ResourceKinds.Neighbours] = neighbours,
            [ResourceKinds.StopWords] = StopWords ?? folder.Find(recipe.StopWordsKind),
            [ResourceKinds.Tagger] = tags ? Tagger ?? folder.Find(ResourceKinds.Tagger) : null,
            [ResourceKinds.TagMap] = tags ? TagMap ?? folder.Find(ResourceKinds.TagMap) : null,
            [ResourceKinds.SentenceEncoder] = recipe.EncoderFolder(models),
        };
        if (recipe.WordSource is { } source)
            places[source] = Place(recipe);
        return ResourceField
            .All.Select(f => (f.Name, Place: places.GetValueOrDefault(f.Kind)))
            .Where(f => f.Place is not null)
            .ToDictionary(f => f.Name, f => f.Place!);
    }

    /// <summary>Reads the lexical files, without models.</summary>
    internal AttackParts Read(AttackRecipe recipe)
    {
        var folder = Where;
        _ = recipe.WordSource is null ? null : Place(recipe);
        var (vectors, neighbours) = recipe.HasSubstitutes ? Substitutes(recipe.Name, folder) : (null, null);
        var tagger =
            !recipe.HasPartOfSpeech || !recipe.Options.PartOfSpeech
                ? null
                : Tagger ?? folder.Required(ResourceKinds.Tagger);
        return LexicalFiles.Read(
            vectors,
            neighbours,
            StopWords ?? folder.Find(recipe.StopWordsKind),
            tagger,
            TagMap ?? folder.Find(ResourceKinds.TagMap),
            folder.Computed,
            MaxUnpackedBytes
        );
    }

    /// <summary>
    /// Sources of substitute words for training: neighbours, WordNet, and the stop words of
    /// TextFooler and of the other attacks. Only requested files are read.
    /// </summary>
    /// <param name="who">The requester, for errors.</param>
    /// <param name="neighbours">Whether to read neighbours.</param>
    /// <param name="wordNet">Whether to read WordNet.</param>
    /// <exception cref="DataException">A file is missing or malformed.</exception>
    internal (AttackParts Parts, StopWords Nltk, ResourceInfo NltkInfo) ForTraining(
        string who,
        bool neighbours,
        bool wordNet
    )
    {
        var folder = Where;
        var read = wordNet ? WordNetForTraining() : null;
        var (vectors, table) = neighbours ? Substitutes(who, folder) : (null, null);
        var parts = LexicalFiles.Read(
            vectors,
            table,
            StopWords ?? folder.Find(ResourceKinds.StopWords),
            computed: folder.Computed,
            maxUnpackedBytes: MaxUnpackedBytes
        );
        if (read is not null)
            parts = parts with { WordNet = read, Files = [.. parts.Files, read.Info] };
        var nltk = LexicalFiles.Read(stopWordFile: StopWords ?? folder.Find(ResourceKinds.NltkStopWords));
        return (parts, nltk.StopWords, nltk.Files[0] with { Kind = ResourceKinds.NltkStopWords });
    }

    /// <summary>WordNet as a source of substitute words for training.</summary>
    /// <exception cref="DataException">It is missing or malformed.</exception>
    internal WordNet WordNetForTraining() =>
        RobustTickets.Attacks.Resources.WordNet.Read(WordNet ?? Where.Required(ResourceKinds.WordNet));

    // If either source is named, the folder is ignored: its table must not override named vectors.
    private (string? Vectors, string? Neighbours) Substitutes(string who, ResourceFolder folder)
    {
        if (Vectors is not null || Neighbours is not null)
            return (Vectors, Neighbours);
        var (vectors, neighbours) = (folder.Find(ResourceKinds.WordVectors), folder.Find(ResourceKinds.Neighbours));
        return vectors is not null || neighbours is not null
            ? (vectors, neighbours)
            : throw new MissingResourceException(
                ResourceKinds.TryFind(ResourceKinds.WordVectors)!,
                $"{who} has no source of substitute words; give word vectors or a neighbour table, or: "
                    + folder.Missing(ResourceKinds.WordVectors)
            );
    }

    private string Place(AttackRecipe recipe) =>
        (recipe.TakesWordNet ? WordNet : MaskedLM) ?? Where.Required(recipe.WordSource!);

    private static RequestException NoModels(string field, string what) =>
        new(
            field,
            null,
            $"{what} is a model, but no model loader was given; pass AttackModels (package "
                + "RobustTickets) or OnnxModels (package RobustTickets.OnnxRuntime), or your own parts "
                + "(AttackParts)"
        );
}
