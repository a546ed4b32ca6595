// A tensor's elements in host memory, whatever its device, for loops that initialise, slice and
// restore weights.
namespace RobustTickets.Torch;

/// <summary>
/// Elements of a tensor for modification on the host. If the tensor is on another device,
/// <see cref="Dispose"/> writes them back.
/// </summary>
/// <typeparam name="T">Element type.</typeparam>
internal readonly ref struct HostElements<T>
    where T : unmanaged
{
    private readonly Tensor _tensor;

    internal HostElements(Tensor tensor)
    {
        _tensor = tensor;
        Span = tensor.device.IsHost ? tensor.span<T>() : tensor.to_array<T>();
    }

    /// <summary>The elements in row-major order.</summary>
    public Span<T> Span { get; }

    /// <summary>Writes the elements back if they are a copy.</summary>
    public void Dispose()
    {
        if (_tensor.device.IsHost)
            return;
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        _tensor.copy_(torch.tensor<T>(Span, _tensor.sizes, Device.Cpu));
    }
}
