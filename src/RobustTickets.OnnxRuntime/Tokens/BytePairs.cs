using Microsoft.ML.Tokenizers;
using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime.Tokens;

/// <summary>
/// RoBERTa's byte-level BPE (<c>vocab.json</c>, <c>merges.txt</c>), with Microsoft.ML.Tokenizers.
/// </summary>
internal sealed class BytePairs : FramedPieces
{
    // RoBERTa's positions start after the padding index: two are unused.
    private const int UnusedPositions = 2;
    private static readonly string[] Special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];

    private readonly BpeTokenizer _tokenizer;
    private readonly bool _addPrefixSpace;

    private BytePairs(BpeTokenizer tokenizer, IReadOnlyDictionary<string, int> special, bool addPrefixSpace)
    {
        (_tokenizer, _addPrefixSpace) = (tokenizer, addPrefixSpace);
        (First, PadId, Last) = (special[Special[0]], special[Special[1]], special[Special[2]]);
    }

    /// <inheritdoc/>
    public override int PadId { get; }

    /// <inheritdoc/>
    protected override int First { get; }

    /// <inheritdoc/>
    protected override int Last { get; }

    /// <inheritdoc/>
    protected override bool DoublesLast => true;

    /// <summary>Loads the tokenizer of a folder.</summary>
    /// <exception cref="DataException">A file is malformed, a special token is missing, or a
    /// setting is not supported.</exception>
    public static BytePairs Load(string folder, OnnxModelFiles files)
    {
        var settings = PieceSettings.Read(folder);
        var (vocabulary, merges) = (Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        try
        {
            var options = new BpeOptions(vocabulary, merges)
            {
                ByteLevel = true,
                PreTokenizer = RobertaPreTokenizer.Instance,
                UnknownToken = Special[3],
            };
            var ids = options.Vocabulary.ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
            var special = Special.Where(ids.ContainsKey).ToDictionary(s => s, s => ids[s], StringComparer.Ordinal);
            if (Special.Take(4).FirstOrDefault(s => !special.ContainsKey(s)) is { } missing)
                throw new DataException($"{vocabulary}: has no token '{missing}'");
            options.SpecialTokens = special;
            return new BytePairs(BpeTokenizer.Create(options), special, settings.AddPrefixSpace ?? false)
            {
                ModelMaxLength = Limit(files, UnusedPositions, settings.MaxLength ?? int.MaxValue),
            };
        }
        catch (Exception e)
            when (e
                    is IOException
                        or UnauthorizedAccessException
                        or System.Text.Json.JsonException
                        or ArgumentException
                        or InvalidOperationException
                        or FormatException
            )
        {
            throw new DataException(
                $"{vocabulary}, {merges}: not a byte-level BPE tokenizer: {GuardedJson.Reason(e)}",
                e
            );
        }
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<int> Pieces(string text) =>
        _tokenizer.EncodeToIds(_addPrefixSpace && text.Length > 0 && !char.IsWhiteSpace(text[0]) ? " " + text : text);
}
