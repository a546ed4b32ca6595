// Elements of a tensor as host memory, wherever the tensor lies: weights are drawn, cut and
// restored by plain loops, which must not care where the model trains.
namespace RobustTickets.Torch;

/// <summary>
/// Elements of a tensor open for change on the host. Where the tensor lies elsewhere,
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

    /// <summary>The elements in row order.</summary>
    public Span<T> Span { get; }

    /// <summary>Writes the elements back where they are a copy.</summary>
    public void Dispose()
    {
        if (_tensor.device.IsHost)
            return;
        using var scope = torch.scope();
        using var quiet = torch.no_grad();
        _tensor.copy_(torch.tensor<T>(Span, _tensor.sizes, Device.Cpu));
    }
}
