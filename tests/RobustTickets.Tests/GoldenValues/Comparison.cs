// How golden tests judge: differences are collected, so that one run shows everything that is off;
// a reference that is not finite fails at once, whatever is compared with it; and the same
// comparison, fed by a deliberate error (a mutant), must find a difference.
using System.Globalization;
using Xunit;

namespace RobustTickets.Tests.GoldenValues;

/// <summary>
/// Differences between what was computed and what an independent implementation computed.
/// </summary>
internal sealed class Comparison(string what)
{
    private const int Shown = 12;
    private readonly List<string> _differences = [];
    private int _compared;

    /// <summary>Numbers compared so far.</summary>
    public int Compared => _compared;

    /// <summary>Differences found so far.</summary>
    public int Differences => _differences.Count;

    /// <summary>Every element within an absolute tolerance.</summary>
    public void Near(string name, ReadOnlySpan<float> found, ReadOnlySpan<float> reference, double tolerance)
    {
        if (!SameLength(name, found.Length, reference.Length))
            return;
        var (worst, at) = (0.0, -1);
        for (var i = 0; i < found.Length; i++)
        {
            RequireFinite(name, reference[i]);
            var off = Math.Abs((double)found[i] - reference[i]);
            // A NaN compares false with everything: it must count as infinitely far.
            if (double.IsNaN(off))
                off = double.PositiveInfinity;
            if (off > worst)
                (worst, at) = (off, i);
        }
        _compared += found.Length;
        if (worst > tolerance)
            Differs(
                $"{name}[{at}] is {found[at]:R}, reference {reference[at]:R}, off by {worst:0.##e0}, tolerance "
                    + $"{tolerance:0.##e0}"
            );
    }

    /// <summary>One number within an absolute tolerance.</summary>
    public void Near(string name, double found, double reference, double tolerance)
    {
        RequireFinite(name, reference);
        _compared++;
        if (!(Math.Abs(found - reference) <= tolerance))
            Differs(
                $"{name} is {found:R}, reference {reference:R}, off by {Math.Abs(found - reference):0.##e0}, "
                    + $"tolerance {tolerance:0.##e0}"
            );
    }

    /// <summary>
    /// One number within a share of the reference (or an absolute floor, for references near zero).
    /// </summary>
    public void NearRelative(string name, double found, double reference, double share, double floor = 0) =>
        Near(name, found, reference, Math.Max(floor, share * Math.Abs(reference)));

    /// <summary>Equal values.</summary>
    public void Same<T>(string name, T found, T reference)
    {
        _compared++;
        if (!EqualityComparer<T>.Default.Equals(found, reference))
            Differs(string.Create(CultureInfo.InvariantCulture, $"{name} is {found}, reference {reference}"));
    }

    /// <summary>Equal masks.</summary>
    public void Same(string name, bool[][] found, bool[][] reference) => Same(name, Text(found), Text(reference));

    /// <summary>Fails unless something was compared and all of it agreed.</summary>
    public void Agrees()
    {
        Assert.True(_compared > 0, $"{what}: nothing was compared");
        Assert.True(
            _differences.Count == 0,
            $"{what}: {_differences.Count} differences\n" + string.Join('\n', _differences.Take(Shown))
        );
    }

    /// <summary>Fails unless the deliberate error was noticed.</summary>
    public void Rejects(string mutant)
    {
        Assert.True(_compared > 0, $"{what}: nothing was compared with the mutant '{mutant}'");
        Assert.True(
            _differences.Count > 0,
            $"{what}: the mutant '{mutant}' passes too, so the comparison judges nothing"
        );
    }

    private bool SameLength(string name, int found, int reference)
    {
        if (found == reference)
            return true;
        Differs($"{name} has {found} elements, reference {reference}");
        return false;
    }

    private void Differs(string difference) => _differences.Add(difference);

    private void RequireFinite(string name, double reference) =>
        Assert.True(double.IsFinite(reference), $"{what}: the reference of {name} is {reference}");

    private static string Text(bool[][] mask) =>
        string.Join(' ', mask.Select(layer => string.Concat(layer.Select(kept => kept ? '1' : '0'))));
}
