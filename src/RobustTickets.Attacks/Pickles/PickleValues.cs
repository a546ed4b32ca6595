// What the restricted pickle machine can build, beside numbers and strings; nothing that could act.

using System.Diagnostics.CodeAnalysis;

namespace RobustTickets.Attacks.Pickles;

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

/// <summary>set or frozenset, its items as they were given.</summary>
internal sealed class PickleSet(params IEnumerable<object?> items)
{
    public List<object?> Items { get; } = [.. items];
}

/// <summary>
/// dict or OrderedDict: insertion order is kept, a second value for a key is refused (what
/// Python wrote has none).
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
