using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RobustTickets.Attacks.Tokens;

/// <summary>
/// Reads and writes the tokenizer files of a Hugging Face model folder: <c>tokenizer.json</c>
/// (WordPiece model, BertNormalizer), <c>vocab.txt</c>, <c>tokenizer_config.json</c>,
/// <c>special_tokens_map.json</c>, and <c>config.json</c> for the number of positions. Precedence
/// as in Hugging Face: settings of <c>tokenizer_config.json</c>, then those of
/// <c>tokenizer.json</c>, then BERT's defaults. Unsupported settings that would change tokens are
/// rejected by name. The lengths of truncation and padding stored in <c>tokenizer.json</c> are
/// ignored: the caller gives the length.
/// </summary>
internal static class TokenizerFolder
{
    /// <summary>Name of the file of settings.</summary>
    public const string ConfigFile = "tokenizer_config.json";

    private static readonly string[] Classes =
    [
        "BertTokenizer",
        "DistilBertTokenizer",
        "ElectraTokenizer",
        "MobileBertTokenizer",
        "PreTrainedTokenizer",
    ];
    private static readonly string[] OtherKinds =
    [
        "merges.txt",
        "vocab.json",
        "spiece.model",
        "sentencepiece.bpe.model",
        "tokenizer.model",
    ];

    public static WordPieceTokenizer Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder))
            throw new DataException(
                $"{folder}: no such folder; expected a model folder with vocab.txt or tokenizer.json"
            );
        var vocabPath = Path.Combine(folder, "vocab.txt");
        var jsonPath = Path.Combine(folder, "tokenizer.json");
        var configPath = Path.Combine(folder, ConfigFile);

        using var config = Open(configPath);
        using var map = Open(Path.Combine(folder, "special_tokens_map.json"));
        CheckConfig(configPath, config?.RootElement);

        var fromJson = File.Exists(jsonPath) ? TokenizerJson.Read(jsonPath) : null;
        if (!RequireRightTruncation(configPath, config?.RootElement) && fromJson?.TruncationDirection is { } side)
            RequireRight(jsonPath, "truncation.direction", side);
        var fromText = File.Exists(vocabPath) ? Vocabulary.Load(vocabPath) : null;
        if (
            fromJson is not null
            && fromText is not null
            && !fromJson.Vocabulary.Tokens.SequenceEqual(fromText.Tokens, StringComparer.Ordinal)
        )
        {
            throw new DataException(
                $"{folder}: vocab.txt ({fromText.Count} tokens) and tokenizer.json ({fromJson.Vocabulary.Count} "
                    + "tokens) contain different vocabularies; remove the wrong file"
            );
        }
        var vocabulary = fromJson?.Vocabulary ?? fromText ?? throw new DataException(Missing(folder));
        CheckAddedTokens(Path.Combine(folder, "added_tokens.json"), vocabulary);

        var settings = config?.RootElement;
        var options = new TokenizerOptions(
            DoLowerCase: Bool(configPath, settings, "do_lower_case") ?? fromJson?.Lowercase ?? true,
            StripAccents: Bool(configPath, settings, "strip_accents") ?? fromJson?.StripAccents,
            TokenizeChineseChars: Bool(configPath, settings, "tokenize_chinese_chars")
                ?? fromJson?.HandleChineseChars
                ?? true,
            MaxWordCodePoints: fromJson?.MaxWordCodePoints ?? 100,
            ModelMaxLength: MaxLength(folder, settings),
            Special: ReadSpecial(map?.RootElement, settings, fromJson, AddedTokens(configPath, settings, vocabulary))
        );
        if (options.Special is { } special)
            fromJson?.RequireTemplate(jsonPath, special);
        try
        {
            return new WordPieceTokenizer(vocabulary, options);
        }
        catch (DataException e)
        {
            throw new DataException($"{folder}: {e.Message}", e);
        }
    }

    public static void Save(WordPieceTokenizer tokenizer, string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var options = tokenizer.Options;
        if (options.MaxWordCodePoints != 100)
        {
            throw new DataException(
                $"{folder}: a limit of {options.MaxWordCodePoints} characters per word cannot be saved with "
                    + "vocab.txt, which implies 100"
            );
        }
        if (options.Matching != SpecialTokenMatching.Anywhere)
        {
            throw new DataException(
                $"{folder}: special tokens that match whole words only cannot be saved; Hugging Face matches "
                    + "them anywhere in a text"
            );
        }
        Directory.CreateDirectory(folder);
        var special = options.Special ?? new SpecialTokens();
        tokenizer.Vocabulary.Save(Path.Combine(folder, "vocab.txt"));

        File.WriteAllText(Path.Combine(folder, "special_tokens_map.json"), Json(Names(special)));
        File.WriteAllText(Path.Combine(folder, ConfigFile), ConfigText(tokenizer));
    }

    /// <summary>The text of <c>tokenizer_config.json</c> for a tokenizer.</summary>
    public static string ConfigText(WordPieceTokenizer tokenizer)
    {
        var options = tokenizer.Options;
        var config = new Dictionary<string, object?>
        {
            ["tokenizer_class"] = "BertTokenizer",
            ["do_lower_case"] = options.DoLowerCase,
            ["strip_accents"] = options.StripAccents,
            ["tokenize_chinese_chars"] = options.TokenizeChineseChars,
            ["model_max_length"] = options.ModelMaxLength,
        };
        foreach (var (key, value) in Names(options.Special ?? new SpecialTokens()))
            config[key] = value;
        return Json(config);
    }

    private static Dictionary<string, object?> Names(SpecialTokens special)
    {
        var names = new Dictionary<string, object?>
        {
            ["unk_token"] = special.Unknown,
            ["sep_token"] = special.Separator,
            ["pad_token"] = special.Pad,
            ["cls_token"] = special.Classification,
            ["mask_token"] = special.Mask,
        };
        if (special.Additional is { Count: > 0 })
            names["additional_special_tokens"] = special.Additional;
        return names;
    }

    private static string Json(Dictionary<string, object?> value) =>
        JsonSerializer.Serialize(value, WriteOptions) + "\n";

    private static readonly JsonSerializerOptions WriteOptions = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static void CheckConfig(string path, JsonElement? config)
    {
        if (config is not { } root)
            return;
        if (
            Text(root, "tokenizer_class") is { } name
            && !Classes.Contains(name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name)
        )
        {
            throw new DataException(
                $"{path}: tokenizer_class '{name}' is not supported; possible: {string.Join(", ", Classes)} "
                    + "(and their Fast forms), all of them WordPiece"
            );
        }
        if (Bool(path, root, "do_basic_tokenize") is false)
        {
            throw new DataException(
                $"{path}: do_basic_tokenize is false; only tokenizers that first split on whitespace and "
                    + "punctuation are supported"
            );
        }
        if (
            root.TryGetProperty("never_split", out var never)
            && never.ValueKind == JsonValueKind.Array
            && never.GetArrayLength() > 0
        )
        {
            throw new DataException(
                $"{path}: never_split contains {never.GetArrayLength()} words; only special tokens can be kept "
                    + "whole (additional_special_tokens)"
            );
        }
    }

    private static void CheckAddedTokens(string path, Vocabulary vocabulary)
    {
        using var document = Open(path);
        if (document is null)
            return;
        foreach (var token in document.RootElement.EnumerateObject())
        {
            if (vocabulary.TryGetId(token.Name, out var id) && token.Value.Integer() == id)
                continue;
            throw new DataException(
                $"{path}: added token '{token.Name}' is not in the vocabulary of {vocabulary.Count} tokens; "
                    + "add it to vocab.txt, or remove it"
            );
        }
    }

    /// <summary>
    /// Special tokens in <c>added_tokens_decoder</c>, where newer versions of Hugging Face's
    /// library list them by index.
    /// </summary>
    private static List<string> AddedTokens(string path, JsonElement? config, Vocabulary vocabulary)
    {
        var added = new List<string>();
        if (
            config is not { } root
            || !root.TryGetProperty("added_tokens_decoder", out var tokens)
            || tokens.ValueKind != JsonValueKind.Object
        )
            return added;
        foreach (var token in tokens.EnumerateObject())
        {
            var id = int.TryParse(token.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : -1;
            added.Add(TokenizerJson.ReadAddedToken($"{path} added_tokens_decoder", token.Value, id, vocabulary));
        }
        return added;
    }

    /// <summary>
    /// Throws if texts would be truncated at their start; whether the settings name a side.
    /// </summary>
    internal static bool RequireRightTruncation(string path, JsonElement? config)
    {
        if (config?.Member("truncation_side") is not { ValueKind: not JsonValueKind.Null } side)
            return false;
        RequireRight(path, "truncation_side", side.Text() ?? side.GetRawText());
        return true;
    }

    private static void RequireRight(string path, string field, string side)
    {
        if (!side.Equals("right", StringComparison.OrdinalIgnoreCase))
            throw new DataException(
                $"{path}: {field} is '{side}'; only 'right' is supported: the end of a text that is too long is removed"
            );
    }

    /// <summary><c>model_max_length</c>; null if missing or unknown.</summary>
    internal static int? GivenLength(string path, JsonElement? config)
    {
        if (config?.Member("model_max_length") is not { ValueKind: JsonValueKind.Number } given)
            return null;
        var length = given.GetDouble();
        if (!(length >= 2))
            throw new DataException($"{path}: model_max_length is {given}; expected at least 2");
        // 1e30 means "unknown" in Hugging Face's files.
        return length < 1_000_000 ? (int)length : null;
    }

    // Without model_max_length: the number of positions, or BERT's 512.
    private static int MaxLength(string folder, JsonElement? config)
    {
        if (GivenLength(Path.Combine(folder, ConfigFile), config) is { } length)
            return length;
        using var model = Open(Path.Combine(folder, "config.json"));
        return
            model is not null
            && model.RootElement.Member("max_position_embeddings")?.Integer() is { } count
            && count >= 2
            ? count
            : 512;
    }

    private static SpecialTokens ReadSpecial(
        JsonElement? map,
        JsonElement? config,
        TokenizerJson? json,
        IEnumerable<string> added
    )
    {
        var standard = new SpecialTokens();
        string Name(string key, string otherwise) =>
            (map is { } m ? Text(m, key) : null) ?? (config is { } c ? Text(c, key) : null) ?? otherwise;
        var additional = (map is { } special ? Texts(special) : [])
            .Concat(config is { } settings ? Texts(settings) : [])
            .Concat(json?.Special ?? [])
            .Concat(added);
        var named = new SpecialTokens(
            Name("unk_token", json?.Unknown ?? standard.Unknown),
            Name("sep_token", standard.Separator),
            Name("pad_token", standard.Pad),
            Name("cls_token", standard.Classification),
            Name("mask_token", standard.Mask)
        );
        var more = additional.Distinct(StringComparer.Ordinal).Except(named.All, StringComparer.Ordinal).ToArray();
        return more.Length == 0
            ? named
            : new SpecialTokens(named.Unknown, named.Separator, named.Pad, named.Classification, named.Mask, more);

        static IEnumerable<string> Texts(JsonElement root) =>
            root.TryGetProperty("additional_special_tokens", out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().Select(Content).OfType<string>()
                : [];
    }

    private static string Missing(string folder)
    {
        var other = OtherKinds.Where(name => File.Exists(Path.Combine(folder, name))).ToArray();
        var files = Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal);
        return other.Length > 0
            ? $"{folder}: neither vocab.txt nor tokenizer.json; found {string.Join(", ", other)}, which belongs "
                + "to a BPE or SentencePiece tokenizer: only WordPiece is supported"
            : $"{folder}: neither vocab.txt nor tokenizer.json; found "
                + string.Join(", ", files.Take(12).DefaultIfEmpty("nothing"));
    }

    internal static JsonDocument? Open(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            var document = GuardedJson.Parse(path, File.ReadAllBytes(path));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
            throw new DataException($"{path}: expected a JSON object");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    internal static bool? Bool(string path, JsonElement? root, string key)
    {
        if (root?.Member(key) is not { } value)
            return null;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Null => null,
            _ => throw new DataException($"{path}: {key} is {value.GetRawText()}; expected true, false or null"),
        };
    }

    private static string? Text(JsonElement root, string key) =>
        root.TryGetProperty(key, out var value) ? Content(value) : null;

    /// <summary>A token is a string, or an object with its string in "content".</summary>
    private static string? Content(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Object
                when value.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String =>
                content.GetString(),
            _ => null,
        };
}
