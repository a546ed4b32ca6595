// What the restricted pickle machine can build: the few values a saved state dict consists of, and
// nothing that could act.

using System.Diagnostics.CodeAnalysis;

namespace RobustTickets.Checkpoints.Pickles;

/// <summary>A name of the allow-list; only its spelling is known, nothing is imported.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

internal sealed record PickleTuple(object?[] Items);

internal sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>
/// dict or OrderedDict: insertion order is kept, a second value for a key is refused (a state dict
/// has none).
/// </summary>
internal sealed class PickleDict
{
    private readonly Dictionary<object, object?> values = [];

    public List<object> Keys { get; } = [];

    /// <returns>False when the key is there already.</returns>
    public bool TryAdd(object key, object? value)
    {
        if (!values.TryAdd(key, value))
            return false;
        Keys.Add(key);
        return true;
    }

    public bool TryGet(object key, [MaybeNullWhen(false)] out object? value) => values.TryGetValue(key, out value);
}

/// <summary>A storage named by the pickle: the bytes lie elsewhere in the file.</summary>
/// <param name="Key">Record name (zip) or storage id (stream).</param>
/// <param name="Element">Element type.</param>
/// <param name="Count">Elements of the whole storage.</param>
/// <param name="ViewStart">First element of the view of it that the tensor sees (old stream files;
/// else 0).</param>
/// <param name="ViewCount">Elements of that view (else <paramref name="Count"/>).</param>
internal sealed record PickleStorage(string Key, TensorElement Element, long Count, long ViewStart, long ViewCount);

/// <summary>A tensor over a storage: offset and strides in elements.</summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides);
