// Compares what source files name with the table of layers: `using` directives, qualified names,
// full (`RobustTickets.Training.Trainer`) or relative (`Training.Trainer`), and types that a
// namespace in view holds although they lie in another folder.
using System.Text.RegularExpressions;

namespace RobustTickets.Tests.Layering;

/// <summary>A use of one folder by another.</summary>
/// <param name="File">Path of the file that names it.</param>
/// <param name="Line">1-based line.</param>
/// <param name="From">Folder of the file.</param>
/// <param name="To">Folder that is named.</param>
/// <param name="Words">The words found there.</param>
internal sealed record Edge(string File, int Line, string From, string To, string Words)
{
    public override string ToString() => $"{File}:{Line}: {From} names {To} ({Words})";
}

// The layer of a file is the folder it lies in; its namespace is the folder's or, for the
// front door, its project's root.
internal sealed partial class LayerCheck
{
    private const string Root = "RobustTickets";

    // After these words a type may stand; after any other, a name that is declared.
    private static readonly HashSet<string> BeforeTypes =
    [
        .. (
            "abstract and as async await case catch class const delegate event extern file fixed foreach from if in "
            + "init internal is new not or out override params partial private protected public readonly ref required "
            + "return sealed static throw unsafe using virtual volatile when where while with"
        ).Split(' '),
    ];

    private readonly IReadOnlyList<Layer> _table;
    private readonly IReadOnlyList<SourceFile> _files;
    private readonly Dictionary<string, ILookup<string, string>> _folders; // namespace -> type -> folders
    private readonly HashSet<string> _namespaces;
    private readonly HashSet<string> _projects;

    public LayerCheck(IReadOnlyList<Layer> table, IReadOnlyList<SourceFile> files)
    {
        _table = table;
        _files = files;
        _folders = files
            .Where(file => file.Namespace.Length > 0)
            .GroupBy(file => file.Namespace)
            .ToDictionary(
                space => space.Key,
                space =>
                    space
                        .SelectMany(file => file.Types.Select(type => (Type: type, file.Folder)))
                        .Distinct()
                        .ToLookup(pair => pair.Type, pair => pair.Folder)
            );
        _namespaces = [.. table.Select(layer => layer.Name), .. _folders.Keys];
        _projects = [.. files.Select(file => file.Project)];
    }

    /// <summary>Files whose folder no row of the table covers.</summary>
    public IReadOnlyList<string> Uncovered() =>
        [.. _files.Where(file => LayerOf(file.Folder) is null).Select(file => $"{file.Path}: {file.Folder}")];

    /// <summary>Files whose namespace is neither their folder's nor their project's root.</summary>
    public IReadOnlyList<string> Misplaced() =>
        [
            .. _files
                .Where(file =>
                    file.Namespace.Length > 0 && file.Namespace != file.Folder && file.Namespace != file.Project
                )
                .Select(file => $"{file.Path}: namespace {file.Namespace}; possible: {file.Folder}, {file.Project}"),
        ];

    /// <summary>Every edge the table does not allow.</summary>
    public IReadOnlyList<Edge> Violations() => [.. Edges().Where(edge => !Allowed(edge.From, edge.To))];

    /// <summary>Every use of another of our folders.</summary>
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
        HashSet<string> inView = [file.Namespace, .. Parents(file.Namespace)];
        foreach (Match match in QualifiedName().Matches(file.Code))
        {
            if (
                Resolve(match.Value.Replace("global::", ""), file.Namespace) is not var (space, type)
                || IsOwnNamespaceLine(file, match.Index)
            )
                continue;
            if (type is null)
                inView.Add(space);
            foreach (var folder in FoldersOf(space, type))
                yield return new Edge(file.Path, file.LineOf(match.Index), file.Folder, folder, match.Value);
        }
        foreach (Match match in UsedRoot().Matches(file.Code))
            inView.Add(match.Groups[1].Value);
        foreach (var edge in TypesInView(file, inView))
            yield return edge;
    }

    // The folders that a namespace, or a type in it, lies in. A project's root namespace holds
    // types of many folders: its name alone says nothing, the types that are named do
    // (TypesInView).
    private IEnumerable<string> FoldersOf(string space, string? type) =>
        type is not null && _folders.TryGetValue(space, out var types) && types.Contains(type) ? types[type]
        : _projects.Contains(space) ? []
        : [space];

    // Types that C# sees without any qualification, where they lie in another folder.
    private IEnumerable<Edge> TypesInView(SourceFile file, HashSet<string> inView)
    {
        foreach (var space in inView)
        {
            if (!_folders.TryGetValue(space, out var types))
                continue;
            var hidden = types.Where(type => file.Types.Contains(type.Key)).Select(type => type.Key).ToHashSet();
            foreach (Match match in Word().Matches(file.Code))
            {
                if (!types.Contains(match.Value) || hidden.Contains(match.Value) || !NamesAType(file.Code, match))
                    continue;
                foreach (var folder in types[match.Value])
                    yield return new Edge(file.Path, file.LineOf(match.Index), file.Folder, folder, match.Value);
            }
        }
    }

    // Members and parameters may be called like a type (`string Recipe`, `Recipe: x`, `{ Recipe = x
    // }`): those are no use of it, nor is a member of that name that the file declares with another
    // type.
    private static bool NamesAType(string code, Match word)
    {
        if (Declares(code, word) || MemberFollows().IsMatch(code[word.Index..Math.Min(code.Length, word.Index + 200)]))
            return false;
        if (TypeFollows().IsMatch(code[word.Index..Math.Min(code.Length, word.Index + 200)]))
            return true;
        return !Regex
            .Matches(code, $@"(?<![\w.]){word.Value}\b")
            .Any(other => Declares(code, other) && BeforeName(code, other).TrimEnd('?') != word.Value);
    }

    private static bool Declares(string code, Match word) =>
        BeforeName(code, word) is { Length: > 0 } before && !BeforeTypes.Contains(before);

    // The type before a declared name, on its line; empty when something else stands there.
    private static string BeforeName(string code, Match word) =>
        TypeBefore().Match(code[Math.Max(0, word.Index - 200)..word.Index]) is { Success: true } match
            ? match.Groups[1].Value
            : "";

    // The namespace that a dotted name reaches from within another, and the type it goes on to: an
    // absolute name, or one relative to any surrounding namespace. A relative name counts only when
    // it goes on to a type: `options.Training` is a property, `Training.Trainer` is not.
    private (string Space, string? Type)? Resolve(string name, string from)
    {
        if (Longest(name) is { } absolute)
            return (absolute, After(name, absolute));
        foreach (var parent in Parents(from).Prepend(from))
        {
            var full = $"{parent}.{name}";
            if (
                Longest(full) is { } space
                && space.Length > parent.Length
                && space != from
                && After(full, space) is { } type
                && _folders.TryGetValue(space, out var types)
                && types.Contains(type)
            )
            {
                return (space, type);
            }
        }
        return null;

        string? Longest(string candidate) =>
            _namespaces
                .Where(space => candidate == space || candidate.StartsWith(space + ".", StringComparison.Ordinal))
                .MaxBy(space => space.Length);

        static string? After(string full, string space) =>
            full.Length > space.Length ? full[(space.Length + 1)..].Split('.')[0] : null;
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

    [GeneratedRegex(@"(?m)^\s*(?:global\s+)?using\s+(?:global::)?(RobustTickets)\s*;")]
    private static partial Regex UsedRoot();

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*")]
    private static partial Regex Word();

    [GeneratedRegex(@"([\w>\]?]+)[ \t]+$")]
    private static partial Regex TypeBefore();

    [GeneratedRegex(@"^\w+\s*(?::(?!:)|=(?![=>]))")]
    private static partial Regex MemberFollows();

    [GeneratedRegex(@"^\w+(?:\?|\[\])*(?:\s+[A-Za-z_]|>)")]
    private static partial Regex TypeFollows();
}
