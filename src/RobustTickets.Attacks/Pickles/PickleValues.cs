// Values of the restricted pickle machine other than numbers and strings; none can execute code.

using System.Diagnostics.CodeAnalysis;

namespace RobustTickets.Attacks.Pickles;

/// <summary>An allowed global name; nothing is imported.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

internal sealed record PickleTuple(object?[] Items);

internal sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>A set or frozenset, with items in file order.</summary>
internal sealed class PickleSet(params IEnumerable<object?> items)
{
    public List<object?> Items { get; } = [.. items];
}

/// <summary>
/// A dict or OrderedDict in insertion order; duplicate keys are rejected (Python writes none).
/// </summary>
internal sealed class PickleDict
{
    private readonly Dictionary<object, object?> values = [];

    public List<object> Keys { get; } = [];

    /// <returns>False if the key exists already.</returns>
    public bool TryAdd(object key, object? value)
    {
        if (!values.TryAdd(key, value))
            return false;
        Keys.Add(key);
        return true;
    }

    public bool TryGet(object key, [MaybeNullWhen(false)] out object? value) => values.TryGetValue(key, out value);
}
