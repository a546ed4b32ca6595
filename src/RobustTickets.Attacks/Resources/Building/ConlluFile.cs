// Sentences of a CoNLL-U file (universaldependencies.org): ten columns per word, FORM second, XPOS
// fifth; ranges (1-2) and empty nodes (8.1) are not words; sentences end at blank lines.

using System.Globalization;

namespace RobustTickets.Attacks.Resources.Building;

/// <summary>Words and their tags, in order.</summary>
internal sealed record TaggedSentence(string[] Words, string[] Tags);

/// <summary>Reads treebanks.</summary>
internal static class ConlluFile
{
    private const int Columns = 10;

    /// <summary>Reads the sentences with their language-specific tags (XPOS).</summary>
    /// <exception cref="DataException">A line is malformed or has no tag, or there is no
    /// sentence.</exception>
    public static IReadOnlyList<TaggedSentence> Read(string path)
    {
        var sentences = new List<TaggedSentence>();
        var (words, tags) = (new List<string>(), new List<string>());
        foreach (var (line, text) in ResourceFile.Lines(path, "treebank"))
        {
            if (text.Trim().Length == 0)
            {
                End();
                continue;
            }
            if (text[0] == '#')
                continue;
            var fields = text.Split('\t');
            if (fields.Length != Columns)
            {
                throw new DataException(
                    $"treebank {path}:{line}: expected {Columns} tab-separated columns, found {fields.Length}"
                );
            }
            if (fields[0].AsSpan().IndexOfAny('-', '.') > 0)
                continue;
            if (!int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out _))
                throw new DataException($"treebank {path}:{line}: '{fields[0]}' is not a word number");
            if (fields[1].Length == 0 || fields[4].Length == 0 || fields[4] == "_")
                throw new DataException($"treebank {path}:{line}: word '{fields[1]}' has no tag in column 5 (XPOS)");
            words.Add(fields[1]);
            tags.Add(fields[4]);
        }
        End();
        if (sentences.Count == 0)
            throw new DataException($"treebank {path}: no sentences");
        return sentences;

        void End()
        {
            if (words.Count > 0)
                sentences.Add(new TaggedSentence([.. words], [.. tags]));
            words.Clear();
            tags.Clear();
        }
    }
}
