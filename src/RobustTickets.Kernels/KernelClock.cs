// Profiles a step by part. Kernels run between Start and the end of the returned span; nested parts
// are subtracted from the outer one, so the parts add up. Off by default: a span then costs one
// test of a static field.
using System.Diagnostics;

namespace RobustTickets.Kernels;

/// <summary>Parts of a training or evaluation step.</summary>
internal enum KernelPart
{
    /// <summary>Matrix products of dense layers.</summary>
    Gemm,

    /// <summary>Attention over sequences, its small products included.</summary>
    Attention,

    /// <summary>Norms, activations, dropout, bias sums, conversions.</summary>
    ElementWise,

    /// <summary>Gradient norm and update.</summary>
    Optimizer,

    /// <summary>Batches: packing, tensors of token ids.</summary>
    Data,
}

/// <summary>
/// Accumulates time per part, and the operations of dense products, while enabled. Covers only the
/// thread that enabled it; passes on several threads are covered in part.
/// </summary>
internal static class KernelClock
{
    private static readonly long[] Ticks = new long[Enum.GetValues<KernelPart>().Length];
    private static Func<long> s_now = Stopwatch.GetTimestamp;
    private static bool s_on;
    private static int s_owner;
    private static int s_part = -1;
    private static long s_since;

    /// <summary>
    /// Floating-point operations (2 m n k) of the dense products since <see cref="Begin"/>, to
    /// check FLOP formulas.
    /// </summary>
    public static long ProductFlops { get; private set; }

    /// <summary>
    /// Starts from zero, with wall time or with <paramref name="now"/> in ticks of
    /// <see cref="Stopwatch.Frequency"/>.
    /// </summary>
    public static void Begin(Func<long>? now = null)
    {
        Array.Clear(Ticks);
        ProductFlops = 0;
        (s_part, s_on, s_now, s_owner) = (-1, true, now ?? Stopwatch.GetTimestamp, Environment.CurrentManagedThreadId);
    }

    /// <summary>Stops and returns the milliseconds of each part.</summary>
    public static IReadOnlyDictionary<KernelPart, double> End()
    {
        s_on = false;
        return Enum.GetValues<KernelPart>().ToDictionary(p => p, p => Ticks[(int)p] * 1000.0 / Stopwatch.Frequency);
    }

    /// <summary>Starts a part; it ends when the span is disposed.</summary>
    public static Span In(KernelPart part) =>
        s_on && s_owner == Environment.CurrentManagedThreadId ? new Span(Switch((int)part)) : new Span(-2);

    /// <summary>Counts a dense product [m, k] x [k, n].</summary>
    internal static void Count(long m, long n, long k)
    {
        if (s_on)
            ProductFlops += 2 * m * n * k;
    }

    private static int Switch(int part)
    {
        var (now, outer) = (s_now(), s_part);
        if (outer >= 0)
            Ticks[outer] += now - s_since;
        (s_part, s_since) = (part, now);
        return outer;
    }

    /// <summary>A running part.</summary>
    public readonly ref struct Span
    {
        private readonly int _outer;

        internal Span(int outer) => _outer = outer;

        /// <summary>Ends the part.</summary>
        public void Dispose()
        {
            if (_outer != -2 && s_on)
                Switch(_outer);
        }
    }
}
