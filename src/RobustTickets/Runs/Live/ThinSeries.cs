namespace RobustTickets.Runs.Live;

/// <summary>A point of a curve.</summary>
/// <param name="X">Position.</param>
/// <param name="Y">Value; null if not finite.</param>
internal readonly record struct CurvePoint(double X, double? Y);

/// <summary>
/// A curve of bounded length: as it grows, neighbouring points are merged into their mean, all over
/// the same number of values except the last.
/// </summary>
/// <param name="most">Maximum number of points; even.</param>
internal sealed class ThinSeries(int most = ThinSeries.Most)
{
    /// <summary>Default maximum number of points.</summary>
    public const int Most = 400;

    private readonly List<(double X, double Sum, int Count)> _full = [];
    private (double X, double Sum, int Count) _open;
    private int _stride = 1;

    /// <summary>Appends a value.</summary>
    public void Add(double x, double y)
    {
        _open = (x, _open.Sum + y, _open.Count + 1);
        if (_open.Count < _stride)
            return;
        _full.Add(_open);
        _open = default;
        if (_full.Count < most)
            return;
        // A merged point has the position of its second half.
        for (var i = 0; i < most / 2; i++)
        {
            var (first, second) = (_full[2 * i], _full[(2 * i) + 1]);
            _full[i] = (second.X, first.Sum + second.Sum, first.Count + second.Count);
        }
        _full.RemoveRange(most / 2, _full.Count - (most / 2));
        _stride *= 2;
    }

    /// <summary>The points of the curve.</summary>
    public IReadOnlyList<CurvePoint> Points =>
        [.. (_open.Count > 0 ? _full.Append(_open) : _full).Select(p => new CurvePoint(p.X, Finite(p.Sum / p.Count)))];

    /// <summary>A number, or null if not finite.</summary>
    internal static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
