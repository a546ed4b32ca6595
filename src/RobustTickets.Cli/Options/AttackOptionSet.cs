// Options that define an attack recipe and the paths of its resources; resources without a path
// come from the user's resource folder.
using System.CommandLine;
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Cli.Options;

/// <summary>The attack options of one command.</summary>
internal sealed class AttackOptionSet
{
    private const string Default = "textfooler";
    private const string WithoutResources = "deepwordbug";

    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "attack recipe; default: textfooler, or deepwordbug if word vectors or a tagger are missing",
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
        "words to keep, one per line; default: the recipe's list in the resource folder, else a built-in list"
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
    private readonly Option<double?> _similarity = CommonOptions.Number(
        "--similarity-threshold",
        "X",
        "minimum sentence similarity; default: the recipe's",
        x => x is >= -1 and <= 1,
        "must lie in [-1, 1]"
    );
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
        Description = "TextAttack release to follow",
        DefaultValueFactory = _ => "0.3.4",
    };
    private readonly Option<string> _stream = new("--random-stream")
    {
        Description =
            "random numbers of textbugger and deepwordbug: one stream per example, or TextAttack's single stream per "
            + "run (one example at a time; every outcome depends on the earlier ones)",
        DefaultValueFactory = _ => "example",
    };
    private readonly Option<int?> _budget = CommonOptions.Count(
        "--query-budget",
        1,
        "maximum queries per example; default: no limit"
    );
    private readonly Option<double?> _time = CommonOptions.Number(
        "--time-limit",
        "SECONDS",
        "maximum seconds of work per example (including its share of batches), after which the best text so "
            + "far counts; outcomes then depend on the machine",
        x => x is >= 1e-6 and <= 1e9,
        "must be at least 0.000001 and at most 1,000,000,000"
    );
    private readonly Option<int?> _restarts = CommonOptions.Count(
        "--restarts",
        1,
        "further tries in random word orders on examples that resist; the attack succeeds if any try succeeds"
    );
    private readonly Option<double?> _heldOut = CommonOptions.Number(
        "--held-out-words",
        "SHARE",
        "use only substitutions of the words that training with this held-out-share excludes; a third if no "
            + "number is given (recipes with a dictionary)"
    );
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

    // Without a recipe name, any of these options selects the default recipe.
    private readonly Option[] _ofTextFooler;
    private readonly Option[] _all;

    public AttackOptionSet(Command command)
    {
        _ofTextFooler = [_vectors, _neighbours, _tagger, _tagMap, _encoder, _similarity, _noSimilarity, _noTagger];
        _recipe.AcceptOnlyFromAmong([.. AttackRecipe.All.Select(r => r.Name)]);
        _compat.AcceptOnlyFromAmong([.. TextAttackVersions.ByName.Keys]);
        _stream.AcceptOnlyFromAmong("example", "run");
        _heldOut.Arity = ArgumentArity.ZeroOrOne;
        _all =
        [
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
            _restarts,
            _heldOut,
            _batch,
            _concurrency,
        ];
        foreach (var option in _all)
            command.Add(option);
    }

    /// <summary>Whether any attack option was given.</summary>
    public bool AnyGiven(ParseResult parsed) => _all.Any(o => parsed.GetResult(o) is { Implicit: false });

    /// <summary>
    /// Why another recipe replaces the default one (missing resources); null if none does.
    /// </summary>
    public string? Lacking(ParseResult parsed)
    {
        if (parsed.GetValue(_recipe) is not null || _ofTextFooler.Any(o => parsed.GetResult(o) is { Implicit: false }))
            return null;
        var folder = ResourceFolder.OfUser();
        var words =
            folder.Find(ResourceKinds.WordVectors) is not null || folder.Find(ResourceKinds.Neighbours) is not null;
        var tagger = folder.Find(ResourceKinds.Tagger) is not null;
        if (words && tagger)
            return null;
        string[] missing =
        [
            .. words
                ? Array.Empty<string>()
                : ["word vectors or a neighbour table ('resources build word-vectors' builds vectors)"],
            .. tagger ? Array.Empty<string>() : ["a tagger"],
        ];
        return $"{Default} needs {string.Join(" and ", missing)}, not found in {folder.Path}; using recipe "
            + $"{WithoutResources}; --recipe {Default} shows what is missing";
    }

    private string RecipeName(ParseResult parsed) =>
        parsed.GetValue(_recipe) ?? (Lacking(parsed) is null ? Default : WithoutResources);

    /// <summary>Builds the recipe from options and resource paths; reads no file.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="seed">Random seed of the recipe.</param>
    /// <exception cref="RequestException">An option does not apply to the recipe.</exception>
    /// <param name="maxUnpackedBytes">Maximum unpacked size of a compressed resource.</param>
    public AttackRecipe Read(ParseResult parsed, int seed, long maxUnpackedBytes = DataOptions.UnpackedBytes)
    {
        var recipe = AttackRecipe.Find(RecipeName(parsed)) with
        {
            Options = new AttackOptions(
                Similarity: !parsed.GetValue(_noSimilarity),
                SimilarityThreshold: parsed.GetValue(_similarity),
                PartOfSpeech: !parsed.GetValue(_noTagger),
                QueryBudget: parsed.GetValue(_budget),
                TimeLimit: parsed.GetValue(_time) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
                Version: TextAttackVersions.ByName[parsed.GetValue(_compat)!],
                Randomness: parsed.GetValue(_stream) == "run"
                    ? new StreamPerRun((uint)seed)
                    : new StreamPerExample((uint)seed),
                Restarts: parsed.GetValue(_restarts) ?? 0,
                HeldOutShare: parsed.GetResult(_heldOut) is { Implicit: false }
                    ? parsed.GetValue(_heldOut) ?? HeldOutWords.Third
                    : 0
            ),
            Resources = new ResourceFiles(
                parsed.GetValue(_vectors),
                parsed.GetValue(_neighbours),
                parsed.GetValue(_stopWords),
                parsed.GetValue(_tagger),
                parsed.GetValue(_tagMap),
                parsed.GetValue(_encoder),
                parsed.GetValue(_wordNet),
                parsed.GetValue(_maskedLm),
                MaxUnpackedBytes: maxUnpackedBytes
            ),
        };
        recipe.Refuse();
        return recipe;
    }

    /// <summary>Speed options of the attack engine.</summary>
    public AttackEngineOptions Engine(ParseResult parsed)
    {
        var batch = parsed.GetValue(_batch) ?? 64;
        return new AttackEngineOptions(batch, batch, parsed.GetValue(_concurrency) ?? 64);
    }

    private static Option<string?> PathOption(string name, string help, string description) =>
        new(name) { Description = description, HelpName = help };
}
