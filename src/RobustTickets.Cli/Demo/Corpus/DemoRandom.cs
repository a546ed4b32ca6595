// The demo's random numbers, counter-based: draw k of text i in stream s is a function of (seed, s,
// i, k), independent of other texts. System.Random does not guarantee the same stream in every
// runtime.
namespace RobustTickets.Cli.Demo.Corpus;

/// <summary>
/// A stream of random numbers that is a pure function of its key and the number of draws.
/// </summary>
internal sealed class DemoRandom
{
    private readonly ulong _key;
    private ulong _count;

    /// <summary>Opens the stream of one text.</summary>
    /// <param name="seed">Seed of the whole corpus.</param>
    /// <param name="stream">Index of the split or table being generated.</param>
    /// <param name="index">Index of the text (or row).</param>
    public DemoRandom(int seed, int stream, int index)
    {
        _key = Mix(
            Mix((ulong)(uint)seed + 0x9E3779B97F4A7C15UL * (ulong)(uint)(stream + 1))
                ^ ((ulong)(uint)index * 0xD1B54A32D192ED03UL)
        );
    }

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits() => Mix(_key + 0x9E3779B97F4A7C15UL * ++_count);

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>An integer in [0, <paramref name="bound"/>).</summary>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)Math.BigMul(NextBits(), (ulong)bound, out _);
    }

    /// <summary>True with probability <paramref name="probability"/>.</summary>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>One element, uniformly distributed.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary>One index, with probability proportional to its weight.</summary>
    public int Pick(ReadOnlySpan<double> weights)
    {
        var total = 0.0;
        foreach (var w in weights)
            total += w;
        var point = NextDouble() * total;
        for (var i = 0; i < weights.Length - 1; i++)
        {
            point -= weights[i];
            if (point < 0)
                return i;
        }
        return weights.Length - 1;
    }

    /// <summary>A standard normal number (Box-Muller, one of the pair).</summary>
    public double NextNormal()
    {
        var radius = Math.Sqrt(-2.0 * Math.Log(1.0 - NextDouble()));
        return radius * Math.Cos(2.0 * Math.PI * NextDouble());
    }

    // SplitMix64's finaliser (Steele, Lea, Flood 2014); applied twice to a key.
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
