using System.Text.Json;

namespace RobustTickets.Attacks.Tokens;

/// <summary>
/// The settings in <c>tokenizer.json</c> (the file of Hugging Face's Rust tokenizers) of a BERT
/// tokenizer: a WordPiece model with the prefix <c>##</c>, a BertNormalizer that cleans text, a
/// BertPreTokenizer, added tokens that are all special and in the vocabulary, and BERT's template.
/// Anything else is rejected by name, because it would change tokens.
/// </summary>
internal sealed record TokenizerJson(
    Vocabulary Vocabulary,
    string Unknown,
    int MaxWordCodePoints,
    bool? Lowercase,
    bool? StripAccents,
    bool? HandleChineseChars,
    IReadOnlyList<string> Special
)
{
    private const string Template = "TemplateProcessing";

    /// <summary>The side from which texts are truncated; null if not given.</summary>
    public string? TruncationDirection { get; init; }

    // The template of single texts and that of pairs, as spelled by Spell; null: another kind.
    private (string Single, string Pair)? Templates { get; init; }

    /// <summary>Throws if the template is not BERT's.</summary>
    /// <exception cref="DataException">It is another one.</exception>
    public void RequireTemplate(string path, SpecialTokens special)
    {
        if (Templates is not { } templates)
            return;
        var (start, end) = (special.Classification, special.Separator);
        var single = $"{start}:0 $A:0 {end}:0";
        foreach (
            var (part, found, expected) in new[]
            {
                ("single", templates.Single, single),
                ("pair", templates.Pair, $"{single} $B:1 {end}:1"),
            }
        )
        {
            if (found != expected)
                throw new DataException(
                    $"{path}: post_processor.{part} is '{found}' (token:segment); only '{expected}' is supported"
                );
        }
    }

    public static TokenizerJson Read(string path)
    {
        using var document = TokenizerFolder.Open(path) ?? throw new DataException($"{path}: no such file");
        var root = document.RootElement;
        if (!root.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.Object)
            throw new DataException($"{path}: model is missing");

        // Old files have no type; the prefix then distinguishes WordPiece from other models.
        var hasPrefix =
            model.TryGetProperty("continuing_subword_prefix", out var prefix)
            && prefix.ValueKind == JsonValueKind.String;
        var type =
            model.TryGetProperty("type", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString()!
            : hasPrefix && !model.TryGetProperty("merges", out _) ? "WordPiece"
            : "(none)";
        if (type != "WordPiece")
            throw new DataException($"{path}: model.type is '{type}'; only WordPiece is supported");
        if (hasPrefix && prefix.GetString() != Vocabulary.ContinuationPrefix)
        {
            throw new DataException(
                $"{path}: model.continuing_subword_prefix is '{prefix.GetString()}'; only "
                    + $"'{Vocabulary.ContinuationPrefix}' is supported"
            );
        }

        var vocabulary = ReadVocabulary(path, model);
        var unknown =
            model.TryGetProperty("unk_token", out var unk) && unk.ValueKind == JsonValueKind.String
                ? unk.GetString()!
                : "[UNK]";
        var longest =
            model.Member("max_input_chars_per_word") is not { } max ? 100
            : max.Integer() is { } count and > 0 ? count
            : throw new DataException(
                $"{path}: model.max_input_chars_per_word is {max.GetRawText()}; expected an integer above 0"
            );
        var (lower, strip, ideographs) = ReadNormalizer(path, root);
        CheckType(path, root, "pre_tokenizer", "BertPreTokenizer");
        CheckType(path, root, "post_processor", Template, "BertProcessing");
        var processor = root.Member("post_processor");
        return new TokenizerJson(
            vocabulary,
            unknown,
            longest,
            lower,
            strip,
            ideographs,
            ReadAdded(path, root, vocabulary)
        )
        {
            TruncationDirection = root.Member("truncation")?.Member("direction")?.Text(),
            Templates =
                processor?.Member("type")?.Text() == Template
                    ? (Spell(processor?.Member("single")), Spell(processor?.Member("pair")))
                    : null,
        };
    }

    // A template as tokenizers writes it in code: [CLS]:0 $A:0 [SEP]:0.
    private static string Spell(JsonElement? template) =>
        template is { ValueKind: JsonValueKind.Array } pieces
            ? string.Join(' ', pieces.EnumerateArray().Select(Piece))
            : "(none)";

    private static string Piece(JsonElement piece)
    {
        var (sequence, token) = (piece.Member("Sequence"), piece.Member("SpecialToken"));
        var named = sequence ?? token;
        return $"{(sequence is null ? "" : "$")}{named?.Member("id")?.Text()}:{named?.Member("type_id")?.Integer()}";
    }

    private static Vocabulary ReadVocabulary(string path, JsonElement model)
    {
        if (!model.TryGetProperty("vocab", out var vocab) || vocab.ValueKind != JsonValueKind.Object)
            throw new DataException($"{path}: model.vocab is missing");
        var tokens = new string?[vocab.EnumerateObject().Count()];
        foreach (var entry in vocab.EnumerateObject())
        {
            if (entry.Value.Integer() is not { } id || (uint)id >= (uint)tokens.Length || tokens[id] is not null)
            {
                throw new DataException(
                    $"{path}: model.vocab maps '{entry.Name}' to index {entry.Value.GetRawText()}; the "
                        + $"{tokens.Length} entries must have the indices 0..{tokens.Length - 1}, each once"
                );
            }
            tokens[id] = entry.Name;
        }
        return new Vocabulary(tokens!, path + " model.vocab");
    }

    private static (bool? Lower, bool? Strip, bool? Ideographs) ReadNormalizer(string path, JsonElement root)
    {
        CheckType(path, root, "normalizer", "BertNormalizer");
        var normalizer = root.GetProperty("normalizer");
        if (TokenizerFolder.Bool(path, normalizer, "clean_text") is false)
        {
            throw new DataException($"{path}: normalizer.clean_text is false; only cleaned text is supported");
        }
        return (
            TokenizerFolder.Bool(path, normalizer, "lowercase"),
            TokenizerFolder.Bool(path, normalizer, "strip_accents"),
            TokenizerFolder.Bool(path, normalizer, "handle_chinese_chars")
        );
    }

    private static List<string> ReadAdded(string path, JsonElement root, Vocabulary vocabulary)
    {
        var special = new List<string>();
        if (!root.TryGetProperty("added_tokens", out var added) || added.ValueKind != JsonValueKind.Array)
            return special;
        foreach (var token in added.EnumerateArray())
        {
            var id = token.Member("id")?.Integer() ?? -1;
            special.Add(ReadAddedToken(path, token, id, vocabulary));
        }
        return special;
    }

    /// <summary>
    /// The string of an added token (also those of <c>added_tokens_decoder</c>); rejected unless
    /// special, plain and in the vocabulary.
    /// </summary>
    public static string ReadAddedToken(string path, JsonElement token, int id, Vocabulary vocabulary)
    {
        var content = token.Member("content")?.Text() ?? "";
        if (!vocabulary.TryGetId(content, out var known) || known != id)
        {
            throw new DataException(
                $"{path}: added token '{content}' is not at index {id} of the vocabulary ({vocabulary.Count} "
                    + "tokens); tokens beyond the vocabulary are not supported"
            );
        }
        if (TokenizerFolder.Bool(path, token, "special") is false)
            throw new DataException(
                $"{path}: added token '{content}' is not special; only special tokens can be kept whole"
            );
        foreach (var flag in new[] { "lstrip", "rstrip", "single_word", "normalized" })
        {
            if (TokenizerFolder.Bool(path, token, flag) is true)
                throw new DataException($"{path}: added token '{content}' has {flag} = true; only false is supported");
        }
        return content;
    }

    private static void CheckType(string path, JsonElement root, string part, params string[] possible)
    {
        var type = root.Member(part)?.Member("type")?.Text();
        if (type is null && part == "post_processor")
            return;
        if (type is null || !possible.Contains(type))
        {
            throw new DataException(
                $"{path}: {part} is {(type is null ? "missing" : $"'{type}'")}; only "
                    + $"{string.Join(" or ", possible)} is supported"
            );
        }
    }
}
