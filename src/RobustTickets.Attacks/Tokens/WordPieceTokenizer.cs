using System.Buffers;
using System.Collections.Concurrent;

namespace RobustTickets.Attacks.Tokens;

/// <summary>
/// BERT's tokenizer, token for token equal to the slow BertTokenizer of transformers 4.4.2, whose
/// output the golden files hold: words by <see cref="BasicTokenizer"/>, then each word split
/// greedily from the left into the longest pieces of the vocabulary; a word that cannot be split
/// becomes the unknown token. Differences: special tokens must be in the vocabulary (Hugging Face
/// would append rows that the model does not have), and may not contain whitespace. For speed, text
/// is split at ASCII whitespace, which no step crosses, and each part is first looked up in a cache
/// (text -> indices). <see cref="TokenizeUncached"/> is the plain path. Thread-safe.
/// </summary>
public sealed class WordPieceTokenizer
{
    // Cache limits: attacks generate unlimited new spellings, and texts without whitespace can be
    // long.
    private const int CacheEntries = 1 << 17;
    private const int CachedLength = 48;

    // Above this length (beyond any model's limit) memory grows with the text, not with the limit.
    private const int RentedPieces = 4096;
    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\n\r");

    private readonly BasicTokenizer _basic;
    private readonly int? _maskId;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private int _cached;

    /// <summary>Creates a tokenizer.</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="options">Settings; <c>new TokenizerOptions()</c> is an uncased BERT.</param>
    /// <exception cref="DataException">A special token is not in the vocabulary (only the mask may
    /// be absent), or contains whitespace.</exception>
    public WordPieceTokenizer(Vocabulary vocabulary, TokenizerOptions options)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentNullException.ThrowIfNull(options);
        Vocabulary = vocabulary;
        Options = options;
        var special = options.Special ?? new SpecialTokens();
        _maskId = vocabulary.TryGetId(special.Mask, out var mask) ? mask : null;
        var present = special.All.Where(token => _maskId is not null || token != special.Mask).ToArray();
        SpecialIds = [.. present.Select(Special).Order()];
        UnknownId = Special(special.Unknown);
        SepId = Special(special.Separator);
        PadId = Special(special.Pad);
        ClsId = Special(special.Classification);
        _basic = new BasicTokenizer(options, present);
        _lookup = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The vocabulary.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>The settings.</summary>
    public TokenizerOptions Options { get; }

    /// <summary>The model's maximum number of tokens, special tokens included.</summary>
    public int ModelMaxLength => Options.ModelMaxLength;

    /// <summary>Index of the padding token.</summary>
    public int PadId { get; }

    /// <summary>Index of the unknown token.</summary>
    public int UnknownId { get; }

    /// <summary>Index of the [CLS] token, which starts an encoding.</summary>
    public int ClsId { get; }

    /// <summary>Index of the [SEP] token, which ends each text.</summary>
    public int SepId { get; }

    /// <summary>Index of the mask token.</summary>
    /// <exception cref="DataException">The vocabulary has no mask token.</exception>
    public int MaskId =>
        _maskId
        ?? throw new DataException(
            $"the vocabulary of {Vocabulary.Count} tokens has no mask token "
                + $"'{(Options.Special ?? new SpecialTokens()).Mask}'; masked language modelling requires one"
        );

    /// <summary>Indices of all special tokens, ascending.</summary>
    public IReadOnlyList<int> SpecialIds { get; }

    /// <summary>
    /// Reads the tokenizer of a Hugging Face model folder; see <see cref="TokenizerFolder"/> for
    /// what is read and rejected.
    /// </summary>
    /// <exception cref="DataException">Files are missing, malformed or of an unsupported
    /// kind.</exception>
    public static WordPieceTokenizer Load(string folder) => TokenizerFolder.Load(folder);

    /// <summary>
    /// Writes <c>vocab.txt</c>, <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c>
    /// into <paramref name="folder"/>.
    /// </summary>
    public void SaveTo(string folder) => TokenizerFolder.Save(this, folder);

    /// <summary>The word pieces of a text, without special tokens or truncation.</summary>
    public IReadOnlyList<string> Tokenize(string text) => Array.ConvertAll(TokenIds(text), id => Vocabulary[id]);

    /// <summary>
    /// Indices of the word pieces of a text, without special tokens or truncation: <c>[T]</c>.
    /// </summary>
    public int[] TokenIds(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>((text.Length / 4) + 4);
        var rest = text.AsSpan();
        while (NextStretch(ref rest, out var stretch))
            ids.AddRange(Stretch(stretch));
        return [.. ids];
    }

    /// <summary>
    /// Writes as many indices as fit to a buffer of the caller, and returns their number. Allocates
    /// nothing when every part between whitespace is in the cache and has at most 48 characters.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="target">Receives the indices.</param>
    public int TokenIds(ReadOnlySpan<char> text, Span<int> target)
    {
        var count = 0;
        while (count < target.Length && NextStretch(ref text, out var stretch))
        {
            var ids = Stretch(stretch);
            var kept = Math.Min(ids.Length, target.Length - count);
            ids.AsSpan(0, kept).CopyTo(target[count..]);
            count += kept;
        }
        return count;
    }

    /// <summary>Encodes a text or pair; see the other overload.</summary>
    public TokenEncoding Encode(TextPair text, int maxLength) => Encode(text.First, text.Second, maxLength);

    /// <summary>
    /// Encodes a text, or a pair when <paramref name="pair"/> is not null (even if empty): <c>[CLS]
    /// a [SEP]</c> or <c>[CLS] a [SEP] b [SEP]</c>, truncated longest first to
    /// <paramref name="maxLength"/>.
    /// </summary>
    /// <param name="text">The first or only text.</param>
    /// <param name="pair">The second text, or null.</param>
    /// <param name="maxLength">Maximum number of tokens, special tokens included; at least 2, for a
    /// pair 3.</param>
    public TokenEncoding Encode(string text, string? pair, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        var special = pair is null ? 2 : 3;
        if (maxLength < special)
        {
            throw new ArgumentOutOfRangeException(
                nameof(maxLength),
                maxLength,
                $"must be at least {special}, the number of special tokens"
            );
        }

        // Tokens of either text beyond this number never survive truncation, so they are not
        // computed.
        var room = maxLength - special;
        var rented = room <= RentedPieces ? ArrayPool<int>.Shared.Rent(Math.Max(1, 2 * room)) : null;
        var first = Pieces(text, rented, 0, room);
        var second = pair is null ? default : Pieces(pair, rented, room, room);
        var (keepFirst, keepSecond) = TokenEncoding.LongestFirst(first.Length, second.Length, room);

        var ids = new int[special + keepFirst + keepSecond];
        var segments = new int[ids.Length];
        ids[0] = ClsId;
        first[..keepFirst].CopyTo(ids.AsSpan(1));
        ids[1 + keepFirst] = SepId;
        if (pair is not null)
        {
            second[..keepSecond].CopyTo(ids.AsSpan(2 + keepFirst));
            ids[^1] = SepId;
            segments.AsSpan(2 + keepFirst).Fill(1);
        }
        if (rented is not null)
            ArrayPool<int>.Shared.Return(rented);
        return new TokenEncoding(ids, segments);
    }

    /// <summary>
    /// Converts indices to text as Hugging Face's <c>decode</c>: pieces joined by spaces,
    /// continuations appended, and (<paramref name="cleanUp"/>) spaces before English punctuation
    /// and contractions removed.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An index is not in the vocabulary.</exception>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = false, bool cleanUp = true)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var kept = ids.Where(id => !skipSpecialTokens || !SpecialIds.Contains(id)).Select(id => Vocabulary[id]);
        var text = string.Join(' ', kept)
            .Replace(" " + Vocabulary.ContinuationPrefix, "", StringComparison.Ordinal)
            .Trim();
        if (!cleanUp)
            return text;
        (string From, string To)[] replacements =
        [
            (" .", "."),
            (" ?", "?"),
            (" !", "!"),
            (" ,", ","),
            (" ' ", "'"),
            (" n't", "n't"),
            (" 'm", "'m"),
            (" 's", "'s"),
            (" 've", "'ve"),
            (" 're", "'re"),
        ];
        foreach (var (from, to) in replacements)
            text = text.Replace(from, to, StringComparison.Ordinal);
        return text;
    }

    /// <summary>
    /// The slow reference of the fast path: the whole text through the word splitter, every word
    /// through the vocabulary, no cache.
    /// </summary>
    internal int[] TokenizeUncached(string text)
    {
        var ids = new List<int>();
        foreach (var word in _basic.Words(text))
            AppendWord(ids, word);
        return [.. ids];
    }

    /// <summary>
    /// The first pieces of a text, at most <paramref name="room"/>, in the given buffer from
    /// <paramref name="at"/> on, or in a new array.
    /// </summary>
    private ReadOnlySpan<int> Pieces(string text, int[]? memory, int at, int room)
    {
        if (memory is not null)
            return memory.AsSpan(at, TokenIds(text, memory.AsSpan(at, room)));
        var all = TokenIds(text);
        return all.AsSpan(0, Math.Min(all.Length, room));
    }

    /// <summary>Takes the next part without ASCII whitespace; false at the end.</summary>
    private static bool NextStretch(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> stretch)
    {
        var start = rest.IndexOfAnyExcept(Blanks);
        if (start < 0)
        {
            stretch = default;
            return false;
        }
        rest = rest[start..];
        var length = rest.IndexOfAny(Blanks);
        stretch = length < 0 ? rest : rest[..length];
        rest = rest[stretch.Length..];
        return true;
    }

    private int[] Stretch(ReadOnlySpan<char> text)
    {
        if (text.Length <= CachedLength && _lookup.TryGetValue(text, out var known))
            return known;
        var ids = new List<int>();
        foreach (var word in _basic.Words(text))
            AppendWord(ids, word);
        int[] result = [.. ids];
        if (
            text.Length <= CachedLength
            && Volatile.Read(ref _cached) < CacheEntries
            && _cache.TryAdd(text.ToString(), result)
        )
        {
            Interlocked.Increment(ref _cached);
        }
        return result;
    }

    /// <summary>
    /// Greedy longest match from the left; the whole word is unknown when a remainder has no piece.
    /// </summary>
    private void AppendWord(List<int> ids, string word)
    {
        if (CodePoints(word) > Options.MaxWordCodePoints)
        {
            ids.Add(UnknownId);
            return;
        }
        var before = ids.Count;
        for (var start = 0; start < word.Length; )
        {
            var end = Math.Min(word.Length, start + Vocabulary.LongestToken);
            var id = -1;
            for (; end > start; end--)
            {
                var part = word.AsSpan(start, end - start);
                if (start == 0 ? Vocabulary.TryGetId(part, out id) : Vocabulary.TryGetContinuation(part, out id))
                    break;
            }
            if (end == start)
            {
                ids.RemoveRange(before, ids.Count - before);
                ids.Add(UnknownId);
                return;
            }
            ids.Add(id);
            start = end;
        }
    }

    private static int CodePoints(string word)
    {
        var count = word.Length;
        foreach (var c in word)
        {
            if (char.IsLowSurrogate(c))
                count--;
        }
        return count;
    }

    private int Special(string token)
    {
        if (token.Length == 0 || token.Any(c => char.IsWhiteSpace(c)))
        {
            throw new DataException(
                $"special token '{token}' is empty or contains whitespace; expected a single word such as [SEP]"
            );
        }
        return Vocabulary.TryGetId(token, out var id)
            ? id
            : throw new DataException(
                $"special token '{token}' is not in the vocabulary of {Vocabulary.Count} tokens; set "
                    + "the model's own special token in special_tokens_map.json"
            );
    }
}
