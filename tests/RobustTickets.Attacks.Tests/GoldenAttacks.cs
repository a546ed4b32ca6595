using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Testing;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// The folder golden/attacks: inputs, toy models, and the attack of each set (the table in its
/// README).
/// </summary>
internal sealed class GoldenAttacks
{
    private static readonly Lazy<GoldenAttacks?> Loaded = new(() =>
        Golden.Folder("attacks") is { } folder ? new GoldenAttacks(folder) : null
    );

    // Read when asked for: a test that needs none of a file runs without it.
    private readonly Lazy<WordVectors> _vectors;
    private readonly Lazy<NeighbourTable> _neighbours;
    private readonly Lazy<ToyEncoder> _encoder;
    private readonly Lazy<ToyMaskedLanguageModel> _masked;
    private readonly Lazy<StopWords> _textFoolerWords;
    private readonly Lazy<StopWords> _nltkWords;
    private readonly Dictionary<string, ToyVictim> _victims = [];
    private readonly Dictionary<string, List<Example>> _inputs = [];

    private GoldenAttacks(string folder)
    {
        Folder = folder;
        _vectors = Lazily("toy_vectors.txt", path => WordVectorReader.Read(path));
        _neighbours = Lazily("toy_neighbours.tsv", path => NeighbourTable.Read(path));
        _encoder = Lazily("toy_vectors.txt", path => new ToyEncoder(path));
        _masked = Lazily("toy_wordpiece_vocab.txt", path => new ToyMaskedLanguageModel(File.ReadLines(path)));
        _textFoolerWords = Lazily("stopwords_textfooler.txt", path => StopWords.Read(path));
        _nltkWords = Lazily("stopwords_nltk_english_179.txt", path => StopWords.Read(path));

        Lazy<T> Lazily<T>(string name, Func<string, T> read) => new(() => read(Resource(name)));
    }

    public static GoldenAttacks? Instance => Loaded.Value;

    /// <summary>
    /// The real tagger's weights, beside the golden folder; null when they are not there.
    /// </summary>
    public static PerceptronTagger? Tagger => LazyTagger.Value;

    private static readonly Lazy<PerceptronTagger?> LazyTagger = new(() =>
        TaggerPath is { } path ? PerceptronTagger.Read(path) : null
    );

    public static string? TaggerPath
    {
        get =>
            Golden
                .SharedRoots.Select(r => Path.Combine(r, "data", "attack_resources", "perceptron_tagger.json.gz"))
                .FirstOrDefault(File.Exists);
    }

    /// <summary>
    /// WordNet 3.0 as Debian's wordnet-base installs it; null when it is not there.
    /// </summary>
    public static WordNet? WordNet => LazyWordNet.Value;

    /// <summary>Where Debian's package puts it; null when it is not installed.</summary>
    public static string? WordNetFolder => Directory.Exists("/usr/share/wordnet") ? "/usr/share/wordnet" : null;

    private static readonly Lazy<WordNet?> LazyWordNet = new(() =>
        WordNetFolder is { } folder ? WordNet.Read(folder) : null
    );

    /// <summary>What a set needs and this machine lacks; null: nothing.</summary>
    public static string? Missing(string set) =>
        !Sets.ContainsKey(Parse(set).Form) ? "no attack of that name"
        : Of(set).Tagger && Tagger is null ? "no tagger weights"
        : Of(set).WordNet && WordNet is null ? "no WordNet; Debian's wordnet-base"
        : null;

    public string Folder { get; }

    public WordVectors Vectors => _vectors.Value;

    public NeighbourTable Neighbours => _neighbours.Value;

    public ToyEncoder Encoder => _encoder.Value;

    public ToyMaskedLanguageModel Masked => _masked.Value;

    public StopWords TextFoolerWords => _textFoolerWords.Value;

    public StopWords NltkWords => _nltkWords.Value;

    /// <summary>A file of the resources; a test that needs a missing one is skipped.</summary>
    public static string Resource(string name) => Golden.Required("attacks", "resources", name);

    public ToyVictim Victim(string inputs)
    {
        lock (_victims)
        {
            if (!_victims.TryGetValue(inputs, out var victim))
                _victims[inputs] = victim = new ToyVictim(Resource($"victim_{inputs}.json"));
            return victim;
        }
    }

    public List<Example> Inputs(string name)
    {
        lock (_inputs)
        {
            if (_inputs.TryGetValue(name, out var known))
                return known;
            var read = File.ReadLines(Golden.Required("attacks", "inputs", name + ".jsonl"))
                .Select(line =>
                {
                    using var json = JsonDocument.Parse(line);
                    var root = json.RootElement;
                    return new Example(
                        root.GetProperty("id").GetRawText(),
                        Columns(root.GetProperty("input")),
                        root.GetProperty("label").GetInt32()
                    );
                })
                .ToList();
            return _inputs[name] = read;
        }
    }

    public static List<KeyValuePair<string, string>> Columns(JsonElement e) =>
        e.ValueKind == JsonValueKind.String
            ? [new("text", e.GetString()!)]
            : [.. e.EnumerateObject().Select(p => new KeyValuePair<string, string>(p.Name, p.Value.GetString()!))];

    public static TextAttackVersion? VersionOf(string folder) =>
        folder switch
        {
            "v0.3.0" => TextAttackVersion.V030,
            "v0.3.4" => TextAttackVersion.V034,
            "HEAD" => TextAttackVersion.Head,
            _ => null,
        };

    private static readonly Regex Sized = new(
        "^(tf_budget|tf_news|tb_np|dwb_np|beam|greedy|bertattack_k|bae_k)([0-9]+)$",
        RegexOptions.CultureInvariant
    );

    /// <summary>
    /// The name of a set with a star in the place of a number (a budget, a seed, a width, a K), and
    /// that number.
    /// </summary>
    public static (string Form, int Size) Parse(string set) =>
        Sized.Match(set) is { Success: true } m
            ? (m.Groups[1].Value + "*", int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture))
            : (set, 0);

    /// <summary>What is known of a set.</summary>
    public static GoldenSet Of(string set) =>
        Sets.TryGetValue(Parse(set).Form, out var known)
            ? known
            : throw new ArgumentException(
                $"the golden folder holds a set '{set}' that no attack here stands for",
                nameof(set)
            );

    /// <summary>The sets of a version's folder.</summary>
    public IEnumerable<string> SetsOf(string version) =>
        Directory
            .GetFiles(Path.Combine(Folder, version), "*.jsonl")
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Where(n => !n.StartsWith("unit_", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    /// <summary>The sets implemented here, by form.</summary>
    public static readonly IReadOnlyDictionary<string, GoldenSet> Sets = new Dictionary<string, GoldenSet>
    {
        ["tf_basic"] = new("sentiment"),
        ["tf_pos"] = new("sentiment", Tagger: true),
        ["tf_full"] = new("sentiment", Tagger: true),
        ["tf_window_strict"] = new("sentiment"),
        ["tf_unk_maxrate"] = new("sentiment", WordRanking.Unknown),
        ["tf_budget*"] = new("sentiment"),
        ["tf_news*"] = new("news"),
        ["tf_pairs"] = new("nli", Tagger: true),
        ["tf_pairs_allcols"] = new("nli"),
        ["tb_all"] = new("sentiment"),
        ["tb_lcg"] = new("sentiment"),
        ["tb_np*"] = new("sentiment"),
        ["dwb_lcg"] = new("sentiment", WordRanking.Unknown),
        ["dwb_np*"] = new("sentiment", WordRanking.Unknown),
        ["pwws_embedding"] = new("sentiment", Ranking: null),
        ["pwws_wordnet"] = new("sentiment", Ranking: null, WordNet: true),
        ["beam*"] = new("sentiment", Ranking: null),
        ["greedy*"] = new("sentiment", Ranking: null),
        ["paper_bertattack"] = new("sentiment", Tagger: true),
        ["paper_bertattack_strict"] = new("sentiment", Tagger: true),
        ["paper_bertattack_pairs"] = new("nli", Tagger: true),
        ["bertattack_k*"] = new("sentiment", WordRanking.Unknown),
        ["bae_k*"] = new("sentiment", Tagger: true),
    };

    /// <summary>The attack of a set.</summary>
    public Attack Attack(string set, TextAttackVersion version)
    {
        var (form, size) = Parse(set);
        var textFooler = set.StartsWith("tf_", StringComparison.Ordinal);
        List<PositionConstraint> positions =
        [
            new NoRepeat(),
            new NoStopWords(textFooler ? TextFoolerWords : NltkWords),
        ];
        List<CandidateConstraint> constraints = [];
        var premise = new FrozenColumn(["premise", "hypothesis"], "premise");
        ISearch search = new GreedyWordRanking(set == "tf_unk_maxrate" ? WordRanking.Unknown : WordRanking.Delete);
        var count = 50;
        Transformation? swap = null;
        void Cosine(double minimum) => constraints.Add(new MinWordCosine(Vectors, minimum));
        void Pos() => constraints.Add(new SamePartOfSpeech(Tagger!));
        void Similar(double threshold, SimilarityMetric metric, bool original, int? window, bool skip) =>
            constraints.Add(new SentenceSimilarity(Encoder, threshold, metric, window, original, skip));
        switch (form)
        {
            case "tf_basic" or "tf_budget*":
                positions.Add(premise);
                Cosine(0.5);
                break;
            case "tf_pos":
                positions.Add(premise);
                Cosine(0.5);
                Pos();
                break;
            case "tf_full" or "tf_pairs":
                positions.Add(premise);
                Cosine(0.5);
                Pos();
                Similar(0.93, SimilarityMetric.Angular, false, 15, true);
                break;
            case "tf_window_strict":
                Similar(0.92, SimilarityMetric.Angular, true, 15, false);
                break;
            case "tf_unk_maxrate":
                positions.Add(new MaxModificationRate(0.15, 2));
                Cosine(0.6);
                break;
            case "tf_news*":
                Cosine(0.5);
                Similar(0.93, SimilarityMetric.Angular, false, 15, true);
                break;
            case "tf_pairs_allcols":
                Cosine(0.5);
                break;
            case "beam*" or "greedy*":
                positions.Add(new MaxModificationRate(0.25, 2));
                search = new BeamSearch(size);
                count = 6;
                break;
            case "tb_all" or "tb_lcg" or "tb_np*":
                swap = TextBuggerRecipe.Transformation(Neighbours, randomPlaces: set != "tb_all");
                Similar(0.9, SimilarityMetric.Angular, true, null, false);
                break;
            case "dwb_lcg" or "dwb_np*":
                swap = DeepWordBugRecipe.Transformation();
                search = new GreedyWordRanking(WordRanking.Unknown);
                constraints.Add(new MaxEditDistance(30));
                break;
            case "pwws_embedding":
                search = new WeightedSaliency();
                count = 8;
                break;
            case "pwws_wordnet":
                search = new WeightedSaliency();
                swap = new WordNetSwap(WordNet!, version);
                break;
            case "paper_bertattack" or "paper_bertattack_strict" or "paper_bertattack_pairs":
                positions.Add(new FrozenColumn(["sentence1", "sentence2"], "sentence1"));
                positions.Add(new FrozenColumn(["sentence", "question"], "sentence"));
                Pos();
                Similar(
                    set.EndsWith("strict", StringComparison.Ordinal) ? 0.97 : 0.2,
                    SimilarityMetric.Cosine,
                    true,
                    15,
                    false
                );
                break;
            case "bertattack_k*":
                search = new GreedyWordRanking(WordRanking.Unknown);
                swap = new BertAttackSwap(Masked, size);
                constraints.Add(new MaxWordsPerturbed(0.4));
                Similar(0.9, SimilarityMetric.Cosine, true, null, false);
                break;
            case "bae_k*":
                swap = new BaeSwap(Masked, size, 5e-4);
                Pos();
                Similar(0.936338023, SimilarityMetric.Cosine, true, 15, true);
                break;
            default:
                throw new ArgumentException($"no such set '{set}'", nameof(set));
        }
        return new Attack(
            set,
            version,
            new UntargetedGoal(ScorePrecision.Double),
            search,
            swap ?? new EmbeddingSwap(Neighbours, count),
            positions,
            constraints,
            form == "tf_budget*" ? size : null,
            [],
            []
        )
        {
            Randomness =
                set.EndsWith("_lcg", StringComparison.Ordinal) ? new LcgPerExample()
                : form.EndsWith("_np*", StringComparison.Ordinal) ? new StreamPerRun((uint)size)
                : new StreamPerExample(),
        };
    }

    public static List<AttackOutcome> Run(
        Attack attack,
        IVictim victim,
        IReadOnlyList<Example> inputs,
        AttackEngineOptions? options = null
    ) => new AttackEngine(attack, victim, options).RunAsync(inputs).ToBlockingEnumerable().ToList();
}

/// <summary>A set of golden rows.</summary>
/// <param name="Inputs">Its inputs.</param>
/// <param name="Ranking">How words are ranked; null: not by one score a word.</param>
/// <param name="Tagger">Whether the part-of-speech tagger is needed.</param>
/// <param name="WordNet">Whether WordNet is needed.</param>
internal sealed record GoldenSet(
    string Inputs,
    WordRanking? Ranking = WordRanking.Delete,
    bool Tagger = false,
    bool WordNet = false
);

/// <summary>
/// The generator of the *_lcg sets: one linear congruential generator for numbers and choices,
/// reset at every example.
/// </summary>
/// <param name="DrawsForOne">Whether a choice of one draws, as it does in the sets.</param>
internal sealed record LcgPerExample(bool DrawsForOne = true) : RandomPlan
{
    public override string Description => "linear congruential generator of the golden sets";

    public override bool SharesStream => false;

    /// <summary>Where draws are counted, by example.</summary>
    public ConcurrentDictionary<string, int>? Draws { get; init; }

    public override Func<string, IRandomSource> Begin() => id => new Lcg(this, id);

    private sealed class Lcg(LcgPerExample plan, string id) : IRandomSource
    {
        private uint _x = 12345;

        public int Integer(int low, int high)
        {
            plan.Draws?.AddOrUpdate(id, 1, (_, n) => n + 1);
            _x = (1103515245u * _x + 12345u) & 0x7fffffffu;
            return low + (int)((_x >> 8) % (uint)(high - low));
        }

        public int Choice(int count) => count == 1 && !plan.DrawsForOne ? 0 : Integer(0, count);
    }
}
