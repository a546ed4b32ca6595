// Compares what source files name with the table of layers. Three ways to name another namespace
// are looked for: a `using` directive (plain, static, global, alias), a qualified name whether full
// (`RobustTickets.Training.Trainer`) or relative (`Training.Trainer`), and a type of a surrounding
// namespace, which C# sees without any using.
using System.Text.RegularExpressions;

namespace RobustTickets.Tests.Layering;

/// <summary>A use of one namespace by another.</summary>
/// <param name="File">Path of the file that names it.</param>
/// <param name="Line">1-based line.</param>
/// <param name="From">Namespace of the file.</param>
/// <param name="To">Namespace that is named.</param>
/// <param name="Words">The words found there.</param>
internal sealed record Edge(string File, int Line, string From, string To, string Words)
{
    public override string ToString() => $"{File}:{Line}: {From} names {To} ({Words})";
}

internal sealed partial class LayerCheck
{
    private const string Root = "RobustTickets";

    private readonly IReadOnlyList<Layer> _table;
    private readonly IReadOnlyList<SourceFile> _files;
    private readonly ILookup<string, string> _typesOf; // namespace -> names of its types
    private readonly HashSet<string> _namespaces;

    public LayerCheck(IReadOnlyList<Layer> table, IReadOnlyList<SourceFile> files)
    {
        _table = table;
        _files = files;
        _typesOf = files
            .SelectMany(file => file.Types.Select(type => (file.Namespace, type)))
            .ToLookup(pair => pair.Namespace, pair => pair.type);
        _namespaces =
        [
            .. table.Select(layer => layer.Name),
            .. files.Select(file => file.Namespace).Where(name => name.Length > 0),
        ];
    }

    /// <summary>Namespaces of files that no row of the table covers.</summary>
    public IReadOnlyList<string> Uncovered() =>
        [
            .. _files
                .Where(file => file.Namespace.Length > 0 && LayerOf(file.Namespace) is null)
                .Select(file => $"{file.Path}: {file.Namespace}"),
        ];

    /// <summary>Every edge the table does not allow.</summary>
    public IReadOnlyList<Edge> Violations() => [.. Edges().Where(edge => !Allowed(edge.From, edge.To))];

    /// <summary>Every use of another of our namespaces.</summary>
    public IReadOnlyList<Edge> Edges() =>
        [
            .. _files
                .Where(file => file.Namespace.Length > 0)
                .SelectMany(EdgesOf)
                .Where(edge => edge.From != edge.To)
                .Distinct(),
        ];

    private bool Allowed(string from, string to)
    {
        var layer = LayerOf(from);
        var target = LayerOf(to);
        if (layer is null || target is null || layer == target)
            return true; // Uncovered() speaks of those without a row
        return layer.Sees.Any(seen =>
            seen.EndsWith(".*", StringComparison.Ordinal)
                ? target.Name == seen[..^2] || target.Name.StartsWith(seen[..^1], StringComparison.Ordinal)
                : target.Name == seen
        );
    }

    private Layer? LayerOf(string name) =>
        _table
            .Where(layer => name == layer.Name || name.StartsWith(layer.Name + ".", StringComparison.Ordinal))
            .MaxBy(layer => layer.Name.Length);

    private IEnumerable<Edge> EdgesOf(SourceFile file)
    {
        foreach (Match match in QualifiedName().Matches(file.Code))
        {
            if (
                Resolve(match.Value.Replace("global::", ""), file.Namespace) is { } target
                && !IsOwnNamespaceLine(file, match.Index)
            )
            {
                yield return new Edge(file.Path, file.LineOf(match.Index), file.Namespace, target, match.Value);
            }
        }
        foreach (var parent in Parents(file.Namespace))
        {
            var types = _typesOf[parent].Except(file.Types).ToHashSet();
            if (types.Count == 0)
                continue;
            foreach (Match match in Word().Matches(file.Code))
            {
                if (types.Contains(match.Value))
                    yield return new Edge(file.Path, file.LineOf(match.Index), file.Namespace, parent, match.Value);
            }
        }
    }

    // The namespace that a dotted name reaches from within another: an absolute one, or relative to
    // any surrounding namespace. A relative name counts only when it goes on to a type of that
    // namespace: `options.Training` is a property, `Training.Trainer` is not.
    private string? Resolve(string name, string from)
    {
        if (Longest(name) is { } absolute)
            return absolute;
        foreach (var parent in Parents(from).Prepend(from))
        {
            var full = $"{parent}.{name}";
            if (
                Longest(full) is { } space
                && space.Length > parent.Length
                && space != from
                && full.Length > space.Length
                && _typesOf[space].Contains(full[(space.Length + 1)..].Split('.')[0])
            )
            {
                return space;
            }
        }
        return null;

        string? Longest(string candidate) =>
            _namespaces
                .Where(space => candidate == space || candidate.StartsWith(space + ".", StringComparison.Ordinal))
                .MaxBy(space => space.Length);
    }

    private static IEnumerable<string> Parents(string name)
    {
        for (var dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1))
        {
            yield return name[..dot];
            if (name[..dot] == Root)
                yield break;
        }
    }

    private static bool IsOwnNamespaceLine(SourceFile file, int position)
    {
        var start = file.Code.LastIndexOf('\n', Math.Max(0, position - 1)) + 1;
        return file.Code.AsSpan(start, position - start).TrimStart().StartsWith("namespace");
    }

    // Not preceded by a dot or a letter, so that members of values are not taken for namespaces.
    [GeneratedRegex(@"(?<![\w.])(?:global::)?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*")]
    private static partial Regex Word();
}
