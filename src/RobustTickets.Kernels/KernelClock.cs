// Where the time of a step goes, by part. Kernels stand between Start and the returned span's end;
// nested parts are taken out of the outer one, so the parts add up. Off by default: then a span
// costs one test of a static field.
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

    /// <summary>Batches: packing, tensors of ids.</summary>
    Data,
}

/// <summary>
/// Adds up time by part, and the operations of dense products, while switched on. One thread only:
/// the one that switched it on; where whole passes run on several threads, that
/// one's share is what is seen.
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
    /// Floating-point operations (2 m n k) of the dense products since <see cref="Begin"/>; what a
    /// formula of FLOPs can be held to.
    /// </summary>
    public static long ProductFlops { get; private set; }

    /// <summary>
    /// Starts counting from zero, wall time or what <paramref name="now"/> counts in ticks of
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

    /// <summary>A part begins; it ends when the span is disposed.</summary>
    public static Span In(KernelPart part) =>
        s_on && s_owner == Environment.CurrentManagedThreadId ? new Span(Switch((int)part)) : new Span(-2);

    /// <summary>A dense product [m, k] x [k, n] runs.</summary>
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

    /// <summary>A part at work.</summary>
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
