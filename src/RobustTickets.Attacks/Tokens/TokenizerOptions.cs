namespace RobustTickets.Attacks.Tokens;

/// <summary>Where the spelling of a special token inside a text counts as that token.</summary>
public enum SpecialTokenMatching
{
    /// <summary>
    /// Anywhere, as Hugging Face's <c>from_pretrained</c> does, slow and fast: <c>"[[MASK]]"</c> is
    /// <c>[ [MASK] ]</c>. The default, and what every folder gets.
    /// </summary>
    Anywhere,

    /// <summary>
    /// Only as a word of its own between blanks, as <c>BertTokenizer(vocab_file)</c> did before
    /// transformers 4.34: <c>"a [MASK]"</c> holds one, <c>"[[MASK]]"</c> none. For comparing with
    /// tokens of that time; no folder is read this way.
    /// </summary>
    WholeWord,
}

/// <summary>
/// The spellings of the special tokens. They are never lower-cased or split, and are recognised in
/// exactly this spelling only.
/// </summary>
/// <param name="Unknown">Stands for a word that the vocabulary cannot spell.</param>
/// <param name="Separator">Ends each text.</param>
/// <param name="Pad">Fills up.</param>
/// <param name="Classification">Begins each encoding.</param>
/// <param name="Mask">Stands for a hidden word; may be absent from the vocabulary.</param>
/// <param name="Additional">Further special tokens, all of them in the vocabulary.</param>
public sealed record SpecialTokens(
    string Unknown = "[UNK]",
    string Separator = "[SEP]",
    string Pad = "[PAD]",
    string Classification = "[CLS]",
    string Mask = "[MASK]",
    IReadOnlyList<string>? Additional = null
)
{
    /// <summary>All spellings, each once.</summary>
    public IReadOnlyList<string> All { get; } =
        new[] { Unknown, Separator, Pad, Classification, Mask }
            .Concat(Additional ?? [])
            .Distinct(StringComparer.Ordinal)
            .ToArray();
}

/// <summary>
/// Settings of a <see cref="WordPieceTokenizer"/>; names and defaults follow Hugging Face's
/// BertTokenizer.
/// </summary>
/// <param name="DoLowerCase">Lower-case every character (uncased model).</param>
/// <param name="StripAccents">Decompose and drop accents; null: as
/// <paramref name="DoLowerCase"/>.</param>
/// <param name="TokenizeChineseChars">Make every CJK ideograph a word.</param>
/// <param name="MaxWordCodePoints">Words of more code points (after normalisation) become the
/// unknown token.</param>
/// <param name="ModelMaxLength">The most tokens the model takes, special tokens included; callers
/// pass it, or less, as <c>maxLength</c>.</param>
/// <param name="Special">Spellings of the special tokens; null: BERT's.</param>
/// <param name="Matching">Where special tokens are recognised.</param>
public sealed record TokenizerOptions(
    bool DoLowerCase = true,
    bool? StripAccents = null,
    bool TokenizeChineseChars = true,
    int MaxWordCodePoints = 100,
    int ModelMaxLength = 512,
    SpecialTokens? Special = null,
    SpecialTokenMatching Matching = SpecialTokenMatching.Anywhere
);
