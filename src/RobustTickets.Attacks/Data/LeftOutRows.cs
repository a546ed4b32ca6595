namespace RobustTickets.Attacks.Data;

/// <summary>
/// Invalid rows: either the first one is an error, or all are skipped and reported in notes.
/// </summary>
internal sealed class LeftOutRows(string path, bool skip)
{
    private readonly List<int> _malformed = [];
    private readonly List<int> _unlabelled = [];
    private readonly List<(int Line, string Label)> _unknown = [];

    private (string Reason, Remedy? Remedy)? _first;

    /// <summary>Whether any row was skipped.</summary>
    public bool Any => _first is not null;

    /// <summary>Adds a malformed row.</summary>
    public void Malformed(int line, string reason, Remedy? remedy) => Add(_malformed, line, line, reason, remedy);

    /// <summary>Adds a row without a label.</summary>
    public void Unlabelled(int line, string reason) => Add(_unlabelled, line, line, reason, null);

    /// <summary>Adds a row whose label is not one of the classes.</summary>
    public void Unknown(int line, string label, string reason, Remedy remedy) =>
        Add(_unknown, (line, label), line, reason, remedy);

    /// <summary>The error if no valid row is left: line and reason of the first.</summary>
    public DataException NoneFits() => new($"{path}: no valid row; first error: line {_first?.Reason}", _first?.Remedy);

    /// <summary>Notes on the skipped rows.</summary>
    public IEnumerable<string> Notes()
    {
        if (_malformed.Count > 0)
            yield return $"{_malformed.Count} malformed rows left out, {Lines(_malformed, line => $"{line}")}";
        if (_unlabelled.Count > 0)
            yield return $"{_unlabelled.Count} rows without a label left out, {Lines(_unlabelled, line => $"{line}")}";
        if (_unknown.Count > 0)
            yield return $"{_unknown.Count} rows left out whose label is not one of the classes, "
                + Lines(_unknown, row => $"{row.Line} ('{row.Label}')");
    }

    private void Add<T>(List<T> rows, T row, int line, string reason, Remedy? remedy)
    {
        if (!skip)
            throw new DataException($"{path}:{line}: {reason}", remedy);
        _first ??= ($"{line}: {reason}", remedy);
        rows.Add(row);
    }

    private static string Lines<T>(List<T> rows, Func<T, string> show) =>
        $"at lines {string.Join(", ", rows.Take(5).Select(show))}{(rows.Count > 5 ? ", .." : "")}";
}
