// The frame of every page: style, heading, sections, foot. One file, no scripts, nothing fetched.
using System.Text;
using RobustTickets.Reports.Figures;

namespace RobustTickets.Reports;

internal static class HtmlPage
{
    /// <summary>What every page begins with.</summary>
    public const string Begin = "<!doctype html>";

    /// <summary>A page.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="lead">A line below the title.</param>
    /// <param name="body">Its sections, HTML already.</param>
    /// <param name="foot">What it was made from, HTML already.</param>
    public static string Render(string title, string lead, string body, string foot) =>
        new StringBuilder(
            Begin
                + "\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                + "content=\"width=device-width, initial-scale=1\">\n"
                + "<meta name=\"color-scheme\" content=\"light dark\">\n<title>"
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
}
