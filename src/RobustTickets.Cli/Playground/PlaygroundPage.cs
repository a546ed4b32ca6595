// The page: one HTML file assembled from embedded resources at startup. Its policy lists the hashes
// of its own style and script, so that a browser runs nothing else.
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace RobustTickets.Cli.Playground;

/// <summary>The page and its content security policy.</summary>
/// <param name="Html">The page.</param>
/// <param name="Policy">Value of <c>Content-Security-Policy</c>.</param>
internal sealed record PlaygroundPage(string Html, string Policy)
{
    private const string Prefix = "Playground.Page.";
    private const string StyleMark = "/*style*/";
    private const string ScriptMark = "/*script*/";

    /// <summary>
    /// Assembles the page: <c>page.html</c>, every style sheet, and every script, shared ones first
    /// and the start script last.
    /// </summary>
    public static PlaygroundPage Make()
    {
        var assembly = typeof(PlaygroundPage).Assembly;
        var names = assembly
            .GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToList();
        var style = Join(assembly, names.Where(n => n.EndsWith(".css", StringComparison.Ordinal)));
        var script =
            "\"use strict\";\n"
            + Join(assembly, names.Where(n => n.EndsWith(".js", StringComparison.Ordinal)).OrderBy(Place));
        var html = Read(assembly, Prefix + "page.html")
            .Replace(StyleMark, style, StringComparison.Ordinal)
            .Replace(ScriptMark, script, StringComparison.Ordinal);
        return new PlaygroundPage(
            html,
            "default-src 'none'; "
                + $"script-src '{Hash(script)}'; style-src '{Hash(style)}'; "
                + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                + "require-trusted-types-for 'script'; trusted-types 'none'"
        );
    }

    private static int Place(string name) =>
        name.Contains(".shared.", StringComparison.Ordinal) ? 0
        : name.Contains(".pages.", StringComparison.Ordinal) ? 1
        : 2;

    private static string Join(Assembly assembly, IEnumerable<string> names) =>
        string.Join('\n', names.Select(n => Read(assembly, n)));

    private static string Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        // Browsers hash normalised text: line ends are LF.
        return reader.ReadToEnd().Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    private static string Hash(string text) =>
        $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
}
