// libtorch's automatic mixed precision, per thread.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

/// <summary>
/// Runs matrix products of this thread in a lower precision until disposed: <c>using var _ =
/// torch.autocast(Device.Cpu, DType.BFloat16);</c> Weights stay in single precision and are
/// converted at each use.
/// </summary>
internal ref struct Autocast
{
    private readonly DeviceKind _kind;
    private int _former,
        _formerType;

    internal Autocast(DeviceKind kind, DType? dtype)
    {
        _kind = kind;
        Shim.Check(
            Shim.rt_autocast(
                (int)kind,
                dtype is null ? 0 : 1,
                dtype is { } type ? (int)type : -1,
                out _former,
                out _formerType
            ),
            "autocast"
        );
    }

    /// <summary>Restores the previous state.</summary>
    public void Dispose()
    {
        if (_former < 0)
            return;
        Shim.Check(Shim.rt_autocast((int)_kind, _former, _formerType, out _, out _), "autocast");
        _former = -1;
    }
}

internal static partial class torch
{
    /// <summary>
    /// Matrix products in <paramref name="dtype"/> on this thread until disposed; null turns
    /// autocast off.
    /// </summary>
    public static Autocast autocast(Device device, DType? dtype) => new(device.Kind, dtype);
}
