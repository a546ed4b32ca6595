// Python's printing and rounding of floats: repr() (shortest round-trip digits, exponent form below
// 1e-4 and from 1e16), round(x, 2) on floats (exact decimal value, ties to even) and on numpy
// floats (scaled, ties to even, scaled back). TextAttack's files contain all three.

using System.Globalization;

namespace RobustTickets.Attacks.Python;

/// <summary>Python's formatting and rounding of floats.</summary>
internal static class PythonNumber
{
    /// <summary><c>repr(x)</c>.</summary>
    public static string Repr(double x)
    {
        if (double.IsNaN(x))
            return "nan";
        if (double.IsInfinity(x))
            return x > 0 ? "inf" : "-inf";
        var shortest = x.ToString("R", CultureInfo.InvariantCulture);
        var sign = shortest[0] == '-' ? "-" : "";
        var (digits, exponent) = Scientific(shortest);
        if (digits.Length == 0)
            return sign + "0.0";
        if (exponent is < -4 or >= 16)
        {
            var mantissa = digits.Length == 1 ? digits : digits[..1] + "." + digits[1..];
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0)
            return sign + "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1
            ? sign + digits + new string('0', exponent + 1 - digits.Length) + ".0"
            : sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary><c>round(x, 2)</c> of a Python float.</summary>
    public static double Round2(double x)
    {
        // Rounds the exact value to two decimals; exact ties occur only at odd eighths.
        if (Math.Abs(x) < 1e12 && x * 8 == Math.Floor(x * 8) && Math.Floor(x * 8) % 2 != 0)
            return Math.Round(x * 100, MidpointRounding.ToEven) / 100;
        return double.Parse(x.ToString("F2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    /// <summary><c>round(x, 2)</c> of a numpy float.</summary>
    public static double NumpyRound2(double x) => Math.Round(x * 100.0, MidpointRounding.ToEven) / 100.0;

    // Significant digits without leading and trailing zeros, and the exponent of the first; from
    // the shortest form, because 1e-6 in 17 digits starts with 9.99e-7.
    private static (string Digits, int Exponent) Scientific(string number)
    {
        var end = number.IndexOf('E', StringComparison.Ordinal);
        var mantissa = (end < 0 ? number : number[..end]).TrimStart('-');
        var exponent = end < 0 ? 0 : int.Parse(number.AsSpan(end + 1), CultureInfo.InvariantCulture);
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa.Length : point;
        var all = point < 0 ? mantissa : mantissa.Remove(point, 1);
        var zeros = all.Length - all.TrimStart('0').Length;
        return (all.Trim('0'), exponent + whole - 1 - zeros);
    }
}
