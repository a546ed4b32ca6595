// The options that make an attack recipe and its resources.
using System.CommandLine;
using System.Globalization;
using RobustTickets.Cli.Commands;
using RobustTickets.Cli.Resources;
using RobustTickets.Text.Attacks;
using RobustTickets.Text.Attacks.Goals;
using RobustTickets.Text.Attacks.Engine;
using RobustTickets.Text.Attacks.Recipes;
using RobustTickets.Text.Attacks.Resources;

namespace RobustTickets.Cli.Attacks;

/// <summary>The attack options of one command.</summary>
internal sealed class AttackOptionSet
{
    private static readonly string[] Recipes = ["textfooler", "bert-attack-released"];

    private readonly Option<string> _recipe = new("--recipe") { Description = "attack recipe", DefaultValueFactory = _ => "textfooler" };
    private readonly Option<string?> _vectors = FileOption("--vectors", "word vectors: text or word2vec .bin, may be .gz (TextFooler's are the counter-fitted vectors)");
    private readonly Option<string?> _neighbours = FileOption("--neighbours", "table of substitutes (.json or .tsv, may be .gz) instead of neighbours computed from the vectors");
    private readonly Option<string?> _stopWords = FileOption("--stop-words", "words that stay, one a line; default: a built-in list");
    private readonly Option<string?> _tagger = FileOption("--tagger", "averaged perceptron weights (.json, may be .gz); without it parts of speech are not compared");
    private readonly Option<string?> _tagMap = FileOption("--tag-map", "Penn Treebank tags to universal tags; default: the built-in map");
    private readonly Option<string?> _encoder = new("--encoder") { Description = "BERT folder whose mean-pooled last layer measures sentence similarity; default: the checkpoint the victim was trained from", HelpName = "DIR" };
    private readonly Option<double?> _similarity = new("--similarity-threshold") { Description = "smallest sentence similarity; default: the recipe's", HelpName = "X" };
    private readonly Option<bool> _noSimilarity = new("--no-similarity") { Description = "attack without a sentence-similarity constraint; the summary says so" };
    private readonly Option<string> _compat = new("--compat") { Description = "TextAttack release that is followed", DefaultValueFactory = _ => "0.3.4" };
    private readonly Option<int?> _budget = CommonOptions.Count("--query-budget", 1, "most queries an example; default: no limit");
    private readonly Option<int?> _batch = CommonOptions.Count("--batch-size", 1, "texts given to the model at once; default 64; changes speed only");
    private readonly Option<int?> _concurrency = CommonOptions.Count("--concurrency", 1, "examples attacked at the same time; default 64; changes speed only");

    public AttackOptionSet(Command command)
    {
        _recipe.AcceptOnlyFromAmong(Recipes);
        _compat.AcceptOnlyFromAmong("0.3.0", "0.3.4", "head");
        _similarity.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var x) && !(x is >= -1 and <= 1))
            {
                result.AddError($"--similarity-threshold must lie in [-1, 1], found {result.Tokens[0].Value}");
            }
        });
        foreach (var option in new Option[]
                 {
                     _recipe, _vectors, _neighbours, _stopWords, _tagger, _tagMap, _encoder, _similarity, _noSimilarity, _compat, _budget, _batch, _concurrency,
                 })
        {
            command.Add(option);
        }
    }

    /// <summary>Name of the recipe.</summary>
    public string Recipe(ParseResult parsed) => parsed.GetValue(_recipe)!;

    /// <summary>Folder of the sentence encoder as given, or null.</summary>
    public string? Encoder(ParseResult parsed) => parsed.GetValue(_encoder);

    /// <summary>Whether sentence similarity is measured at all.</summary>
    /// <exception cref="UsageException">Both an encoder (or threshold) and no similarity were asked for.</exception>
    public bool WantsSimilarity(ParseResult parsed)
    {
        if (!parsed.GetValue(_noSimilarity)) return true;
        if (parsed.GetValue(_encoder) is not null || parsed.GetValue(_similarity) is not null)
        {
            throw new UsageException("--no-similarity cannot be combined with --encoder or --similarity-threshold");
        }
        return false;
    }

    /// <summary>How fast the engine runs.</summary>
    public AttackEngineOptions Engine(ParseResult parsed)
    {
        var batch = parsed.GetValue(_batch) ?? 64;
        return new AttackEngineOptions(batch, batch, parsed.GetValue(_concurrency) ?? 64);
    }

    /// <summary>Reads the resource files: those named on the command line, else those of the user's resource folder.</summary>
    /// <exception cref="Text.DataException">There is no source of substitutes, or a file is missing or malformed.</exception>
    public AttackResources Resources(ParseResult parsed)
    {
        var folder = ResourceFolder.OfUser();
        var (vectors, neighbours) = (parsed.GetValue(_vectors), parsed.GetValue(_neighbours));
        // A source of substitutes that was named is meant alone: the folder's table must not override named vectors.
        if (vectors is null && neighbours is null) (vectors, neighbours) = (folder.Find("word-vectors"), folder.Find("neighbours"));
        return AttackResources.Load(new AttackResourcePaths(
            vectors,
            neighbours,
            parsed.GetValue(_stopWords) ?? folder.Find("stop-words"),
            parsed.GetValue(_tagger) ?? folder.Find("tagger"),
            parsed.GetValue(_tagMap) ?? folder.Find("tag-map")));
    }

    /// <summary>Builds the attack.</summary>
    public Attack Attack(ParseResult parsed, AttackResources resources, ISentenceEncoder? encoder)
    {
        var threshold = parsed.GetValue(_similarity);
        var budget = parsed.GetValue(_budget);
        var version = parsed.GetValue(_compat) switch
        {
            "0.3.0" => TextAttackVersion.V030,
            "head" => TextAttackVersion.Head,
            _ => TextAttackVersion.V034,
        };
        // Scores tie as in TextAttack, which keeps the float32 of the model.
        if (Recipe(parsed) == "bert-attack-released")
        {
            var o = new BertAttackReleasedOptions(encoder, QueryBudget: budget, Precision: ScorePrecision.Single, Version: version);
            return BertAttackReleased.Create(resources, threshold is { } t ? o with { SimilarityThreshold = t } : o);
        }
        var textFooler = new TextFoolerOptions(encoder, QueryBudget: budget, Precision: ScorePrecision.Single, Version: version);
        return TextFooler.Create(resources, threshold is { } x ? textFooler with { SimilarityThreshold = x } : textFooler);
    }

    private static Option<string?> FileOption(string name, string description) => new(name) { Description = description, HelpName = "FILE" };
}
