// Tokenizer of a model, selected by the tokenizer files in its folder.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Tokens;

namespace RobustTickets.OnnxRuntime.Tokens;

/// <summary>A model's tokenizer. Thread-safe.</summary>
internal abstract class PieceEncoder
{
    /// <summary>Padding token id.</summary>
    public abstract int PadId { get; }

    /// <summary>The model's maximum number of tokens, special tokens included.</summary>
    public required int ModelMaxLength { get; init; }

    /// <summary>Token ids of a text or pair with special tokens, truncated longest first.</summary>
    public abstract TokenEncoding Encode(TextPair text, int maxLength);

    /// <summary>Loads the tokenizer in a model's folder.</summary>
    /// <exception cref="DataException">The tokenizer is missing, or of an unsupported
    /// kind.</exception>
    public static PieceEncoder Load(OnnxModelFiles files, string? folder)
    {
        var from = folder ?? files.Folder;
        bool Has(string name) => File.Exists(Path.Combine(from, name));
        if (Has("sentencepiece.bpe.model"))
            return SentencePieces.Load(from, "sentencepiece.bpe.model", files);
        if (Has("spm.model"))
            return SentencePieces.Load(from, "spm.model", files);
        if (Has("spiece.model"))
            throw new DataException(
                $"{Path.Combine(from, "spiece.model")}: the tokenizer of ALBERT, XLNet or T5 is not supported; "
                    + "expected WordPiece, byte-level BPE (vocab.json, merges.txt) or SentencePiece of XLM-R or DeBERTa"
            );
        return Has("vocab.json") && Has("merges.txt") && !Has("vocab.txt")
            ? BytePairs.Load(from, files)
            : WordPieces.Load(from, files);
    }

    /// <summary>The model's own limit: its positions minus unused ones.</summary>
    protected static int Limit(OnnxModelFiles files, int unused, int tokenizer = int.MaxValue) =>
        Math.Min(tokenizer, (files.ConfigNumber("max_position_embeddings") ?? (512 + unused)) - unused);
}

/// <summary>BERT's WordPiece tokenizer.</summary>
internal sealed class WordPieces(WordPieceTokenizer tokenizer) : PieceEncoder
{
    /// <summary>The tokenizer.</summary>
    public WordPieceTokenizer Tokenizer => tokenizer;

    /// <inheritdoc/>
    public override int PadId => tokenizer.PadId;

    /// <inheritdoc/>
    public override TokenEncoding Encode(TextPair text, int maxLength) => tokenizer.Encode(text, maxLength);

    public static WordPieces Load(string folder, OnnxModelFiles files)
    {
        var tokenizer = WordPieceTokenizer.Load(folder);
        return new WordPieces(tokenizer) { ModelMaxLength = Limit(files, 0, tokenizer.ModelMaxLength) };
    }
}
