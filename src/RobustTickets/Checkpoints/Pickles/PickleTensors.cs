// What a saved state dict holds beside plain values: descriptions of tensors, no bytes.
using RobustTickets.Attacks.Pickles;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Pickles;

/// <summary>A storage named by the pickle: the bytes lie elsewhere in the file.</summary>
/// <param name="Key">Record name (zip) or storage id (stream).</param>
/// <param name="Element">Element type.</param>
/// <param name="Count">Elements of the whole storage.</param>
/// <param name="ViewStart">First element of the view of it that the tensor sees (old stream files;
/// else 0).</param>
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
