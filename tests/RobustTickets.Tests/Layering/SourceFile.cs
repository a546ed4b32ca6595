// One C# file as the layering test sees it: its folder, namespace, declared types, and code
// without comments and texts. A scan of words is enough: it must catch a dependency that somebody
// writes, and the planted cases of LayeringTests show that it does.
using System.Text;
using System.Text.RegularExpressions;

namespace RobustTickets.Tests.Layering;

/// <summary>A parsed source file.</summary>
/// <param name="Path">Path below the repository root, with forward slashes.</param>
/// <param name="Folder">Project and folder with dots between them:
/// <c>RobustTickets.Tickets.Files</c>
/// for <c>src/RobustTickets/Tickets/Files/X.cs</c>.</param>
/// <param name="Namespace">The file-scoped namespace, or the empty string for top-level
/// statements.</param>
/// <param name="Code">The text with comments, string and character literals replaced by blanks;
/// lines keep their numbers.</param>
/// <param name="Types">Names of the types the file declares.</param>
internal sealed partial record SourceFile(
    string Path,
    string Folder,
    string Namespace,
    string Code,
    IReadOnlyList<string> Types
)
{
    /// <summary>Root namespace of the file's project: the name of its folder below src.</summary>
    public string Project => Path.Split('/')[1];

    public static SourceFile Parse(string path, string text)
    {
        var code = Blank(text);
        return new SourceFile(
            path,
            string.Join('.', path.Split('/')[1..^1]),
            NamespaceOf().Match(code) is { Success: true } match ? match.Groups[1].Value : "",
            code,
            [.. TypeOf().Matches(code).Select(m => m.Groups[1].Value).Distinct()]
        );
    }

    /// <summary>All files below a folder, build outputs left out.</summary>
    public static IReadOnlyList<SourceFile> ReadAll(string root, string folder) =>
        [
            .. RepositoryFiles
                .Below(root, folder)
                .Where(path => path.EndsWith(".cs", StringComparison.Ordinal))
                .Select(path => Parse(path, File.ReadAllText(System.IO.Path.Combine(root, path)))),
        ];

    /// <summary>The 1-based line of a position in <see cref="Code"/>.</summary>
    public int LineOf(int position) => Code.AsSpan(0, position).Count('\n') + 1;

    /// <summary>
    /// Replaces everything that is not code by blanks, so that a name in a comment or a message is
    /// no dependency.
    /// </summary>
    internal static string Blank(string text)
    {
        var code = new StringBuilder(text);
        var i = 0;
        while (i < text.Length)
        {
            var end = EndOfNonCode(text, i);
            for (var k = i; k < end; k++)
            {
                if (code[k] != '\n')
                    code[k] = ' ';
            }
            i = Math.Max(end, i + 1);
        }
        return code.ToString();
    }

    // The end of the comment or literal that starts at i, or i when code stands there.
    private static int EndOfNonCode(string text, int i)
    {
        if (At(text, i, "//"))
            return IndexOrEnd(text, "\n", i);
        if (At(text, i, "/*"))
            return After(text, "*/", i + 2);
        if (text[i] == '\'')
            return EndOfEscaped(text, i + 1, '\'');

        // A string may be preceded by $ and @ in any order and number.
        var quote = i;
        while (quote < text.Length && text[quote] is '$' or '@')
            quote++;
        if (quote >= text.Length || text[quote] != '"')
            return i;
        var prefix = text.AsSpan(i, quote - i);
        var quotes = 0;
        while (quote + quotes < text.Length && text[quote + quotes] == '"')
            quotes++;
        if (quotes >= 3)
            return After(text, new string('"', quotes), quote + quotes);
        return prefix.Contains('@') ? EndOfVerbatim(text, quote + 1) : EndOfEscaped(text, quote + 1, '"');
    }

    private static int EndOfEscaped(string text, int i, char close)
    {
        for (; i < text.Length; i++)
        {
            if (text[i] == '\\')
                i++;
            else if (text[i] == close)
                return i + 1;
        }
        return text.Length;
    }

    private static int EndOfVerbatim(string text, int i)
    {
        for (; i < text.Length; i++)
        {
            if (text[i] != '"')
                continue;
            if (!At(text, i, "\"\""))
                return i + 1;
            i++;
        }
        return text.Length;
    }

    private static bool At(string text, int i, string part) =>
        string.CompareOrdinal(text, i, part, 0, part.Length) == 0;

    private static int IndexOrEnd(string text, string part, int from) =>
        text.IndexOf(part, from, StringComparison.Ordinal) is var at and >= 0 ? at : text.Length;

    private static int After(string text, string part, int from) =>
        Math.Min(text.Length, IndexOrEnd(text, part, from) + part.Length);

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceOf();

    [GeneratedRegex(
        @"\b(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?|delegate\s+[\w<>\[\],.?]+)\s+([A-Za-z_]\w*)"
    )]
    private static partial Regex TypeOf();
}
