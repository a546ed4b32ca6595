// Counter-based randomness (docs/methods/training.md, Randomness is keyed): a number is a function
// of its key and its feature index. There is no sequence, so packed = padded, one rank = two ranks,
// and a resumed run draws the same numbers as an uninterrupted one.
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RobustTickets.Torch;

namespace RobustTickets.Kernels.Randomness;

/// <summary>
/// A key of the counter-based generator. Keys of coordinates are derived from it; equal coordinates
/// give equal numbers, whatever the layout.
/// </summary>
/// <param name="Value">The mixed 64-bit state.</param>
internal readonly record struct RandomKey(ulong Value)
{
    /// <summary>Creates a key from a seed.</summary>
    public static RandomKey FromSeed(long seed) => new RandomKey(0x5bf0_3635_d1e4_9b2dUL).Derive((ulong)seed);

    /// <summary>
    /// The key of one more coordinate (a step, a pass, a site, an example, a token, ...), mixed
    /// with splitmix64's finaliser.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RandomKey Derive(ulong coordinate)
    {
        var z = (Value ^ (coordinate * 0xd6e8_feb8_6659_fd93UL)) + 0x9e37_79b9_7f4a_7c15UL;
        z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9UL;
        z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11ebUL;
        return new RandomKey(z ^ (z >> 31));
    }

    /// <inheritdoc cref="Derive(ulong)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RandomKey Derive(long coordinate) => Derive((ulong)coordinate);

    /// <summary>32 random bits for a feature: a two-round 32-bit multiplicative hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Bits(uint feature)
    {
        var x = (uint)Value + (feature * 0x9e37_79b9u);
        x ^= x >> 16;
        x *= 0x7feb_352du;
        x ^= (uint)(Value >> 32);
        x ^= x >> 15;
        x *= 0x846c_a68bu;
        return x ^ (x >> 16);
    }

    /// <summary>A uniform number in [0, 1) with 24 bits for a feature.</summary>
    public float Uniform(uint feature) => (Bits(feature) >> 8) * (1f / (1 << 24));

    /// <summary>
    /// A uniform integer below <paramref name="bound"/> (multiply-shift; bias below 2^-32 times the
    /// bound).
    /// </summary>
    public int Below(uint feature, int bound) => (int)(((ulong)Bits(feature) * (ulong)bound) >> 32);

    /// <summary>A random order of 0 .. count-1 (Fisher-Yates).</summary>
    public int[] Permutation(int count)
    {
        var order = Enumerable.Range(0, count).ToArray();
        for (var i = count - 1; i > 0; i--)
        {
            var j = Below((uint)i, i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    /// <summary>
    /// Eight lanes of <see cref="Bits"/> for features <paramref name="first"/> .. first+7.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Vector256<uint> Bits8(uint first)
    {
        var feature = Vector256.Create(first) + Vector256<uint>.Indices;
        var x = Vector256.Create((uint)Value) + (feature * Vector256.Create(0x9e37_79b9u));
        x ^= x >>> 16;
        x *= Vector256.Create(0x7feb_352du);
        x ^= Vector256.Create((uint)(Value >> 32));
        x ^= x >>> 15;
        x *= Vector256.Create(0x846c_a68bu);
        return x ^ (x >>> 16);
    }
}

/// <summary>Fills memory with keyed random numbers; one key per row.</summary>
internal static unsafe class KeyedFill
{
    /// <summary>The 24-bit threshold below which an element is dropped.</summary>
    internal static uint DropThreshold(double probability) => (uint)Math.Round(probability * (1 << 24));

    /// <summary>1/(1-p), the scale of kept elements.</summary>
    internal static float KeptFactor(double probability) => (float)(1.0 / (1.0 - probability));

    /// <summary>
    /// Writes inverted-dropout factors: 0 with the given probability, otherwise 1/(1-p). Row r of
    /// <paramref name="mask"/> [rows, features] depends only on <paramref name="keys"/>[r].
    /// </summary>
    public static void Dropout(float* mask, ReadOnlySpan<RandomKey> keys, int features, double probability)
    {
        fixed (RandomKey* rowKeys = keys)
        {
            var first = rowKeys;
            var count = keys.Length;
            TorchParallel.For(
                count,
                Math.Max(1, 16384 / Math.Max(1, features)),
                (begin, end) =>
                {
                    for (var row = begin; row < end; row++)
                        DropoutRow(mask + (row * features), first[row], features, probability);
                }
            );
        }
    }

    /// <summary>One row of <see cref="Dropout"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void DropoutRow(float* mask, RandomKey key, int features, double probability)
    {
        var threshold = DropThreshold(probability);
        var scale = KeptFactor(probability);
        var j = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            // The compare is signed on AVX2; both sides have 24 bits, so the sign does not matter.
            var limit = Vector256.Create((int)threshold);
            var keep = Vector256.Create(scale);
            for (; j + 8 <= features; j += 8)
            {
                var drop = Vector256.LessThan((key.Bits8((uint)j) >>> 8).AsInt32(), limit);
                Vector256.AndNot(keep, drop.AsSingle()).Store(mask + j);
            }
        }
        for (; j < features; j++)
            mask[j] = (key.Bits((uint)j) >> 8) < threshold ? 0f : scale;
    }

    /// <summary>
    /// Writes uniform numbers in [-1, 1); row r of <paramref name="target"/> [rows, features] is
    /// keyed by <paramref name="keys"/>[r].
    /// </summary>
    public static void UniformSigned(float* target, ReadOnlySpan<RandomKey> keys, int features)
    {
        for (var row = 0; row < keys.Length; row++)
        {
            var key = keys[row];
            var line = target + ((long)row * features);
            for (var j = 0; j < features; j++)
                line[j] = (2f * key.Uniform((uint)j)) - 1f;
        }
    }
}
