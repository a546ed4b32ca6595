// GPUs reported by NVIDIA's driver, without libtorch: names and memory, and whether a GPU
// multiplies bfloat16. Empty on machines without the driver.
using System.Runtime.InteropServices;
using System.Text;

namespace RobustTickets.Torch.Native;

/// <summary>A GPU as reported by its driver.</summary>
/// <param name="Name">Model.</param>
/// <param name="Bytes">Its memory in bytes.</param>
/// <param name="Major">Compute capability, major version.</param>
/// <param name="Minor">Compute capability, minor version.</param>
internal sealed record CudaDevice(string Name, long Bytes, int Major, int Minor)
{
    /// <summary>
    /// Whether it multiplies bfloat16 in hardware: compute capability 8.0 (Ampere) or later.
    /// </summary>
    public bool HasBFloat16 => Major >= 8;

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant(
            $"{Name}, {Bytes / (1024.0 * 1024 * 1024):0} GiB, compute capability {Major}.{Minor}"
        );
}

internal static unsafe partial class CudaDriver
{
    private const string Library = "libcuda.so.1";
    private const int CapabilityMajor = 75,
        CapabilityMinor = 76;

    /// <summary>
    /// The GPUs in the driver's order, restricted by CUDA_VISIBLE_DEVICES as in libtorch; empty
    /// without a driver, with the reason in <paramref name="problem"/>.
    /// </summary>
    public static IReadOnlyList<CudaDevice> Devices(out string? problem)
    {
        problem = null;
        try
        {
            var status = cuInit(0);
            var count = 0;
            if (status == 0)
                status = cuDeviceGetCount(out count);
            if (status != 0 || count == 0)
                problem = status != 0 ? $"the NVIDIA driver returned error {status}" : "the NVIDIA driver sees no GPU";
            return status == 0 ? [.. Enumerable.Range(0, count).Select(Describe)] : [];
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            problem = $"this machine has no NVIDIA driver ({Library} was not found)";
            return [];
        }
    }

    private static CudaDevice Describe(int ordinal)
    {
        const int length = 128;
        var name = stackalloc byte[length];
        if (
            cuDeviceGet(out var device, ordinal) != 0
            || cuDeviceGetName(name, length, device) != 0
            || cuDeviceTotalMem_v2(out var bytes, device) != 0
            || cuDeviceGetAttribute(out var major, CapabilityMajor, device) != 0
            || cuDeviceGetAttribute(out var minor, CapabilityMinor, device) != 0
        )
        {
            return new CudaDevice("a GPU its driver does not describe", 0, 0, 0);
        }
        var text = new ReadOnlySpan<byte>(name, length);
        return new CudaDevice(Encoding.UTF8.GetString(text[..text.IndexOf((byte)0)]), (long)bytes, major, minor);
    }

    [LibraryImport(Library)]
    private static partial int cuInit(uint flags);

    [LibraryImport(Library)]
    private static partial int cuDeviceGetCount(out int count);

    [LibraryImport(Library)]
    private static partial int cuDeviceGet(out int device, int ordinal);

    [LibraryImport(Library)]
    private static partial int cuDeviceGetName(byte* name, int length, int device);

    [LibraryImport(Library)]
    private static partial int cuDeviceTotalMem_v2(out nuint bytes, int device);

    [LibraryImport(Library)]
    private static partial int cuDeviceGetAttribute(out int value, int attribute, int device);
}
