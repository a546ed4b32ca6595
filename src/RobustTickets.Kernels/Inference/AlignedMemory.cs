// Native memory with an owner: freed when disposed, or by the finalizer thread if forgotten. Who
// uses the pointer keeps the owner alive until the last access (GC.KeepAlive).
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RobustTickets.Kernels.Inference;

/// <summary>A block of uninitialised memory, aligned to a cache line.</summary>
internal sealed unsafe class AlignedMemory : SafeHandleZeroOrMinusOneIsInvalid
{
    private const int CacheLine = 64;
    private static long s_live;

    /// <summary>Allocates at least one cache line.</summary>
    /// <exception cref="OutOfMemoryException">There is not so much memory.</exception>
    internal AlignedMemory(long bytes)
        : base(ownsHandle: true)
    {
        SetHandle((nint)NativeMemory.AlignedAlloc((nuint)Math.Max(CacheLine, bytes), CacheLine));
        Interlocked.Increment(ref s_live);
    }

    /// <summary>Blocks of the process that are not freed yet.</summary>
    internal static long LiveCount => Interlocked.Read(ref s_live);

    /// <summary>The first byte; valid until the block is disposed or collected.</summary>
    internal void* Pointer => (void*)handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        Interlocked.Decrement(ref s_live);
        return true;
    }
}
