// Text files as masked-language-model examples: 15 % of the word pieces are chosen; of these 80 %
// become [MASK], 10 % a random word piece, 10 % stay (BERT, section 3.1). Choices are keyed by
// (seed, epoch, example, token); static masking keys every epoch alike.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;

namespace RobustTickets.Pretraining;

/// <summary>How masks change over the epochs.</summary>
public enum MaskingMode
{
    /// <summary>New choices each epoch (RoBERTa).</summary>
    Dynamic,

    /// <summary>The same choices each epoch (BERT).</summary>
    Static,
}

/// <summary>
/// A corpus as examples, one a line, long lines cut into several. Of its text one window is held.
/// </summary>
internal sealed class MaskedCorpus : IDisposable
{
    /// <summary>Examples that are held and mixed at a time: of 128 word pieces at most 70
    /// MB.</summary>
    public const int DefaultWindow = 1 << 17;

    private const uint Chosen = 0,
        Kind = 1,
        Replacement = 2;
    private readonly IReadOnlyList<string> _files;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly List<int> _ids = [];
    private readonly List<int> _starts = [];
    private CorpusReader? _reader;
    private int _window = -1;

    private MaskedCorpus(IReadOnlyList<string> files, WordPieceTokenizer tokenizer, CorpusIndex index) =>
        (_files, _tokenizer, Index) = (files, tokenizer, index);

    /// <summary>The corpus without its text.</summary>
    public CorpusIndex Index { get; }

    /// <summary>Number of examples.</summary>
    public long Count => Index.Examples;

    /// <summary>Word pieces over all examples, special tokens included.</summary>
    public long Tokens => Index.Tokens;

    /// <summary>Opens a corpus, and reads it once unless it is known already.</summary>
    /// <param name="names">Files and folders (<see cref="CorpusFiles.Of"/>).</param>
    /// <param name="tokenizer">Makes word pieces; empty lines are passed over.</param>
    /// <param name="maxLength">Word pieces of an example at most.</param>
    /// <param name="window">Examples of a window.</param>
    /// <param name="known">What an earlier pass found, or null.</param>
    /// <param name="stop">Ends reading.</param>
    /// <exception cref="DataException">A file is missing, or there is no text at all, or it is not
    /// the
    /// corpus that is known.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room
    /// between [CLS] and [SEP].</exception>
    public static MaskedCorpus Read(
        IReadOnlyList<string> names,
        WordPieceTokenizer tokenizer,
        int maxLength,
        int window = DefaultWindow,
        CorpusIndex? known = null,
        CancellationToken stop = default
    )
    {
        if (maxLength < 3)
            throw new ArgumentOutOfRangeException(
                nameof(maxLength),
                maxLength,
                "an example has at least 3 word pieces: [CLS], one of its own, [SEP]"
            );
        var files = CorpusFiles.Of(names);
        known?.RequireSame(files, tokenizer, stop);
        return new MaskedCorpus(files, tokenizer, known ?? CorpusIndex.Of(files, tokenizer, maxLength, window, stop));
    }

    /// <inheritdoc/>
    public void Dispose() => _reader?.Dispose();

    /// <summary>
    /// Masks the examples of a batch. [CLS] and [SEP] are never chosen, also where a text spells
    /// them out.
    /// </summary>
    /// <param name="window">Number of the window that they lie in.</param>
    /// <param name="indices">Which examples of the window.</param>
    /// <param name="key">Key of the epoch's choices.</param>
    /// <param name="fraction">Share of word pieces to predict.</param>
    /// <exception cref="DataException">A file has changed since it was opened.</exception>
    public MaskedBatch Mask(int window, ReadOnlySpan<int> indices, RandomKey key, double fraction)
    {
        Hold(window);
        var before = (long)window * Index.Window;
        var examples = new EncodedExample[indices.Length];
        var (rows, targets) = (new List<long>(), new List<long>());
        var row = 0;
        for (var b = 0; b < indices.Length; b++)
        {
            var ids = Example(indices[b]);
            var example = key.Derive(before + indices[b]);
            for (var i = 0; i < ids.Length; i++, row++)
            {
                if (ids[i] == _tokenizer.ClsId || ids[i] == _tokenizer.SepId)
                    continue;
                var token = example.Derive((long)i);
                if (token.Uniform(Chosen) >= fraction)
                    continue;
                rows.Add(row);
                targets.Add(ids[i]);
                var kind = token.Uniform(Kind);
                if (kind < 0.8f)
                    ids[i] = _tokenizer.MaskId;
                else if (kind < 0.9f)
                    ids[i] = token.Below(Replacement, _tokenizer.Vocabulary.Count);
            }
            examples[b] = new EncodedExample(before + indices[b], ids, new int[ids.Length], -1);
        }
        return new MaskedBatch(PackedBatch.From(examples), [.. rows], [.. targets]);
    }

    private int[] Example(int index)
    {
        var end = index + 1 < _starts.Count ? _starts[index + 1] : _ids.Count;
        return [.. System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids)[_starts[index]..end]];
    }

    // Where the window follows on the one before, the reader stands there already.
    private void Hold(int window)
    {
        if (window == _window)
            return;
        if (_reader is null || window != _window + 1)
        {
            _reader?.Dispose();
            _reader = new CorpusReader(_files, _tokenizer, Index.MaxLength, Index.Windows[window]);
        }
        _window = -1;
        _ids.Clear();
        _starts.Clear();
        for (var left = Index.SizeOf(window); left > 0; left--)
        {
            _starts.Add(_ids.Count);
            if (!_reader.Read(_ids))
                throw new DataException(
                    $"{_files[^1]}: the corpus ends before its last example; it has changed while it was read"
                );
        }
        _window = window;
    }
}
