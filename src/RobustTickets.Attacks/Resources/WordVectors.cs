// Word vectors, stored as unit vectors in one array [V, D]: all uses here (nearest neighbours,
// minimum cosine) need only cosines.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RobustTickets.Attacks.Resources;

/// <summary>Words and their unit vectors.</summary>
public sealed class WordVectors
{
    private readonly float[] _unit;
    private readonly string[] _words;
    private readonly Dictionary<string, int> _index;

    /// <summary>
    /// Creates vectors of V words from one array [V, D], row by row. Takes ownership of the array
    /// and normalises its rows in place.
    /// </summary>
    /// <exception cref="ArgumentException">The array's length is not V x D.</exception>
    public WordVectors(string[] words, float[] vectors, int dimension)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        if (vectors.LongLength != (long)words.Length * dimension)
        {
            throw new ArgumentException(
                $"{vectors.Length} numbers for {words.Length} words of dimension {dimension}",
                nameof(vectors)
            );
        }
        _words = words;
        _unit = vectors;
        Dimension = dimension;
        _index = new Dictionary<string, int>(words.Length, StringComparer.Ordinal);
        for (var i = 0; i < words.Length; i++)
        {
            _index.TryAdd(words[i], i);
            Normalise(vectors.AsSpan(i * dimension, dimension));
        }
    }

    /// <summary>Number of words V.</summary>
    public int Count => _words.Length;

    /// <summary>Length D of each vector.</summary>
    public int Dimension { get; }

    /// <summary>The row of a word (the first if repeated); -1 when unknown. Exact match.</summary>
    public int IndexOf(string word) => _index.GetValueOrDefault(word, -1);

    /// <summary>The row of a word as written, otherwise in lower case; -1 when unknown.</summary>
    internal int IndexOfAnyCase(string word) =>
        IndexOf(word) is var row and >= 0 ? row : IndexOf(Python.PythonText.Lower(word));

    /// <summary>The word of a row.</summary>
    public string Word(int row) => _words[row];

    /// <summary>The unit vector of a row, [D].</summary>
    public ReadOnlySpan<float> Row(int row) => _unit.AsSpan(row * Dimension, Dimension);

    /// <summary>The cosine of two rows, summed in double precision.</summary>
    public double Cosine(int a, int b)
    {
        var x = Row(a);
        var y = Row(b);
        var sum = 0.0;
        for (var d = 0; d < x.Length; d++)
            sum += (double)x[d] * y[d];
        return sum;
    }

    /// <summary>
    /// The dot product of two rows in float32, always in the same order of operations (eight lanes,
    /// no fused multiply-add), so that results do not depend on threads or machine.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Dot(ref float a, ref float b, int length)
    {
        var sum = Vector256<float>.Zero;
        var d = 0;
        for (; d <= length - 8; d += 8)
        {
            sum += Vector256.LoadUnsafe(ref a, (nuint)d) * Vector256.LoadUnsafe(ref b, (nuint)d);
        }
        var total = Vector256.Sum(sum);
        for (; d < length; d++)
            total += Unsafe.Add(ref a, d) * Unsafe.Add(ref b, d);
        return total;
    }

    internal ref float First(int row) =>
        ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_unit), (nint)row * Dimension);

    private static void Normalise(Span<float> row)
    {
        var sum = 0.0;
        foreach (var x in row)
            sum += (double)x * x;
        var scale = sum > 0 ? 1.0 / Math.Sqrt(sum) : 1.0;
        for (var d = 0; d < row.Length; d++)
            row[d] = (float)(row[d] * scale);
    }
}
