// Text augmentation of a stage: changes the texts of a mini-batch and tokenises them again. The
// change of a word is a pure function of (seed, stage, step, example, word position), so resumed
// runs and all batch layouts use the same texts; there is no state between steps.
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Resources;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;

namespace RobustTickets.Augmentation;

/// <summary>Changes the texts of each step.</summary>
internal sealed class TextAugmentation
{
    // Random keys derived from an example's: words from 0 on, the text itself, further candidates.
    private const long WholeText = -1,
        FirstCandidate = -1;

    // Feature indices of a word's key; 2 to 4 are used by TypingErrors.
    private const uint SourceDraw = 0,
        WordDraw = 1,
        RivalDraw = 5;

    // TextFooler does not change a premise; it recognises the columns by these names.
    private static readonly string[] FrozenFirst = ["premise", "hypothesis"];

    private readonly AugmentOptions _options;
    private readonly IReadOnlyList<Example> _texts;
    private readonly SubstituteTables _tables;
    private readonly StopWords _stopWords;
    private readonly StopWords _nltkStopWords;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly int _maxLength;
    private readonly NgramCounts? _counts;

    /// <param name="options">Augmentation options.</param>
    /// <param name="texts">The training examples as texts, by index.</param>
    /// <param name="sources">The tables.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="maxLength">Maximum sequence length, special tokens included.</param>
    public TextAugmentation(
        AugmentOptions options,
        IReadOnlyList<Example> texts,
        SubstituteSources sources,
        WordPieceTokenizer tokenizer,
        int maxLength
    )
    {
        (_options, _texts, _tokenizer, _maxLength) = (options, texts, tokenizer, maxLength);
        (_stopWords, _nltkStopWords) = (sources.StopWords, sources.NltkStopWords);
        _counts = options.Choice == SubstituteChoice.Rarer ? new NgramCounts() : null;
        _tables = sources.Tables(options, Words(texts, _counts));
    }

    /// <summary>Weight of the consistency loss between originals and changed texts.</summary>
    public double Consistency => _options.Consistency;

    /// <summary>Number of candidates per text at a step (from 0); 1 without a search.</summary>
    public int Candidates(long step) =>
        _options.Search is { } search && step % search.Every == 0 ? search.Candidates : 1;

    /// <summary>The changed examples of a step, in the order of their indices.</summary>
    /// <param name="indices">Indices of the examples.</param>
    /// <param name="examples">All original examples, tokenised.</param>
    /// <param name="step">Random key of the step.</param>
    /// <param name="candidate">Index of the random change, from 0.</param>
    public EncodedExample[] Changed(
        ReadOnlySpan<int> indices,
        IReadOnlyList<EncodedExample> examples,
        RandomKey step,
        int candidate = 0
    )
    {
        var changed = new EncodedExample[indices.Length];
        for (var i = 0; i < changed.Length; i++)
        {
            var example = examples[indices[i]];
            var key = step.Derive(RandomStreams.Step.Texts).Derive(example.Id);
            if (candidate > 0)
                key = key.Derive(FirstCandidate - candidate);
            changed[i] = example;
            if (Change(_texts[indices[i]], key) is not { } text)
                continue;
            var pieces = _tokenizer.Encode(text, _maxLength);
            changed[i] = example with { Ids = pieces.Ids, Segments = pieces.Segments };
        }
        return changed;
    }

    /// <summary>
    /// The training batch of a step: the changed examples, preceded by the originals if these are
    /// kept; changed examples then have separate ids.
    /// </summary>
    /// <param name="indices">Indices of the examples.</param>
    /// <param name="examples">All original examples, tokenised.</param>
    /// <param name="changed">The changed examples.</param>
    public EncodedExample[] Batch(
        ReadOnlySpan<int> indices,
        IReadOnlyList<EncodedExample> examples,
        EncodedExample[] changed
    )
    {
        if (!_options.KeepOriginal)
            return changed;
        var batch = new EncodedExample[2 * changed.Length];
        for (var i = 0; i < changed.Length; i++)
        {
            batch[i] = examples[indices[i]];
            batch[changed.Length + i] = changed[i] with { Id = changed[i].Id + examples.Count };
        }
        return batch;
    }

    /// <summary>Changes a text; null if it is unchanged.</summary>
    /// <param name="example">The text.</param>
    /// <param name="key">Random key of the example at the step.</param>
    internal TextPair? Change(Example example, RandomKey key)
    {
        var text = key.Derive(WholeText);
        if (text.Uniform(0) >= _options.TextRate)
            return null;
        var share = _options.VaryRates ? text.Uniform(1) : 1.0;
        var columns = example.Columns;
        var frozen = columns.Select(c => c.Key).SequenceEqual(FrozenFirst) ? 1 : 0;
        var position = 0L;
        var changed = false;
        var texts = new string[columns.Count];
        for (var c = 0; c < texts.Length; c++)
        {
            texts[c] = columns[c].Value;
            if (c < frozen || Column(texts[c], key, share, ref position) is not { } made)
                continue;
            (texts[c], changed) = (made, true);
        }
        if (!changed)
            return null;
        return new TextPair(texts[0], texts.ElementAtOrDefault(1));
    }

    // A column with changed words, or null if no word changed.
    private string? Column(string text, RandomKey key, double share, ref long position)
    {
        StringBuilder? made = null;
        var copied = 0;
        var spans = WordSplitter.Split(text, TextAttackVersion.V034);
        for (var i = 0; i < spans.Count; i++)
        {
            var (start, length) = (spans[i].Start, spans[i].Length);
            var word = text.Substring(start, length);
            var substitute = Word(new Place(text, spans, i), word, key.Derive(position++), share);
            if (substitute == word)
                continue;
            made ??= new StringBuilder(text.Length + 16);
            made.Append(text, copied, start - copied).Append(substitute);
            copied = start + length;
        }
        return made?.Append(text, copied, text.Length - copied).ToString();
    }

    // The rates, times the text's factor, partition [0, 1) among the tables.
    private string Word(Place place, string word, RandomKey key, double share)
    {
        var drawn = key.Uniform(SourceDraw) / share;
        if ((drawn -= _options.NeighbourRate) < 0)
            return Neighbour(_tables.Neighbours, place, word, key);
        if ((drawn -= _options.WordnetRate) < 0)
            return _nltkStopWords.Contains(word) ? word : Drawn(_tables.WordNet, place, word, key) ?? word;
        if ((drawn -= _options.EmbeddingRate) < 0)
            return Neighbour(_tables.Embeddings, place, word, key);
        return drawn - _options.CharacterRate < 0 && !_nltkStopWords.Contains(word)
            ? TypingErrors.In(word, _options.TypingErrors, key)
            : word;
    }

    // Neighbours take the word's letter case, synonyms keep WordNet's, as in the attacks.
    private string Neighbour(SubstituteTable? table, Place place, string word, RandomKey key) =>
        !_stopWords.Contains(word) && Drawn(table, place, word, key) is { } neighbour
            ? LetterCase.Restore(neighbour, word)
            : word;

    private string? Drawn(SubstituteTable? table, Place place, string word, RandomKey key)
    {
        var row = table is null ? default : table.Of(PythonText.Lower(word));
        if (row.IsEmpty)
            return null;
        var one = row[key.Below(WordDraw, row.Length)];
        if (_counts is null)
            return one;
        var other = row[key.Below(RivalDraw, row.Length)];
        return Frequency(other).CompareTo(Frequency(one)) < 0 ? other : one;

        (int, int) Frequency(string substitute) =>
            _counts.Of(place.Word(-1), PythonText.Lower(substitute), place.Word(1));
    }

    private static HashSet<string> Words(IReadOnlyList<Example> texts, NgramCounts? counts)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        foreach (var column in texts.SelectMany(t => t.Columns))
        {
            string[] ordered = [.. WordSplitter.Words(column.Value, TextAttackVersion.V034).Select(PythonText.Lower)];
            words.UnionWith(ordered);
            counts?.Add(ordered);
        }
        return words;
    }

    /// <summary>Position of a word in a column.</summary>
    private readonly record struct Place(string Text, List<WordSpan> Words, int Index)
    {
        /// <summary>The lower-cased word at an offset, or null beyond the ends.</summary>
        public string? Word(int offset) =>
            Index + offset is var i && i >= 0 && i < Words.Count
                ? PythonText.Lower(Text.Substring(Words[i].Start, Words[i].Length))
                : null;
    }
}
