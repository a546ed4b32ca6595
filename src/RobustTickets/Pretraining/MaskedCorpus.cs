// Text files as masked-language-model examples: 15 % of the tokens are selected; of these 80 %
// become [MASK], 10 % a random token, 10 % stay (BERT, section 3.1). Selections are keyed by (seed,
// epoch, example, token); static masking uses the same key in every epoch.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Objectives;

namespace RobustTickets.Pretraining;

/// <summary>Whether masks change between epochs.</summary>
public enum MaskingMode
{
    /// <summary>New masks each epoch (RoBERTa).</summary>
    Dynamic,

    /// <summary>The same masks each epoch (BERT).</summary>
    Static,
}

/// <summary>
/// A corpus as examples, one per line, long lines split into several. One window of text is in
/// memory, and the next one while it is prefetched.
/// </summary>
internal sealed class MaskedCorpus : IDisposable
{
    /// <summary>
    /// Examples shuffled at a time: at most 70 MB at 128 tokens, twice that while the next window
    /// is prefetched.
    /// </summary>
    public const int DefaultWindow = 1 << 17;

    private const uint Chosen = 0,
        Kind = 1,
        Replacement = 2;
    private readonly IReadOnlyList<string> _files;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly CancellationTokenSource _closed = new();
    private CorpusReader? _reader;
    private Held? _held;
    private Task<Held>? _next;

    // The window at which the reader is positioned.
    private int _at = -1;

    private MaskedCorpus(IReadOnlyList<string> files, WordPieceTokenizer tokenizer, CorpusIndex index) =>
        (_files, _tokenizer, Index) = (files, tokenizer, index);

    /// <summary>The index of the corpus.</summary>
    public CorpusIndex Index { get; }

    /// <summary>Number of examples.</summary>
    public long Count => Index.Examples;

    /// <summary>Number of tokens in all examples, special tokens included.</summary>
    public long Tokens => Index.Tokens;

    /// <summary>Opens a corpus, and indexes it unless an index is given.</summary>
    /// <param name="names">Files and folders (<see cref="CorpusFiles.Of"/>).</param>
    /// <param name="tokenizer">The tokenizer; empty lines are skipped.</param>
    /// <param name="maxLength">Maximum sequence length.</param>
    /// <param name="window">Examples per window.</param>
    /// <param name="known">An earlier index, or null.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">A file is missing, there is no text, or the corpus differs
    /// from the given index.</exception>
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
                "must be at least 3 word pieces: [CLS], one of the text, [SEP]"
            );
        var files = CorpusFiles.Of(names);
        known?.RequireSame(files, tokenizer, stop);
        return new MaskedCorpus(files, tokenizer, known ?? CorpusIndex.Of(files, tokenizer, maxLength, window, stop));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closed.Cancel();
        _ = Finished();
        _reader?.Dispose();
        _closed.Dispose();
    }

    /// <summary>
    /// Masks the examples of a batch. [CLS] and [SEP] are never selected, even if they occur in a
    /// text.
    /// </summary>
    /// <param name="window">Index of their window.</param>
    /// <param name="indices">Indices of examples within the window.</param>
    /// <param name="key">Key of the epoch's masks.</param>
    /// <param name="fraction">Fraction of tokens to predict.</param>
    /// <exception cref="DataException">A file has changed since it was opened.</exception>
    public MaskedBatch Mask(int window, ReadOnlySpan<int> indices, RandomKey key, double fraction)
    {
        var held = Hold(window);
        var before = (long)window * Index.Window;
        var examples = new EncodedExample[indices.Length];
        var (rows, targets) = (new List<long>(), new List<long>());
        var row = 0;
        for (var b = 0; b < indices.Length; b++)
        {
            var ids = held.Example(indices[b]);
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

    // Windows are used in order and cyclically: while one is trained on, the next is prefetched.
    private Held Hold(int window)
    {
        if (_held?.Window == window)
            return _held;
        if (_next is not null && Finished() == window)
        {
            _held = _next.GetAwaiter().GetResult();
        }
        else
        {
            _held = Load(window);
        }
        var next = (window + 1) % Index.Windows.Count;
        _next = next == window ? null : Task.Run(() => Load(next), CancellationToken.None);
        return _held;
    }

    // Waits for prefetching and returns the prefetched window's index; -1 if it failed.
    private int Finished()
    {
        try
        {
            return _next?.GetAwaiter().GetResult().Window ?? -1;
        }
        catch (Exception e) when (e is DataException or OperationCanceledException)
        {
            return -1;
        }
    }

    private Held Load(int window)
    {
        // If the window follows the previous one, the reader is already positioned.
        if (_reader is null || window == 0 || _at != window)
        {
            _reader?.Dispose();
            _reader = new CorpusReader(_files, _tokenizer, Index.MaxLength, Index.Windows[window]);
        }
        _at = -1;
        var size = Index.SizeOf(window);
        // Capacity slightly above the mean window size, so that the lists seldom grow.
        var room = Math.Min(Array.MaxLength, 9 * (Index.Tokens / Index.Examples + 1) / 8 * size);
        var held = new Held(window, new List<int>((int)room), new List<int>(size));
        for (var left = size; left > 0; left--)
        {
            _closed.Token.ThrowIfCancellationRequested();
            held.Starts.Add(held.Ids.Count);
            if (!_reader.Read(held.Ids))
                throw new DataException(
                    $"{_files[^1]}: the corpus ends before its last example; it changed while being read"
                );
        }
        _at = window + 1;
        return held;
    }

    /// <summary>Concatenated tokens of a window, and the start of each example.</summary>
    private sealed record Held(int Window, List<int> Ids, List<int> Starts)
    {
        public int[] Example(int index)
        {
            var end = index + 1 < Starts.Count ? Starts[index + 1] : Ids.Count;
            return [.. System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Ids)[Starts[index]..end]];
        }
    }
}
