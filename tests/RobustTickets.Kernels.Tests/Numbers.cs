using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.Kernels.Tests;

/// <summary>Numbers for kernel tests, in memory that does not move.</summary>
internal static unsafe class Numbers
{
    /// <summary>Normal numbers.</summary>
    public static float[] Normal(Random random, int count, double deviation = 1)
    {
        var values = Zeros(count);
        for (var i = 0; i < count; i++)
            values[i] = (float)(
                deviation
                * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
                * Math.Cos(2 * Math.PI * random.NextDouble())
            );
        return values;
    }

    /// <summary>Zeros.</summary>
    public static float[] Zeros(int count) => GC.AllocateArray<float>(count, pinned: true);

    /// <summary>Numbers that vector code treats wrongly first.</summary>
    public static IReadOnlyList<float> Specials { get; } =
    [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1e-40f, -1e-42f, float.Epsilon, 0f, -0f, 3e38f, -3e38f];

    /// <summary>A copy in memory that does not move.</summary>
    public static float[] Copy(float[] values)
    {
        var copy = Zeros(values.Length);
        values.CopyTo(copy, 0);
        return copy;
    }

    /// <summary>Address of the first element of an array made here; also of an empty one.</summary>
    public static float* At(float[] pinned, int index = 0) =>
        (float*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0) + index;

    /// <summary>Address of the first element of any array that does not move.</summary>
    public static void* Address<T>(T[] pinned)
        where T : unmanaged => (void*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);

    /// <summary>Runs something on some threads and puts the count back.</summary>
    public static T OnThreads<T>(int threads, Func<T> body)
    {
        var before = torch.get_num_threads();
        torch.set_num_threads(threads);
        try
        {
            return body();
        }
        finally
        {
            torch.set_num_threads(before);
        }
    }

    /// <summary>
    /// What the native AVX-512 kernels find and what the managed ones do; skips where the processor
    /// has none. Each run must have asked which form to take.
    /// </summary>
    public static (T Native, T Managed) BothWays<T>(Func<T> body)
    {
        Skip.IfNot(NativeKernels.Used, "this processor has no AVX-512");
        try
        {
            var native = Run(body);
            NativeKernels.Allowed = false;
            return (native, Run(body));
        }
        finally
        {
            NativeKernels.Allowed = true;
        }
    }

    private static T Run<T>(Func<T> body)
    {
        var asked = 0;
        NativeKernels.Asked = () => Interlocked.Increment(ref asked);
        try
        {
            var found = body();
            Assert.True(asked > 0, "no kernel asked whether it runs in its native form");
            return found;
        }
        finally
        {
            NativeKernels.Asked = null;
        }
    }
}
