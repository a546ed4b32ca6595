// Layout of every page: style, heading, sections, footer. One file without scripts or external
// resources.
using System.Text;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

internal static class HtmlPage
{
    /// <summary>Start of every page.</summary>
    public const string Begin = "<!doctype html>";

    /// <summary>Marks a page as written by this program.</summary>
    public const string Generator = "<meta name=\"generator\" content=\"RobustTickets\">";

    // The head of pages written before they were marked, and a colour of their figures.
    private const string ColorScheme = "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
        Figures = "--series-1: #2f5fd0;";

    // Characters in which the marks are found; the title may be long.
    private const int HeadLength = 16 * 1024;

    /// <summary>Renders a page.</summary>
    /// <param name="title">Title of the page.</param>
    /// <param name="lead">A line below the title.</param>
    /// <param name="body">Sections, as HTML.</param>
    /// <param name="foot">Footer naming the sources, as HTML.</param>
    public static string Render(string title, string lead, string body, string foot) =>
        new StringBuilder(
            Begin
                + "\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                + "content=\"width=device-width, initial-scale=1\">\n"
                + $"{Generator}\n{ColorScheme}"
        )
            .Append(Svg.Escape(title))
            .Append("</title>\n<style>\n")
            .Append(HtmlStyle.Css)
            .Append("\n</style>\n</head>\n<body>\n<header><h1>")
            .Append(Svg.Escape(title))
            .Append("</h1>\n<p class=\"lead\">")
            .Append(Svg.Escape(lead))
            .Append("</p></header>\n<main>\n")
            .Append(body)
            .Append("</main>\n<footer><p>")
            .Append(foot)
            .Append("</p></footer>\n</body>\n</html>\n")
            .ToString();

    /// <summary>Whether a file is a page of this program, also of an earlier version.</summary>
    public static bool IsPage(string file)
    {
        var begin = new char[HeadLength];
        using var reader = new StreamReader(file);
        ReadOnlySpan<char> head = begin.AsSpan(0, reader.ReadBlock(begin));
        return head.StartsWith(Begin, StringComparison.Ordinal)
            && (
                head.Contains(Generator, StringComparison.Ordinal)
                || (
                    head.Contains(ColorScheme, StringComparison.Ordinal)
                    && head.Contains(Figures, StringComparison.Ordinal)
                )
            );
    }
}
