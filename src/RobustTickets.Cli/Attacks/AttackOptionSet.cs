// The options that make an attack recipe and its resources. What is not named is taken from the
// user's resource folder.
using System.CommandLine;
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli.Commands;
using RobustTickets.Cli.Resources;
using RobustTickets.Evaluation;

namespace RobustTickets.Cli.Attacks;

/// <summary>The attack options of one command.</summary>
internal sealed class AttackOptionSet : IDisposable
{
    private readonly Option<string> _recipe = new("--recipe")
    {
        Description = "attack recipe",
        DefaultValueFactory = _ => "textfooler",
    };
    private readonly Option<string?> _vectors = PathOption(
        "--vectors",
        "FILE",
        "word vectors: text or word2vec .bin, may be .gz (TextFooler's are the counter-fitted vectors)"
    );
    private readonly Option<string?> _neighbours = PathOption(
        "--neighbours",
        "FILE",
        "table of substitutes (.json or .tsv, may be .gz) instead of neighbours computed from the vectors"
    );
    private readonly Option<string?> _stopWords = PathOption(
        "--stop-words",
        "FILE",
        "words that stay, one a line; default: the recipe's list in the resource folder, else a built-in list"
    );
    private readonly Option<string?> _tagger = PathOption(
        "--tagger",
        "FILE",
        "averaged perceptron weights (.json, may be .gz), for recipes that compare parts of speech"
    );
    private readonly Option<string?> _tagMap = PathOption(
        "--tag-map",
        "FILE",
        "Penn Treebank tags to universal tags; default: the built-in map"
    );
    private readonly Option<string?> _encoder = PathOption(
        "--encoder",
        "DIR",
        "BERT folder whose mean-pooled last layer measures sentence similarity; default: the resource "
            + "sentence-encoder, else the checkpoint the victim was trained from"
    );
    private readonly Option<string?> _wordNet = PathOption("--wordnet", "DIR", "WordNet dict folder, for pwws");
    private readonly Option<string?> _maskedLm = PathOption(
        "--masked-lm",
        "DIR",
        "BERT folder with a masked-language-model head, for bert-attack and bae"
    );
    private readonly Option<double?> _similarity = new("--similarity-threshold")
    {
        Description = "smallest sentence similarity; default: the recipe's",
        HelpName = "X",
    };
    private readonly Option<bool> _noSimilarity = new("--no-similarity")
    {
        Description = "attack without a sentence-similarity constraint; the summary says so",
    };
    private readonly Option<bool> _noTagger = new("--no-part-of-speech")
    {
        Description = "attack without comparing parts of speech; the summary says so",
    };
    private readonly Option<string> _compat = new("--compat")
    {
        Description = "TextAttack release that is followed",
        DefaultValueFactory = _ => "0.3.4",
    };
    private readonly Option<string> _stream = new("--random-stream")
    {
        Description =
            "random numbers of textbugger and deepwordbug: a stream per example, or TextAttack's one stream "
            + "through the run (one example at a time, every outcome depends on those before it)",
        DefaultValueFactory = _ => "example",
    };
    private readonly Option<int?> _budget = CommonOptions.Count(
        "--query-budget",
        1,
        "most queries an example; default: no limit"
    );
    private readonly Option<double?> _time = new("--time-limit")
    {
        Description =
            "most seconds of work an example (its share of batches included), then the best text so far "
            + "counts; outcomes then depend on the machine",
        HelpName = "SECONDS",
    };
    private readonly Option<int?> _batch = CommonOptions.Count(
        "--batch-size",
        1,
        "texts given to the model at once; default 64; changes speed only"
    );
    private readonly Option<int?> _concurrency = CommonOptions.Count(
        "--concurrency",
        1,
        "examples attacked at the same time; default 64; changes speed only"
    );

    private readonly List<IDisposable> _owned = [];

    /// <summary>The releases that can be followed, by their name on the command line.</summary>
    public static IReadOnlyDictionary<string, TextAttackVersion> Versions { get; } =
        new Dictionary<string, TextAttackVersion>
        {
            ["0.3.0"] = TextAttackVersion.V030,
            ["0.3.4"] = TextAttackVersion.V034,
            ["head"] = TextAttackVersion.Head,
        };

    public AttackOptionSet(Command command)
    {
        _recipe.AcceptOnlyFromAmong([.. AttackRecipes.All.Select(r => r.Name)]);
        _compat.AcceptOnlyFromAmong([.. Versions.Keys]);
        _stream.AcceptOnlyFromAmong("example", "run");
        _similarity.Validators.Add(result =>
            Check(
                result.Tokens.Count == 1 ? result.Tokens[0].Value : "",
                x => x is >= -1 and <= 1,
                "--similarity-threshold must lie in [-1, 1]",
                result.AddError
            )
        );
        _time.Validators.Add(result =>
            Check(
                result.Tokens.Count == 1 ? result.Tokens[0].Value : "",
                x => x > 0,
                "--time-limit must be above 0",
                result.AddError
            )
        );
        foreach (
            var option in new Option[]
            {
                _recipe,
                _vectors,
                _neighbours,
                _stopWords,
                _tagger,
                _tagMap,
                _encoder,
                _wordNet,
                _maskedLm,
                _similarity,
                _noSimilarity,
                _noTagger,
                _compat,
                _stream,
                _budget,
                _time,
                _batch,
                _concurrency,
            }
        )
        {
            command.Add(option);
        }
    }

    /// <summary>The recipe.</summary>
    public AttackRecipeEntry Recipe(ParseResult parsed) => AttackRecipes.Find(parsed.GetValue(_recipe)!);

    /// <summary>
    /// Folder of the sentence encoder: as given, else the resource folder's; null when there is
    /// neither.
    /// </summary>
    public string? Encoder(ParseResult parsed) =>
        parsed.GetValue(_encoder) ?? ResourceFolder.OfUser().Find("sentence-encoder");

    /// <summary>Whether sentence similarity is measured at all.</summary>
    /// <exception cref="UsageException">Both an encoder (or threshold) and no similarity were asked
    /// for, or the recipe has no such constraint.</exception>
    public bool WantsSimilarity(ParseResult parsed)
    {
        var asked = parsed.GetValue(_encoder) is not null || parsed.GetValue(_similarity) is not null;
        if (!Recipe(parsed).Similarity)
        {
            return asked
                ? throw new UsageException(
                    $"--recipe {Recipe(parsed).Name} has no sentence-similarity constraint; leave --encoder and "
                        + "--similarity-threshold out"
                )
                : false;
        }
        if (!parsed.GetValue(_noSimilarity))
            return true;
        return asked
            ? throw new UsageException("--no-similarity cannot be combined with --encoder or --similarity-threshold")
            : false;
    }

    /// <summary>How fast the engine runs.</summary>
    public AttackEngineOptions Engine(ParseResult parsed)
    {
        var batch = parsed.GetValue(_batch) ?? 64;
        return new AttackEngineOptions(batch, batch, parsed.GetValue(_concurrency) ?? 64);
    }

    /// <summary>
    /// Reads the resource files: those named on the command line, else those of the user's resource
    /// folder.
    /// </summary>
    /// <exception cref="DataException">There is no source of substitutes, or a file is missing or
    /// malformed.</exception>
    public AttackResources Resources(ParseResult parsed)
    {
        var folder = ResourceFolder.OfUser();
        var recipe = Recipe(parsed);
        RefuseUnused(parsed, recipe);
        _ = recipe.Further is { } further ? Place(parsed, further) : null;
        var (vectors, neighbours) = (parsed.GetValue(_vectors), parsed.GetValue(_neighbours));
        // A source of substitutes that was named is meant alone: the folder's table must not
        // override named vectors.
        if (vectors is null && neighbours is null && recipe.Substitutes)
        {
            (vectors, neighbours) = (folder.Find("word-vectors"), folder.Find("neighbours"));
            if (vectors is null && neighbours is null)
            {
                throw new DataException(
                    $"--recipe {recipe.Name} has no source of substitute words; name one with --vectors or "
                        + $"--neighbours, or: {folder.Missing(ResourceKinds.TryFind("word-vectors")!)}"
                );
            }
        }
        return AttackResources.Load(
            new AttackResourcePaths(
                vectors,
                neighbours,
                parsed.GetValue(_stopWords) ?? folder.Find(recipe.StopWords),
                Tagger(parsed, recipe, folder),
                parsed.GetValue(_tagMap) ?? folder.Find("tag-map"),
                folder.Computed
            ),
            recipe.Substitutes
        );
    }

    /// <summary>Builds the attack.</summary>
    /// <exception cref="DataException">A resource of the recipe is not there.</exception>
    public Attack Attack(ParseResult parsed, AttackResources resources, ISentenceEncoder? encoder, int seed)
    {
        RandomPlan randomness =
            parsed.GetValue(_stream) == "run" ? new StreamPerRun((uint)seed) : new StreamPerExample((uint)seed);
        var parts = new AttackParts(
            resources,
            encoder,
            parsed.GetValue(_similarity),
            parsed.GetValue(_budget),
            Versions[parsed.GetValue(_compat)!],
            randomness,
            () => WordNet.Read(Place(parsed, "wordnet")),
            () => Masked(parsed)
        );
        var attack = Recipe(parsed).Create(parts);
        if (Recipe(parsed).Further == "masked-lm")
        {
            var folder = Place(parsed, "masked-lm");
            attack = attack with
            {
                Resources =
                [
                    .. attack.Resources,
                    new ResourceInfo(
                        "masked-lm",
                        Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))),
                        ResourceFolder.Hash(folder),
                        "masked language model"
                    ),
                ],
            };
        }
        return parsed.GetValue(_time) is { } seconds
            ? attack with
            {
                TimeLimit = TimeSpan.FromSeconds(seconds),
            }
            : attack;
    }

    /// <summary>Releases what building an attack has loaded.</summary>
    public void Dispose()
    {
        foreach (var model in _owned)
            model.Dispose();
        _owned.Clear();
    }

    private TorchMaskedLM Masked(ParseResult parsed)
    {
        var model = TorchMaskedLM.Load(Place(parsed, "masked-lm"));
        _owned.Add(model);
        return model;
    }

    private string Place(ParseResult parsed, string kind) =>
        parsed.GetValue(kind == "wordnet" ? _wordNet : _maskedLm) ?? ResourceFolder.OfUser().Required(kind);

    private void RefuseUnused(ParseResult parsed, AttackRecipeEntry recipe)
    {
        foreach (
            var (option, used) in new (Option<string?>, bool)[]
            {
                (_vectors, recipe.Substitutes),
                (_neighbours, recipe.Substitutes),
                (_tagger, recipe.Tagger),
                (_tagMap, recipe.Tagger),
                (_wordNet, recipe.Further == "wordnet"),
                (_maskedLm, recipe.Further == "masked-lm"),
            }
        )
        {
            if (!used && parsed.GetValue(option) is not null)
                throw new UsageException($"--recipe {recipe.Name} does not use {option.Name}; leave it out");
        }
        if (!recipe.Tagger && parsed.GetValue(_noTagger))
            throw new UsageException(
                $"--recipe {recipe.Name} does not compare parts of speech; leave --no-part-of-speech out"
            );
    }

    private string? Tagger(ParseResult parsed, AttackRecipeEntry recipe, ResourceFolder folder)
    {
        var named = parsed.GetValue(_tagger);
        if (parsed.GetValue(_noTagger))
            return named is null
                ? null
                : throw new UsageException("--no-part-of-speech cannot be combined with --tagger");
        return named ?? (recipe.Tagger ? folder.Required("tagger") : null);
    }

    // What is no number at all is told by the parser.
    private static void Check(string text, Func<double, bool> possible, string rule, Action<string> complain)
    {
        if (double.TryParse(text, CultureInfo.InvariantCulture, out var x) && !possible(x))
            complain($"{rule}, found {text}");
    }

    private static Option<string?> PathOption(string name, string help, string description) =>
        new(name) { Description = description, HelpName = help };
}
