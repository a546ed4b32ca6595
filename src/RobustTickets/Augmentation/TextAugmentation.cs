// The data step of a stage: changes the texts of a mini-batch and tokenises them anew. What becomes
// of a word is a pure function of (seed, stage, step, example, word position), so a resumed run and
// every layout of the batch see the same texts; nothing is kept between steps.
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
    private const long Site = 1_000_039;

    // Features of a word's key; TypingErrors draws from 2 on.
    private const uint SourceDraw = 0,
        WordDraw = 1;

    // TextFooler leaves a premise alone; its columns are known by these names.
    private static readonly string[] FrozenFirst = ["premise", "hypothesis"];

    private readonly AugmentOptions _options;
    private readonly IReadOnlyList<Example> _texts;
    private readonly SubstituteTables _tables;
    private readonly StopWords _stopWords;
    private readonly StopWords _nltkStopWords;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly int _maxLength;

    /// <param name="options">What is changed.</param>
    /// <param name="texts">The training examples as texts, by position.</param>
    /// <param name="sources">The tables.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="maxLength">Word pieces of an example, special tokens included.</param>
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
        _tables = sources.Tables(options, Words(texts));
    }

    /// <summary>The examples of a step.</summary>
    /// <param name="indices">Positions of the examples.</param>
    /// <param name="examples">All examples as they are, tokenised.</param>
    /// <param name="step">Key of the step.</param>
    /// <returns>The changed examples; where the originals are kept, those first. A changed example
    /// beside its original has an identity of its own.</returns>
    public EncodedExample[] Batch(ReadOnlySpan<int> indices, IReadOnlyList<EncodedExample> examples, RandomKey step)
    {
        var plain = _options.KeepOriginal ? indices.Length : 0;
        var batch = new EncodedExample[plain + indices.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            var example = examples[indices[i]];
            if (plain > 0)
                batch[i] = example;
            var text = Change(_texts[indices[i]], step.Derive(Site).Derive(example.Id));
            var id = plain > 0 ? example.Id + examples.Count : example.Id;
            if (text is not { } changed)
            {
                batch[plain + i] = example with { Id = id };
                continue;
            }
            var pieces = _tokenizer.Encode(changed, _maxLength);
            batch[plain + i] = new EncodedExample(id, pieces.Ids, pieces.Segments, example.Label);
        }
        return batch;
    }

    /// <summary>A text after the changes of a step; null when it stays as it is.</summary>
    /// <param name="example">The text.</param>
    /// <param name="key">Key of the example at the step.</param>
    internal TextPair? Change(Example example, RandomKey key)
    {
        if (key.Derive(-1L).Uniform(0) >= _options.TextRate)
            return null;
        var columns = example.Columns;
        var frozen = columns.Select(c => c.Key).SequenceEqual(FrozenFirst) ? 1 : 0;
        var position = 0L;
        var changed = false;
        var texts = new string[columns.Count];
        for (var c = 0; c < texts.Length; c++)
        {
            texts[c] = columns[c].Value;
            if (c < frozen || Column(texts[c], key, ref position) is not { } text)
                continue;
            (texts[c], changed) = (text, true);
        }
        if (!changed)
            return null;
        return new TextPair(texts[0], texts.ElementAtOrDefault(1));
    }

    // A column with its words changed, or null when every word stays.
    private string? Column(string text, RandomKey key, ref long position)
    {
        StringBuilder? made = null;
        var copied = 0;
        foreach (var span in WordSplitter.Split(text, TextAttackVersion.V034))
        {
            var word = text.Substring(span.Start, span.Length);
            var substitute = Word(word, key.Derive(position++));
            if (substitute == word)
                continue;
            made ??= new StringBuilder(text.Length + 16);
            made.Append(text, copied, span.Start - copied).Append(substitute);
            copied = span.Start + span.Length;
        }
        return made?.Append(text, copied, text.Length - copied).ToString();
    }

    private string Word(string word, RandomKey key)
    {
        double drawn = key.Uniform(SourceDraw);
        if ((drawn -= _options.NeighbourRate) < 0)
            return Neighbour(_tables.Neighbours, word, key);
        if ((drawn -= _options.WordnetRate) < 0)
            return _nltkStopWords.Contains(word) ? word : Drawn(_tables.WordNet, word, key) ?? word;
        if ((drawn -= _options.EmbeddingRate) < 0)
            return Neighbour(_tables.Embeddings, word, key);
        return drawn - _options.CharacterRate < 0 && !_nltkStopWords.Contains(word)
            ? TypingErrors.In(word, _options.TypingErrors, key)
            : word;
    }

    // Neighbours take the letter case of the word, synonyms have WordNet's, as in the attacks.
    private string Neighbour(SubstituteTable? table, string word, RandomKey key) =>
        !_stopWords.Contains(word) && Drawn(table, word, key) is { } neighbour
            ? LetterCase.Restore(neighbour, word)
            : word;

    private static string? Drawn(SubstituteTable? table, string word, RandomKey key)
    {
        var row = table is null ? default : table.Of(PythonText.Lower(word));
        return row.IsEmpty ? null : row[key.Below(WordDraw, row.Length)];
    }

    private static HashSet<string> Words(IReadOnlyList<Example> texts)
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        foreach (var column in texts.SelectMany(t => t.Columns))
        foreach (var word in WordSplitter.Words(column.Value, TextAttackVersion.V034))
            words.Add(PythonText.Lower(word));
        return words;
    }
}
