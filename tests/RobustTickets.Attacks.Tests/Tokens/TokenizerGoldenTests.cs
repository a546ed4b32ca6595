using System.Text.Json;
using System.Text.RegularExpressions;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests.Tokens;

/// <summary>
/// Tokens and indices of an independent implementation (folder g1_tokenizer), exactly. Rows marked
/// as depending on the Unicode version are judged
/// only while our table has the version of the golden values (14). The big vocabulary is found
/// through its hash in the folder's README.
/// Mutants: accents kept (single texts), ties cut from the first text (pairs); both must disagree
/// somewhere.
/// </summary>
public class TokenizerGoldenTests
{
    private const string GoldenUnicode = "14.0.0";

    [SkippableFact]
    public void Single_texts_with_the_big_vocabulary()
    {
        if (Big() is not { } big)
        {
            throw Golden.Skip("g1_tokenizer single, big vocabulary");
        }
        var tokenizers = new Dictionary<string, WordPieceTokenizer>
        {
            ["lower"] = new(big, new(Matching: SpecialTokenMatching.WholeWord)),
            ["cased"] = new(big, new(DoLowerCase: false, Matching: SpecialTokenMatching.WholeWord)),
        };
        var mutant = new WordPieceTokenizer(big, new(StripAccents: false, Matching: SpecialTokenMatching.WholeWord));
        var (judged, caught) = (0, 0);
        foreach (var row in Rows("single.jsonl"))
        {
            if (row.GetProperty("unicode_version_sensitive").GetBoolean() && UnicodeTable.Version != GoldenUnicode)
                continue;
            var text = row.GetProperty("text").GetString()!;
            foreach (var (name, tokenizer) in tokenizers)
            {
                var expected = row.GetProperty(name);
                var ids = Ints(expected.GetProperty("ids"));
                Assert.True(
                    Strings(expected.GetProperty("tokens")).SequenceEqual(tokenizer.Tokenize(text)),
                    Difference(name, text, tokenizer)
                );
                Assert.Equal(ids, tokenizer.TokenIds(text));
                foreach (var length in Lengths(expected, "single_"))
                {
                    var encoding = tokenizer.Encode(text, null, length);
                    Assert.Equal(Ints(expected.GetProperty($"single_{length}")), encoding.Ids);
                    Assert.All(encoding.Segments, segment => Assert.Equal(0, segment));
                    Assert.Equal(encoding.Ids.Length, encoding.Segments.Length);
                }
                judged++;
                if (name == "lower" && !ids.AsSpan().SequenceEqual(mutant.TokenIds(text)))
                    caught++;
            }
        }
        Assert.True(judged > 0, "no row was judged");
        GoldenRows.RequireNoticed(caught > 0, judged, "g1_tokenizer: accents kept");
    }

    [SkippableFact]
    public void Single_texts_with_the_vocabulary_of_the_small_model()
    {
        var vocabularies = SmallVocabularies();
        if (vocabularies.Count == 0 || Golden.Folder("g1_tokenizer", "single.jsonl") is null)
        {
            throw Golden.Skip("g1_tokenizer single, small vocabulary");
        }
        var rows = Rows("single.jsonl")
            .Where(row =>
                !row.GetProperty("unicode_version_sensitive").GetBoolean() || UnicodeTable.Version == GoldenUnicode
            )
            .ToArray();
        Assert.NotEmpty(rows);
        // One folder may hold several small models; the rows belong to one of them.
        var failures = vocabularies
            .Select(vocabulary =>
                FirstFailure(rows, new WordPieceTokenizer(vocabulary, new(Matching: SpecialTokenMatching.WholeWord)))
            )
            .ToArray();
        Assert.True(failures.Any(failure => failure is null), string.Join("; ", failures));
        var caught = vocabularies.All(vocabulary =>
            FirstFailure(
                rows,
                new WordPieceTokenizer(vocabulary, new(StripAccents: false, Matching: SpecialTokenMatching.WholeWord))
            )
                is not null
        );
        GoldenRows.RequireNoticed(caught, rows.Length, "g1_tokenizer: accents kept, small vocabulary");
    }

    [SkippableFact]
    public void Pairs()
    {
        if (Big() is not { } big || Golden.Folder("g1_tokenizer", "pairs.jsonl") is null)
        {
            throw Golden.Skip("g1_tokenizer pairs");
        }
        var tokenizers = new Dictionary<string, WordPieceTokenizer>
        {
            ["lower"] = new(big, new(Matching: SpecialTokenMatching.WholeWord)),
            ["cased"] = new(big, new(DoLowerCase: false, Matching: SpecialTokenMatching.WholeWord)),
        };
        var (judged, caught) = (0, 0);
        foreach (var row in Rows("pairs.jsonl"))
        {
            var (a, b) = (row.GetProperty("a").GetString()!, row.GetProperty("b").GetString()!);
            foreach (var (name, tokenizer) in tokenizers)
            {
                foreach (var length in Lengths(row, name + "_"))
                {
                    var expected = row.GetProperty($"{name}_{length}");
                    var encoding = tokenizer.Encode(a, b, length);
                    var ids = Ints(expected.GetProperty("input_ids"));
                    Assert.Equal(ids, encoding.Ids);
                    Assert.Equal(Ints(expected.GetProperty("token_type_ids")), encoding.Segments);
                    judged++;
                    if (!ids.AsSpan().SequenceEqual(TiesFromTheFirst(tokenizer, a, b, length)))
                        caught++;
                }
            }
        }
        Assert.True(judged > 0, "no pair was judged");
        GoldenRows.RequireNoticed(caught > 0, judged, "g1_tokenizer: ties cut from the first text");
    }

    private static string? FirstFailure(JsonElement[] rows, WordPieceTokenizer tokenizer)
    {
        foreach (var row in rows)
        {
            var text = row.GetProperty("text").GetString()!;
            var expected = row.GetProperty("small_vocab");
            if (!Strings(expected.GetProperty("tokens")).SequenceEqual(tokenizer.Tokenize(text)))
                return Difference("small_vocab", text, tokenizer);
            foreach (var length in Lengths(expected, "single_"))
            {
                if (
                    !Ints(expected.GetProperty($"single_{length}"))
                        .AsSpan()
                        .SequenceEqual(tokenizer.Encode(text, null, length).Ids)
                )
                    return Difference($"single_{length}", text, tokenizer);
            }
        }
        return null;
    }

    private static int[] TiesFromTheFirst(WordPieceTokenizer tokenizer, string a, string b, int length)
    {
        var first = tokenizer.TokenIds(a).ToList();
        var second = tokenizer.TokenIds(b).ToList();
        while (first.Count + second.Count > length - 3)
        {
            var longer = first.Count >= second.Count ? first : second;
            longer.RemoveAt(longer.Count - 1);
        }
        return [tokenizer.ClsId, .. first, tokenizer.SepId, .. second, tokenizer.SepId];
    }

    /// <summary>
    /// The vocabulary whose hash the README of the golden folder names, from any model folder at
    /// hand.
    /// </summary>
    internal static Vocabulary? Big()
    {
        if (Golden.Folder("g1_tokenizer", "README.md") is not { } readme)
            return null;
        var hash = Regex.Match(File.ReadAllText(readme), "sha256 ([0-9a-f]{64})").Groups[1].Value;
        return Golden
            .SharedRoots.Select(root => Path.Combine(root, "models"))
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .Select(folder => Path.Combine(folder, "vocab.txt"))
            .Where(File.Exists)
            .Select(Vocabulary.Load)
            .FirstOrDefault(vocabulary => vocabulary.Sha256() == hash);
    }

    private static List<Vocabulary> SmallVocabularies() =>
        Golden.Folder("models") is not { } models
            ? []
            : Directory
                .EnumerateDirectories(models, "m*")
                .Order(StringComparer.Ordinal)
                .Select(folder => Path.Combine(folder, "vocab.txt"))
                .Where(File.Exists)
                .Select(Vocabulary.Load)
                .ToList();

    internal static IEnumerable<JsonElement> Rows(string name) =>
        File.ReadLines(Golden.Required("g1_tokenizer", name))
            .Where(line => line.Length > 0)
            .Select(line => JsonDocument.Parse(line).RootElement);

    private static int[] Lengths(JsonElement row, string prefix) =>
        [
            .. row.EnumerateObject()
                .Where(p => p.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(p => int.Parse(p.Name[prefix.Length..])),
        ];

    internal static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetInt32())];

    private static string[] Strings(JsonElement list) => [.. list.EnumerateArray().Select(x => x.GetString()!)];

    private static string Difference(string name, string text, WordPieceTokenizer tokenizer) =>
        $"{name}: '{text}' gave {string.Join(' ', tokenizer.Tokenize(text))}";
}
