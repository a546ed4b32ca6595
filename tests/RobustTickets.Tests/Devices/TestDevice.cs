using System.Runtime.InteropServices;
using RobustTickets.Torch;
using RobustTickets.Torch.Native;

namespace RobustTickets.Tests.Devices;

/// <summary>
/// The device that tests of devices run on: the GPU that ROBUST_TICKETS_DEVICE names (<c>cuda</c>),
/// or else the one of native/testing/fake_device.cpp, whose numbers are the CPU's and
/// which fails where tensors of two devices meet.
/// </summary>
internal static unsafe class TestDevice
{
    private const string Library = "librobust_tickets_fake_device.so";
    private static delegate* unmanaged[Cdecl]<long> s_reads;

    /// <summary>The device.</summary>
    public static Device Current { get; } =
        Device.Parse(
            Environment.GetEnvironmentVariable("ROBUST_TICKETS_DEVICE") is { Length: > 0 } name ? name : "privateuseone"
        );

    /// <summary>Whether it is the fake one.</summary>
    public static bool IsFake => Current.Kind == DeviceKind.Extension;

    /// <summary>
    /// Largest difference, relative to the largest value, that a device may make in single
    /// precision: a GPU sums in another order.
    /// </summary>
    public static double Tolerance => IsFake ? 1e-5 : 1e-4;

    /// <summary>
    /// How often the host has read from the fake device and would have waited for a GPU.
    /// </summary>
    public static long Reads => s_reads();

    /// <summary>Brings the fake device into this process.</summary>
    public static void Load()
    {
        ShimLibrary.EnsureLoaded();
        if (!IsFake || s_reads != null)
            return;
        var path = Path.Combine(Path.GetDirectoryName(ShimLibrary.LoadedFrom)!, Library);
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path} is missing: run native/build.sh");
        s_reads = (delegate* unmanaged[Cdecl]<long>)NativeLibrary.GetExport(NativeLibrary.Load(path), "rt_fake_reads");
    }
}
