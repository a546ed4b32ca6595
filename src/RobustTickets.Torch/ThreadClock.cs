using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RobustTickets.Torch;

/// <summary>CPU time of the calling thread, for measurements on a busy machine.</summary>
internal static partial class ThreadClock
{
    private const int ThreadTime = 3; // CLOCK_THREAD_CPUTIME_ID

    /// <summary>Whether the system supports it.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>CPU time so far, in ticks of <see cref="Stopwatch.Frequency"/>.</summary>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux.</exception>
    public static long Ticks()
    {
        if (!IsSupported || clock_gettime(ThreadTime, out var time) != 0)
            throw new PlatformNotSupportedException("the processor time of a thread is available on 64-bit Linux only");
        return (time.Seconds * Stopwatch.Frequency) + (long)(time.Nanoseconds * (Stopwatch.Frequency / 1e9));
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out TimeSpec time);
}
