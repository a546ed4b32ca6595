// The devices that models can run on, and the reason and alternatives when a requested device is
// not among them.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>Devices of this process.</summary>
internal static class Devices
{
    /// <summary>
    /// The GPUs that NVIDIA's driver reports to this process, whether or not libtorch can use them.
    /// </summary>
    public static IReadOnlyList<CudaDevice> Gpus => CudaDriver.Devices(out _);

    /// <summary>
    /// Why models cannot run on a device, or null if they can. Loads libtorch unless the device is
    /// the CPU.
    /// </summary>
    /// <exception cref="TorchUnavailableException">libtorch is not available.</exception>
    public static string? WhyNot(Device device)
    {
        if (device.IsHost)
            return null;
        var count = torch.device_count(device.Kind);
        if (device.Index < count)
            return null;
        if (device.Kind == DeviceKind.Extension)
            return $"no libtorch extension provides a device; {Possible(0)}";
        var library = $"libtorch {torch.version} (native part {ShimLibrary.LoadedFrom})";
        if (count > 0)
            return $"{library} sees {count} GPU{(count == 1 ? "" : "s")}; {Possible(count)}";
        _ = CudaDriver.Devices(out var problem);
        if (NativeFacts.IsLoaded("libtorch_cuda"))
            return $"{library} has CUDA but sees no GPU: "
                + $"{problem ?? "check CUDA_VISIBLE_DEVICES and whether the driver is new enough for this libtorch"}; "
                + $"{Possible(0)}";
        return $"{library} is built without CUDA{(problem is null ? "" : $", and {problem}")}; {Possible(0)}. For a "
            + "GPU, set LIBTORCH to the folder of a CUDA libtorch 2.x (with include/ and lib/) "
            + "and build the native part for it with native/build.sh (docs/gpu.md)";
    }

    /// <summary>
    /// Why bf16 is not supported on a device other than the CPU, or null if it is.
    /// </summary>
    public static string? WhyNoBFloat16(Device device)
    {
        if (device.Kind != DeviceKind.Cuda)
            return null;
        var gpus = Gpus;
        return device.Index >= gpus.Count || gpus[device.Index].HasBFloat16
            ? null
            : $"{gpus[device.Index]} would emulate it; compute capability 8.0 or newer is needed";
    }

    /// <summary>Describes a device: its name, and for a GPU its model.</summary>
    public static string Describe(Device device) =>
        device.Kind == DeviceKind.Cuda && device.Index < Gpus.Count
            ? $"{device} ({Gpus[device.Index]})"
            : device.ToString();

    private static string Possible(int gpus) =>
        $"available: {string.Join(", ", (string[])["cpu", .. Enumerable.Range(0, gpus).Select(i => $"cuda:{i}")])}";
}
