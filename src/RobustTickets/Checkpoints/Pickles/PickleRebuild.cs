// Interprets the three callables and the persistent ids of a torch.save pickle as data.

using RobustTickets.Attacks.Pickles;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Pickles;

/// <summary>Interprets calls and persistent ids without executing anything.</summary>
internal static class PickleRebuild
{
    // OrderedDict() -> dict
    // _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks) -> tensor
    // _rebuild_parameter(tensor, ...) -> tensor
    public static object? Call(object? callable, object? arguments, Func<string, Exception> refuse)
    {
        if (callable is not PickleGlobal global)
            throw refuse($"REDUCE calls {PickleDialect.Describe(callable)}");
        if (arguments is not PickleTuple { Items: var items })
            throw refuse($"{global} is called with {PickleDialect.Describe(arguments)}; a tuple is needed");
        if (global == PickleAllowList.OrderedDict)
            return Dict(items, refuse);
        if (global == PickleAllowList.RebuildTensor)
            return Tensor(items, refuse);
        if (global == PickleAllowList.RebuildParameter)
            return items is [PickleTensor tensor, ..] ? tensor : throw refuse($"{global} is called without a tensor");
        throw refuse($"REDUCE calls {global}, which is not a function a weights file may call");
    }

    // ('storage', class, key, device, count[, view]). The device is ignored.
    public static PickleStorage Storage(object? id, Func<string, Exception> refuse)
    {
        if (id is not PickleTuple { Items: ["storage", PickleGlobal type, var key, _, long count, .. var rest] })
        {
            throw refuse(
                $"persistent id is {PickleDialect.Describe(id)}; ('storage', class, key, device, count) is needed"
            );
        }
        if (PickleAllowList.ElementOf(type) is not { } element)
            throw refuse($"persistent id names {type}; a storage class is needed");
        var name = key switch
        {
            string s => s,
            long n => n.ToString(System.Globalization.CultureInfo.InvariantCulture),
            _ => throw refuse($"storage key is {PickleDialect.Describe(key)}; a string is needed"),
        };
        if (count < 0 || count > long.MaxValue / element.Size())
            throw refuse($"storage '{name}' has {count} elements");
        switch (rest)
        {
            case [] or [null]:
                return new PickleStorage(name, element, count, 0, count);
            case [PickleTuple { Items: [_, long start, long size] }]:
                if (start < 0 || size < 0 || start > count - size)
                    throw refuse($"storage '{name}' of {count} elements has a view of {size} from {start}");
                return new PickleStorage(name, element, count, start, size);
            default:
                throw refuse($"storage '{name}' has a view in an unknown form");
        }
    }

    private static PickleDict Dict(object?[] items, Func<string, Exception> refuse)
    {
        var dict = new PickleDict();
        if (items.Length == 0)
            return dict;
        // Python 2 gives the items as a list of pairs.
        if (items is not [PickleList list])
            throw refuse($"{PickleAllowList.OrderedDict} is called with {items.Length} arguments");
        foreach (var item in list.Items)
        {
            var (key, value) = item switch
            {
                PickleTuple { Items: [string k, var v] } => (k, v),
                PickleList { Items: [string k, var v] } => (k, v),
                _ => throw refuse(
                    $"{PickleAllowList.OrderedDict} is given {PickleDialect.Describe(item)}; (name, value) "
                        + "pairs are needed"
                ),
            };
            if (!dict.TryAdd(key, value))
                throw refuse($"dict key '{key}' is given twice");
        }
        return dict;
    }

    private static PickleTensor Tensor(object?[] items, Func<string, Exception> refuse)
    {
        if (items is not [PickleStorage storage, long offset, PickleTuple size, PickleTuple stride, ..])
        {
            throw refuse(
                $"{PickleAllowList.RebuildTensor} is called with "
                    + $"({string.Join(", ", items.Take(4).Select(PickleDialect.Describe))}, ...); (storage, "
                    + "offset, size, stride, "
                    + "...) is needed"
            );
        }
        return new PickleTensor(storage, offset, Longs(size, "size", refuse), Longs(stride, "stride", refuse));
    }

    private static long[] Longs(PickleTuple tuple, string what, Func<string, Exception> refuse) =>
        [
            .. tuple.Items.Select(i =>
                i is long n
                    ? n
                    : throw refuse($"a tensor's {what} holds {PickleDialect.Describe(i)}; integers are needed")
            ),
        ];
}
