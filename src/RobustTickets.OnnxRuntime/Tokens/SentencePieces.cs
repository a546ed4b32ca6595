using Microsoft.ML.Tokenizers;
using RobustTickets.Attacks;

namespace RobustTickets.OnnxRuntime.Tokens;

/// <summary>
/// SentencePiece of XLM-R (<c>sentencepiece.bpe.model</c>, with ids shifted by one for fairseq's
/// padding) or DeBERTa (<c>spm.model</c>), with Microsoft.ML.Tokenizers.
/// </summary>
internal sealed class SentencePieces : FramedPieces
{
    // XLM-R: <s>, <pad>, </s>, <unk> come first, whatever their order in the file.
    private const int FairseqFirst = 0,
        FairseqPad = 1,
        FairseqLast = 2,
        FairseqUnknown = 3,
        FairseqOffset = 1,
        UnusedPositions = 2;

    private readonly SentencePieceTokenizer _tokenizer;
    private readonly bool _fairseq;

    private SentencePieces(SentencePieceTokenizer tokenizer, bool fairseq, int pad)
    {
        (_tokenizer, _fairseq) = (tokenizer, fairseq);
        (First, PadId, Last) = fairseq
            ? (FairseqFirst, FairseqPad, FairseqLast)
            : (tokenizer.BeginningOfSentenceId, pad, tokenizer.EndOfSentenceId);
    }

    /// <inheritdoc/>
    public override int PadId { get; }

    /// <inheritdoc/>
    protected override int First { get; }

    /// <inheritdoc/>
    protected override int Last { get; }

    /// <inheritdoc/>
    protected override bool DoublesLast => _fairseq;

    /// <summary>Loads the tokenizer of a folder.</summary>
    /// <exception cref="DataException">A file is malformed, or a setting is not
    /// supported.</exception>
    public static SentencePieces Load(string folder, string name, OnnxModelFiles files)
    {
        var path = Path.Combine(folder, name);
        var fairseq = name.StartsWith("sentencepiece", StringComparison.Ordinal);
        // Both models read a text as if it began with a blank; lower case and splitting by
        // punctuation are options of DeBERTa.
        var settings = fairseq
            ? PieceSettings.Read(folder, ("add_prefix_space", false))
            : PieceSettings.Read(
                folder,
                ("add_prefix_space", false),
                ("do_lower_case", true),
                ("split_by_punct", true)
            );
        try
        {
            using var stream = File.OpenRead(path);
            var tokenizer = SentencePieceTokenizer.Create(
                stream,
                addBeginningOfSentence: false,
                addEndOfSentence: false
            );
            return new SentencePieces(tokenizer, fairseq, files.ConfigNumber("pad_token_id") ?? 0)
            {
                ModelMaxLength = Limit(files, fairseq ? UnusedPositions : 0, settings.MaxLength ?? int.MaxValue),
            };
        }
        // A malformed file causes various exceptions in its reader.
        catch (Exception e) when (e is not (DataException or OutOfMemoryException))
        {
            throw new DataException($"{path}: not a SentencePiece model: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<int> Pieces(string text)
    {
        var ids = _tokenizer.EncodeToIds(text, addBeginningOfSentence: false, addEndOfSentence: false);
        return _fairseq ? [.. ids.Select(id => id == _tokenizer.UnknownId ? FairseqUnknown : id + FairseqOffset)] : ids;
    }
}
