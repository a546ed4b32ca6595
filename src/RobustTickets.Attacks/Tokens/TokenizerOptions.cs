namespace RobustTickets.Attacks.Tokens;

/// <summary>Where a special token's string inside a text is matched as that token.</summary>
public enum SpecialTokenMatching
{
    /// <summary>
    /// Anywhere, as in Hugging Face's <c>from_pretrained</c>, slow and fast: <c>"[[MASK]]"</c> is
    /// <c>[ [MASK] ]</c>. The default, also for loaded folders.
    /// </summary>
    Anywhere,

    /// <summary>
    /// Only as a separate word between whitespace, as in <c>BertTokenizer(vocab_file)</c> before
    /// transformers 4.34: <c>"a [MASK]"</c> contains one, <c>"[[MASK]]"</c> none. For comparison
    /// with tokens of that time; never used for loaded folders.
    /// </summary>
    WholeWord,
}

/// <summary>
/// The strings of the special tokens. They are never lower-cased or split, and are matched in
/// exactly this form.
/// </summary>
/// <param name="Unknown">Replaces a word that the vocabulary cannot represent.</param>
/// <param name="Separator">Ends each text.</param>
/// <param name="Pad">The padding token.</param>
/// <param name="Classification">Starts each encoding.</param>
/// <param name="Mask">The mask token; may be absent from the vocabulary.</param>
/// <param name="Additional">Further special tokens, all in the vocabulary.</param>
public sealed record SpecialTokens(
    string Unknown = "[UNK]",
    string Separator = "[SEP]",
    string Pad = "[PAD]",
    string Classification = "[CLS]",
    string Mask = "[MASK]",
    IReadOnlyList<string>? Additional = null
)
{
    /// <summary>All distinct special tokens.</summary>
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
/// <param name="DoLowerCase">Lower-case the text (uncased model).</param>
/// <param name="StripAccents">Decompose and drop accents; null: as
/// <paramref name="DoLowerCase"/>.</param>
/// <param name="TokenizeChineseChars">Make every CJK ideograph a word.</param>
/// <param name="MaxWordCodePoints">Words with more code points (after normalisation) become the
/// unknown token.</param>
/// <param name="ModelMaxLength">The model's maximum number of tokens, special tokens included;
/// callers pass at most this as <c>maxLength</c>.</param>
/// <param name="Special">The special tokens; null: BERT's.</param>
/// <param name="Matching">Where special tokens are matched.</param>
public sealed record TokenizerOptions(
    bool DoLowerCase = true,
    bool? StripAccents = null,
    bool TokenizeChineseChars = true,
    int MaxWordCodePoints = 100,
    int ModelMaxLength = 512,
    SpecialTokens? Special = null,
    SpecialTokenMatching Matching = SpecialTokenMatching.Anywhere
);
