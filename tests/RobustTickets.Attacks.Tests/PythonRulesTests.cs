using System.Globalization;
using RobustTickets.Attacks.Python;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// The pieces of Python and numpy whose behaviour shows in results. Expected values were printed by
/// CPython 3.11.
/// </summary>
public class PythonRulesTests
{
    [Theory]
    [InlineData("4 5 6", "4 5 6")]
    [InlineData("0 7 14 16", "0 16 14 7")]
    [InlineData("0 6 15 24 31 34 36", "0 34 36 6 15 24 31")]
    [InlineData("9 17 20 23 27 35 49 52 79 93 97 98", "97 98 35 9 79 17 49 20 52 23 27 93")]
    [InlineData("0 1 32 33 53 55 113 158 198", "0 1 32 33 198 113 53 55 158")]
    public void A_set_iterates_in_table_order(string added, string order)
    {
        var set = new PythonIntSet();
        foreach (var v in added.Split(' '))
            set.Add(int.Parse(v));
        Assert.Equal(order, string.Join(' ', set.ToArray()));
    }

    [Theory]
    [InlineData(12, "0 8 11 5", "8 9 11 6")]
    [InlineData(33, "0 5 8 11 27 30", "32 17 18 20 21 23 24 26 27 29 30")]
    [InlineData(57, "0 33 5 38 8 41 11 44 27 30", "29 30 32 33 35 36 38 39 41 42 44 45 47 48 50 51 53 54 56")]
    public void Intersections_iterate_in_table_order(int n, string both, string union)
    {
        var all = PythonIntSet.Range(0, n);
        var b = Where(n, i => i * 7 % 11 < 3);
        var c = Where(n, i => i % 3 != 1);
        var d = new PythonIntSet();
        d.UnionWith(PythonIntSet.Range(n / 2, n));
        Assert.Equal(both, string.Join(' ', PythonIntSet.Intersect(PythonIntSet.Intersect(all, b), c).ToArray()));
        Assert.Equal(union, string.Join(' ', PythonIntSet.Intersect(PythonIntSet.Intersect(all, d), c).ToArray()));
        static PythonIntSet Where(int n, Func<int, bool> keep)
        {
            var set = new PythonIntSet();
            for (var i = 0; i < n; i++)
                if (keep(i))
                    set.Add(i);
            return set;
        }
    }

    [Theory]
    [InlineData("\u0130stanbul", "i\u0307stanbul")]
    [InlineData("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2")]
    [InlineData("\u039f\u03a3 \u0391", "\u03bf\u03c2 \u03b1")]
    [InlineData("\u03a3", "\u03c3")]
    [InlineData("a\u03a3.b", "a\u03c3.b")]
    [InlineData("\u2167\U00010400x\u1e9e", "\u2177\U00010428x\u00df")]
    public void Lower_is_pythons(string text, string lower) => Assert.Equal(lower, PythonText.Lower(text));

    [Theory]
    [InlineData("stra\u00dfe", "STRASSE", "Stra\u00dfe")]
    [InlineData("\ufb01n", "FIN", "Fin")]
    [InlineData("\u01c6a", "\u01c4A", "\u01c5a")]
    [InlineData("\U00010428", "\U00010400", "\U00010400")]
    [InlineData("\u00e9t\u00e9", "\u00c9T\u00c9", "\u00c9t\u00e9")]
    public void Upper_and_capitalise_are_pythons(string text, string upper, string capitalised)
    {
        Assert.Equal(upper, PythonText.Upper(text));
        Assert.Equal(capitalised, PythonText.Capitalise(text));
    }

    [Theory]
    [InlineData("aB", false, false)]
    [InlineData("ab", true, false)]
    [InlineData("I'", false, true)]
    [InlineData("\u2167", false, true)]
    [InlineData("\u2177", true, false)]
    [InlineData("\u00aa", true, false)]
    [InlineData("123", false, false)]
    [InlineData("a1", true, false)]
    [InlineData("\u02b0", true, false)]
    [InlineData("\u01c5", false, false)]
    public void Case_tests_are_pythons(string text, bool lower, bool upper) =>
        Assert.Equal((lower, upper), (PythonText.IsLower(text), PythonText.IsUpper(text)));

    [Theory]
    [InlineData(1.0, "1.0")]
    [InlineData(1e-5, "1e-05")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(123456789012345680.0, "1.2345678901234568e+17")]
    [InlineData(1e16, "1e+16")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(0.09334743022918701, "0.09334743022918701")]
    [InlineData(-0.5, "-0.5")]
    [InlineData(0.0, "0.0")]
    [InlineData(120.0, "120.0")]
    [InlineData(2.5e-7, "2.5e-07")]
    [InlineData(1e-6, "1e-06")]
    [InlineData(-1e-7, "-1e-07")]
    [InlineData(1e23, "1e+23")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    public void Repr_is_pythons(double x, string repr) => Assert.Equal(repr, PythonNumber.Repr(x));

    [Fact]
    public void Repr_reads_back()
    {
        var random = new Random(5);
        var numbers = Enumerable
            .Range(-30, 61)
            .Select(power => double.Parse($"1e{power}", CultureInfo.InvariantCulture))
            .Concat(Enumerable.Range(0, 2000).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64())))
            .Where(double.IsFinite);
        Assert.All(numbers, x => Assert.Equal(x, double.Parse(PythonNumber.Repr(x), CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData(0.125, 0.12)]
    [InlineData(0.375, 0.38)]
    [InlineData(0.005, 0.01)]
    [InlineData(1.005, 1.0)]
    [InlineData(2.675, 2.67)]
    [InlineData(33.335, 33.34)]
    [InlineData(62.666666666666664, 62.67)]
    public void Rounding_is_pythons(double x, double rounded) => Assert.Equal(rounded, PythonNumber.Round2(x));

    [Fact]
    public void Texts_are_ordered_by_code_point()
    {
        // U+FF4D comes before U+1D7D5, although the first unit of the latter's surrogate pair is
        // smaller.
        string[] sorted = ["", "a", "ab", "b", "\u00e9", "\uff4d", "\uffff", "\U00010000", "\U0001d7d5"];
        Assert.Equal(sorted, sorted.Reverse().Order(CodePointOrder.Instance));
        Assert.NotEqual(sorted, sorted.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Argsort_sorts_and_is_stable_up_to_sixteen_only()
    {
        var random = new Random(7);
        var unstable = 0;
        for (var n = 0; n < 200; n++)
        {
            double[] keys = [.. Enumerable.Range(0, n).Select(_ => (double)random.Next(6))];
            var order = NumpyArgsort.Sort(keys);
            Assert.Equal(Enumerable.Range(0, n), order.Order());
            Assert.Equal(keys.Order(), order.Select(i => keys[i]));
            var stable = Enumerable.Range(0, n).OrderBy(i => keys[i]).SequenceEqual(order);
            Assert.True(stable || n > 16);
            if (!stable)
                unstable++;
        }
        Assert.True(unstable > 100);
        // Long runs of equal and of organ-pipe keys end within the depth limit or by heap sort;
        // both must sort.
        double[] pipe = [.. Enumerable.Range(0, 5000).Select(i => (double)Math.Min(i, 5000 - i))];
        Assert.Equal(pipe.Order(), NumpyArgsort.Sort(pipe).Select(i => pipe[i]));
    }
}
