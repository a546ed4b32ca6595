using System.Runtime.InteropServices;

namespace RobustTickets.Kernels;

/// <summary>
/// Whether kernels run in their native AVX-512 form. The managed forms give the same bits and run
/// elsewhere.
/// </summary>
internal static partial class NativeKernels
{
    private static readonly bool s_supported = rt_avx512_supported() != 0,
        s_tiles = rt_amx_supported() != 0;

    /// <summary>
    /// Whether native forms may be used if the processor supports them. Tests turn it off.
    /// </summary>
    internal static bool Allowed { get; set; } = true;

    /// <summary>Called each time a kernel checks which form to run; used by tests.</summary>
    internal static Action? Asked { get; set; }

    /// <summary>Whether native forms are used.</summary>
    internal static bool Used
    {
        get
        {
            Asked?.Invoke();
            return Allowed && s_supported;
        }
    }

    /// <summary>
    /// Whether bfloat16 products of forward passes use AMX tiles: if the processor has them and the
    /// system lets this process use them.
    /// </summary>
    internal static bool TilesUsed => Allowed && s_tiles;

    [LibraryImport(KernelLibrary.Name)]
    private static partial int rt_avx512_supported();

    [LibraryImport(KernelLibrary.Name)]
    private static partial int rt_amx_supported();
}
