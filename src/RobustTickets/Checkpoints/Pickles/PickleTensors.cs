// Tensors in a saved state dict: descriptions without bytes.
using RobustTickets.Attacks.Pickles;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Pickles;

/// <summary>A storage referenced by the pickle; its bytes are elsewhere in the file.</summary>
/// <param name="Key">Record name (zip) or storage id (stream).</param>
/// <param name="Element">Element type.</param>
/// <param name="Count">Elements of the whole storage.</param>
/// <param name="ViewStart">First element of the storage view that the tensor uses (old stream
/// files; else 0).</param>
/// <param name="ViewCount">Elements of that view (else <paramref name="Count"/>).</param>
internal sealed record PickleStorage(string Key, TensorElement Element, long Count, long ViewStart, long ViewCount)
    : IPickleValue
{
    string IPickleValue.Name => "a storage";
}

/// <summary>A tensor over a storage: offset and strides in elements.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides) : IPickleValue
{
    string IPickleValue.Name => "a tensor";
}
