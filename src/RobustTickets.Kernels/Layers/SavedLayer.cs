using RobustTickets.Torch;

namespace RobustTickets.Kernels.Layers;

/// <summary>
/// State for backward: detached tensors, and the weights themselves because backward writes to
/// their gradient slots.
/// </summary>
internal sealed class SavedLayer : IDisposable
{
    private readonly SavedTensors _tensors;

    internal SavedLayer(Tensor?[] tensors, DenseWeight[] weights)
    {
        _tensors = new SavedTensors(tensors);
        Weights = Array.ConvertAll(weights, Hold);
    }

    internal DenseWeight[] Weights { get; }

    private static DenseWeight Hold(DenseWeight dense)
    {
        var weight = dense.Weight.alias().keep();
        return dense with
        {
            Weight = weight,
            Factor = ReferenceEquals(dense.Factor, dense.Weight) ? weight : dense.Factor.WithoutHistory().keep(),
        };
    }

    internal Tensor this[int index] => _tensors[index];

    internal Tensor? Optional(int index) => _tensors.Optional(index);

    public void Dispose()
    {
        _tensors.Dispose();
        foreach (var weight in Weights)
        {
            weight.Weight.Dispose();
            weight.Factor.Dispose();
        }
    }
}
