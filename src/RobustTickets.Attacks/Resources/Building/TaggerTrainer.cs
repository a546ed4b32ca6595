// Trains the averaged perceptron (Collins 2002) of PerceptronTagger, with the features and tag
// dictionary of NLTK 3.8's PerceptronTagger.train: frequent unambiguous words get their tag from
// the dictionary; each mistake changes the weights of the 14 features by one.

namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Hyperparameters of the tagger.</summary>
/// <param name="Iterations">Passes over the sentences; at least 1.</param>
/// <param name="Seed">Seed of the sentence order.</param>
/// <param name="LeastCount">Minimum occurrences of a dictionary word.</param>
/// <param name="LeastShare">Minimum fraction of a dictionary word's occurrences with its most
/// frequent tag, in [0, 1].</param>
public sealed record TaggerOptions(int Iterations = 5, int Seed = 1, int LeastCount = 20, double LeastShare = 0.97)
{
    /// <summary>Throws if a value is out of range.</summary>
    /// <exception cref="RequestException">It is; field and value named.</exception>
    internal void Check()
    {
        if (Iterations < 1)
            throw new RequestException(nameof(Iterations), Invariant.Text($"{Iterations}"), "expected at least 1");
        if (!(LeastShare is >= 0 and <= 1))
            throw new RequestException(nameof(LeastShare), Invariant.Text($"{LeastShare}"), "expected 0 to 1");
    }
}

/// <summary>A trained tagger: the three parts of its file.</summary>
/// <param name="Classes">Tags, sorted.</param>
/// <param name="Dictionary">Word -> tag.</param>
/// <param name="Weights">Feature -> tag -> weight, without zeros.</param>
internal sealed record TrainedTagger(
    IReadOnlyList<string> Classes,
    IReadOnlyDictionary<string, string> Dictionary,
    IReadOnlyDictionary<string, IReadOnlyList<(string Tag, double Weight)>> Weights
);

/// <summary>Trains a tagger on tagged sentences.</summary>
internal sealed class TaggerTrainer
{
    private readonly TaggerOptions _options;
    private readonly string[] _classes;
    private readonly Dictionary<string, int> _index;
    private readonly Dictionary<string, int> _dictionary;
    private readonly Dictionary<string, Averaged> _features = new(StringComparer.Ordinal);
    private readonly double[] _scores;
    private long _instance;

    private TaggerTrainer(IReadOnlyList<TaggedSentence> sentences, TaggerOptions options)
    {
        _options = options;
        _classes = [.. sentences.SelectMany(s => s.Tags).Distinct().Order(Python.CodePointOrder.Instance)];
        _index = _classes.Select((tag, i) => (tag, i)).ToDictionary(p => p.tag, p => p.i, StringComparer.Ordinal);
        _scores = new double[_classes.Length];
        _dictionary = Unambiguous(sentences);
    }

    /// <summary>Trains a tagger; the same sentences and options give the same weights.</summary>
    public static TrainedTagger Train(
        IReadOnlyList<TaggedSentence> sentences,
        TaggerOptions? options = null,
        Action<BuildProgress>? progress = null,
        CancellationToken stop = default
    )
    {
        options ??= new TaggerOptions();
        var trainer = new TaggerTrainer(sentences, options);
        var order = sentences.Select(trainer.Prepare).ToArray();
        var random = new Random(options.Seed);
        for (var pass = 1; pass <= options.Iterations; pass++)
        {
            foreach (var sentence in order)
            {
                stop.ThrowIfCancellationRequested();
                trainer.Learn(sentence);
            }
            random.Shuffle(order);
            progress?.Invoke(new BuildProgress("tagger", pass, options.Iterations, "passes"));
        }
        return trainer.Result();
    }

    private Dictionary<string, int> Unambiguous(IReadOnlyList<TaggedSentence> sentences)
    {
        var counts = new Dictionary<string, int[]>(StringComparer.Ordinal);
        foreach (var sentence in sentences)
        {
            for (var i = 0; i < sentence.Words.Length; i++)
            {
                if (!counts.TryGetValue(sentence.Words[i], out var tags))
                    counts.Add(sentence.Words[i], tags = new int[_classes.Length]);
                tags[_index[sentence.Tags[i]]]++;
            }
        }
        return counts
            .Where(c => c.Value.Sum() >= _options.LeastCount && c.Value.Max() >= _options.LeastShare * c.Value.Sum())
            .ToDictionary(c => c.Key, c => c.Value.ArgMax(), StringComparer.Ordinal);
    }

    // The ten features that do not depend on tags are built once.
    private Prepared Prepare(TaggedSentence sentence)
    {
        string[] context =
        [
            "-START-",
            "-START2-",
            .. sentence.Words.Select(PerceptronTagger.Normalise),
            "-END-",
            "-END2-",
        ];
        var fixedFeatures = new string[sentence.Words.Length][];
        for (var i = 0; i < fixedFeatures.Length; i++)
        {
            var (word, at) = (sentence.Words[i], i + 2);
            fixedFeatures[i] =
            [
                "bias",
                "i suffix " + TaggerWeights.LastThree(word),
                "i pref1 " + TaggerWeights.FirstOne(word),
                "i word " + context[at],
                "i-1 word " + context[at - 1],
                "i-1 suffix " + TaggerWeights.LastThree(context[at - 1]),
                "i-2 word " + context[at - 2],
                "i+1 word " + context[at + 1],
                "i+1 suffix " + TaggerWeights.LastThree(context[at + 1]),
                "i+2 word " + context[at + 2],
            ];
        }
        return new Prepared(
            [.. sentence.Words.Select(w => _dictionary.GetValueOrDefault(w, -1))],
            [.. sentence.Tags.Select(t => _index[t])],
            fixedFeatures,
            context
        );
    }

    private void Learn(Prepared sentence)
    {
        var (previous, previous2) = ("-START-", "-START2-");
        for (var i = 0; i < sentence.Tags.Length; i++)
        {
            var guess = sentence.Fixed[i];
            if (guess < 0)
            {
                string[] features =
                [
                    .. sentence.Features[i],
                    "i-1 tag " + previous,
                    "i-2 tag " + previous2,
                    $"i tag+i-2 tag {previous} {previous2}",
                    $"i-1 tag+i word {previous} {sentence.Context[i + 2]}",
                ];
                guess = Guess(features);
                Update(features, sentence.Tags[i], guess);
            }
            (previous, previous2) = (_classes[guess], previous);
        }
    }

    private int Guess(string[] features)
    {
        Array.Clear(_scores);
        foreach (var feature in features)
        {
            if (!_features.TryGetValue(feature, out var weights))
                continue;
            for (var c = 0; c < _scores.Length; c++)
                _scores[c] += weights.Now[c];
        }
        var best = 0;
        for (var c = 1; c < _scores.Length; c++)
        {
            if (_scores[c] >= _scores[best])
                best = c;
        }
        return best;
    }

    private void Update(string[] features, int truth, int guess)
    {
        _instance++;
        if (truth == guess)
            return;
        foreach (var feature in features)
        {
            if (!_features.TryGetValue(feature, out var weights))
                _features.Add(feature, weights = new Averaged(_classes.Length));
            weights.Move(truth, 1, _instance);
            weights.Move(guess, -1, _instance);
        }
    }

    private TrainedTagger Result()
    {
        var weights = new SortedDictionary<string, IReadOnlyList<(string, double)>>(StringComparer.Ordinal);
        foreach (var (feature, averaged) in _features)
        {
            var kept = Enumerable
                .Range(0, _classes.Length)
                .Select(c => (_classes[c], averaged.Mean(c, _instance)))
                .Where(w => w.Item2 != 0)
                .ToArray();
            if (kept.Length > 0)
                weights.Add(feature, kept);
        }
        var dictionary = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (word, tag) in _dictionary)
            dictionary.Add(word, _classes[tag]);
        return new TrainedTagger(_classes, dictionary, weights);
    }

    private sealed record Prepared(int[] Fixed, int[] Tags, string[][] Features, string[] Context);

    // The running sum of a weight over all instances, updated lazily when the weight changes.
    private sealed class Averaged(int classes)
    {
        private readonly double[] _totals = new double[classes];
        private readonly long[] _since = new long[classes];

        public float[] Now { get; } = new float[classes];

        public void Move(int tag, int by, long instance)
        {
            _totals[tag] += (instance - _since[tag]) * (double)Now[tag];
            _since[tag] = instance;
            Now[tag] += by;
        }

        public double Mean(int tag, long instances) =>
            Math.Round((_totals[tag] + (instances - _since[tag]) * (double)Now[tag]) / instances, 3);
    }
}
