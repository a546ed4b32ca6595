using System.Text;
using RobustTickets.Attacks.Tokens;
using FastBert = FastBertTokenizer.BertTokenizer;
using MicrosoftBert = Microsoft.ML.Tokenizers.BertTokenizer;

namespace RobustTickets.Attacks.Tests.Tokens;

/// <summary>
/// Another library's BERT tokenizer behind ours: text to ids, no [CLS] and [SEP], nothing cut.
/// </summary>
internal sealed class TokenizerOracle
{
    public const string FastBertTokenizer = "FastBertTokenizer";
    public const string MicrosoftMLTokenizers = "Microsoft.ML.Tokenizers";

    private const int NoLimit = 4096;
    private const int LongestWord = 100;

    private readonly Func<string, int[]> _encode;
    private readonly Func<char, bool> _isPlain;

    private TokenizerOracle(string name, Func<string, int[]> encode, Func<char, bool> isPlain) =>
        (Name, _encode, _isPlain) = (name, encode, isPlain);

    public static string[] Names => [FastBertTokenizer, MicrosoftMLTokenizers];

    public string Name { get; }

    public static TokenizerOracle Create(string name, Vocabulary vocabulary, bool lowerCase) =>
        name switch
        {
            FastBertTokenizer => new(name, EncodeFastBert(vocabulary, lowerCase), IsPlainToFastBert),
            MicrosoftMLTokenizers => new(name, EncodeMicrosoft(vocabulary, lowerCase), IsPlainToMicrosoft),
            _ => throw new ArgumentException($"no tokenizer '{name}'", nameof(name)),
        };

    public int[] TokenIds(string text) => _encode(text);

    /// <summary>
    /// True when a text holds nothing that the library is known to treat otherwise than Hugging
    /// Face
    /// does (docs/decisions/, the page on WordPiece): printable ASCII less some, words of at most
    /// 100 characters.
    /// </summary>
    public bool IsPlain(string text) => text.All(_isPlain) && text.Split(' ').All(word => word.Length <= LongestWord);

    private static bool IsPlainToFastBert(char c) => char.IsBetween(c, ' ', '~') && c is not ('[' or ']');

    private static bool IsPlainToMicrosoft(char c) =>
        IsPlainToFastBert(c) && c is not ('$' or '+' or '<' or '=' or '>' or '^' or '`' or '|' or '~' or '_');

    private static Func<string, int[]> EncodeFastBert(Vocabulary vocabulary, bool lowerCase)
    {
        var tokenizer = new FastBert();
        tokenizer.LoadVocabulary(
            new StringReader(Lines(vocabulary)),
            convertInputToLowercase: lowerCase,
            unknownToken: "[UNK]",
            clsToken: "[CLS]",
            sepToken: "[SEP]",
            padToken: "[PAD]"
        );
        return text => [.. tokenizer.Encode(text, NoLimit).InputIds.ToArray()[1..^1].Select(id => (int)id)];
    }

    private static Func<string, int[]> EncodeMicrosoft(Vocabulary vocabulary, bool lowerCase)
    {
        using var lines = new MemoryStream(Encoding.UTF8.GetBytes(Lines(vocabulary)));
        var tokenizer = MicrosoftBert.Create(
            lines,
            new() { LowerCaseBeforeTokenization = lowerCase, RemoveNonSpacingMarks = lowerCase }
        );
        return text => [.. tokenizer.EncodeToIds(text, addSpecialTokens: false)];
    }

    private static string Lines(Vocabulary vocabulary) =>
        string.Concat(Enumerable.Range(0, vocabulary.Count).Select(id => vocabulary[id] + "\n"));
}
