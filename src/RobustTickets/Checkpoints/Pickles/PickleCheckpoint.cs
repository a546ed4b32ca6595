// pytorch_model.bin in both formats of torch.save, zip and legacy. PickleMachine interprets the
// pickles and executes nothing; every tensor is checked against its storage, and every storage
// against the file, on opening.

using System.Numerics;
using System.Text;
using RobustTickets.Attacks.Pickles;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Tensors;

namespace RobustTickets.Checkpoints.Pickles;

/// <summary>
/// A restricted reader of PyTorch weights files; memory-mapped, executes nothing.
/// </summary>
internal sealed class PickleCheckpoint : TensorSource
{
    private static readonly BigInteger StreamMagic = new([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
    private readonly MappedFile file;
    private readonly Dictionary<string, Place> places = new(StringComparer.Ordinal);

    private PickleCheckpoint(MappedFile file)
        : base(file.Path)
    {
        this.file = file;
        var (root, storages) = ZipDirectory.IsZip(file) ? ReadZip() : ReadStream();
        Tensors = Locate(root, storages);
    }

    /// <summary>Opens a file and checks it completely except for the values.</summary>
    /// <exception cref="CheckpointException">
    /// Missing, truncated or malformed; or the pickle names something outside the allow-list (named
    /// in the message; nothing is executed).
    /// </exception>
    public static PickleCheckpoint Open(string path)
    {
        var file = MappedFile.Open(path);
        try
        {
            return new PickleCheckpoint(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // Copies by strides: a storage may be shared (tied weights), a tensor a saved transpose.
    private protected override void ReadRange(TensorInfo info, long offset, Span<byte> destination)
    {
        var place = places[info.Name];
        if (place.Contiguous)
        {
            file.Read(place.Start + offset, destination);
            return;
        }
        var size = info.Element.Size();
        var index = offset / size;
        for (var done = 0; done < destination.Length; done += size, index++)
        {
            long rest = index,
                element = 0;
            for (var d = info.Shape.Length - 1; d >= 0; d--)
            {
                (rest, var coordinate) = Math.DivRem(rest, info.Shape[d]);
                element += coordinate * place.Strides[d];
            }
            file.Read(place.Start + (element * size), destination.Slice(done, size));
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
    }

    // PyTorch 1.6 and later: NAME/data.pkl describes tensors over storages, NAME/data/KEY holds a
    // storage's bytes, NAME/byteorder says "little".
    private (object? Root, Func<PickleStorage, long> Storages) ReadZip()
    {
        var zip = new ZipDirectory(file);
        var pickles = zip
            .Names.Where(n => n.EndsWith("/data.pkl", StringComparison.Ordinal) && n.Count(c => c == '/') == 1)
            .ToArray();
        if (pickles.Length != 1)
            throw Refuse(
                $"is a zip file with {pickles.Length} data.pkl entries; expected one: not written by torch.save"
            );
        var folder = pickles[0][..^"data.pkl".Length];
        if (zip.Find(folder + "constants.pkl") is not null)
            throw Refuse("is a TorchScript archive; save the model's state_dict with torch.save instead");
        if (zip.Find(folder + "byteorder") is { Length: < 16 } order)
        {
            var text = Encoding.ASCII.GetString(file.Read(order.Start, (int)order.Length));
            if (text != "little")
                throw Refuse($"byteorder is '{text}'; 'little' is needed");
        }
        var (start, length) = zip.Find(pickles[0])!.Value;
        var (root, end) = PickleMachine.Read(new TorchPickle(file), start, start + length, pickles[0]);
        if (end != start + length)
            throw Refuse($"{start + length - end} bytes follow the pickle in {pickles[0]}");
        return (root, Storage);

        long Storage(PickleStorage storage)
        {
            var name = $"{folder}data/{storage.Key}";
            if (zip.Find(name) is not { } found)
                throw Refuse($"storage '{name}' is missing");
            var needed = storage.Count * storage.Element.Size();
            if (found.Length != needed)
                throw Refuse(
                    $"storage '{name}' has {found.Length} bytes; {storage.Count} elements of "
                        + $"{storage.Element.SafetensorsName()} need {needed}"
                );
            return found.Start;
        }
    }

    // Earlier: four pickles (magic number, protocol 1001, byte order and type sizes, the object), a
    // pickled list of storage keys, and for each key a 64-bit element count and the bytes.
    private (object? Root, Func<PickleStorage, long> Storages) ReadStream()
    {
        if (file.Length < 2 || file.ReadByte(0) != 0x80)
            throw Refuse($"is neither a zip file nor a pickle ({file.Length} bytes): not written by torch.save");
        var (magic, at) = PickleMachine.Read(new TorchPickle(file), 0, file.Length, "first pickle");
        if (magic is not BigInteger number || number != StreamMagic)
            throw Refuse(
                $"first pickle is {PickleDialect.Describe(magic)}, not torch.save's magic number: a pickle of "
                    + "another kind"
            );
        (var protocol, at) = PickleMachine.Read(new TorchPickle(file), at, file.Length, "second pickle");
        if (protocol is not 1001L)
            throw Refuse($"stream protocol is {PickleDialect.Describe(protocol)}; expected 1001");
        (var system, at) = PickleMachine.Read(new TorchPickle(file), at, file.Length, "third pickle");
        if (system is not PickleDict dict || !dict.TryGet("little_endian", out var little) || little is not true)
            throw Refuse("little_endian is not True: written on a big-endian machine");
        (var root, at) = PickleMachine.Read(new TorchPickle(file), at, file.Length, "state dict");
        (var keys, at) = PickleMachine.Read(new TorchPickle(file), at, file.Length, "storage keys");
        if (keys is not PickleList { Items: var items })
            throw Refuse($"storage keys are {PickleDialect.Describe(keys)}; a list is needed");

        // The stream does not store the size of a storage: its element type comes from the tensors
        // that use it.
        var known = Values(root)
            .Select(v => v.Tensor.Storage)
            .DistinctBy(s => s.Key)
            .ToDictionary(s => s.Key, StringComparer.Ordinal);
        var starts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            var key = item as string ?? PickleDialect.Describe(item);
            if (!known.TryGetValue(key, out var storage))
                throw Refuse($"storage '{key}' belongs to no tensor");
            if (at > file.Length - 8)
                throw Refuse($"truncated: storage '{key}' begins at byte {at}, the file has {file.Length}");
            var count = (long)file.ReadUInt64(at);
            if (count != storage.Count)
                throw Refuse($"storage '{key}' has {count} elements, but its tensors declare {storage.Count}");
            var bytes = count * storage.Element.Size();
            if (bytes > file.Length - at - 8)
                throw Refuse(
                    $"truncated: storage '{key}' needs bytes {at + 8} to {at + 8 + bytes}, the file has {file.Length}"
                );
            if (!starts.TryAdd(key, at + 8))
                throw Refuse($"storage '{key}' appears twice");
            at += 8 + bytes;
        }
        if (at != file.Length)
            throw Refuse($"{file.Length - at} bytes follow the last storage");
        return (
            root,
            s => starts.TryGetValue(s.Key, out var start) ? start : throw Refuse($"storage '{s.Key}' is missing")
        );
    }

    private List<(string Name, PickleTensor Tensor)> Values(object? root)
    {
        if (root is not PickleDict dict)
            throw Refuse($"holds {PickleDialect.Describe(root)}; a state dict (names to tensors) is needed");
        var values = new List<(string, PickleTensor)>();
        foreach (var key in dict.Keys)
        {
            dict.TryGet(key, out var value);
            if (key is not string name)
                throw Refuse($"state dict key is {PickleDialect.Describe(key)}; a string is needed");
            if (value is not PickleTensor tensor)
            {
                throw Refuse(
                    $"state dict entry '{name}' is {PickleDialect.Describe(value)}; a tensor is needed (a "
                        + "training checkpoint? save model.state_dict() alone)"
                );
            }
            values.Add((name, tensor));
        }
        return values;
    }

    private List<TensorInfo> Locate(object? root, Func<PickleStorage, long> startOf)
    {
        var infos = new List<TensorInfo>();
        var storages = new Dictionary<string, (PickleStorage Storage, long Start)>(StringComparer.Ordinal);
        foreach (var (name, tensor) in Values(root))
        {
            var storage = tensor.Storage;
            if (!storages.TryGetValue(storage.Key, out var known))
                storages[storage.Key] = known = (storage, startOf(storage));
            if (known.Storage.Element != storage.Element || known.Storage.Count != storage.Count)
            {
                throw Refuse(
                    $"tensor '{name}': storage '{storage.Key}' is {storage.Count} "
                        + $"{storage.Element.SafetensorsName()} here and {known.Storage.Count} "
                        + $"{known.Storage.Element.SafetensorsName()} elsewhere"
                );
            }
            TensorInfo info;
            try
            {
                info = new TensorInfo(name, storage.Element, tensor.Shape);
            }
            catch (CheckpointException e)
            {
                throw new CheckpointException($"{Location}: {e.Message}", e);
            }
            RequireInside(info, tensor);
            places[name] = new Place(
                known.Start + ((storage.ViewStart + tensor.Offset) * info.Element.Size()),
                tensor.Strides,
                IsContiguous(tensor)
            );
            infos.Add(info);
        }
        return infos;
    }

    private void RequireInside(TensorInfo info, PickleTensor tensor)
    {
        string Text() =>
            $"tensor '{info.Name}' of shape {info.ShapeText}, strides {TensorInfo.Format(tensor.Strides)}, "
            + $"offset {tensor.Offset}";
        if (tensor.Strides.Length != tensor.Shape.Length || tensor.Offset < 0 || tensor.Strides.Any(s => s < 0))
            throw Refuse($"{Text()} is invalid");
        // The offset of the last element in 128 bits: malformed strides must not overflow.
        var last = (Int128)tensor.Offset;
        for (var d = 0; d < tensor.Shape.Length; d++)
            last += (Int128)(tensor.Shape[d] - 1) * tensor.Strides[d];
        var inside = info.Count == 0 ? tensor.Offset <= tensor.Storage.ViewCount : last < tensor.Storage.ViewCount;
        if (!inside)
            throw Refuse(
                $"{Text()} extends beyond its storage '{tensor.Storage.Key}' of {tensor.Storage.ViewCount} elements"
            );
        // Strides of 0 repeat elements; a file must not request more memory than a weight can need.
        if (info.Count > tensor.Storage.ViewCount && info.ByteCount > int.MaxValue)
            throw Refuse($"{Text()} expands its {tensor.Storage.ViewCount} elements to {info.ByteCount} bytes");
    }

    private static bool IsContiguous(PickleTensor tensor)
    {
        var stride = 1L;
        for (var d = tensor.Shape.Length - 1; d >= 0; d--)
        {
            if (tensor.Shape[d] != 1 && tensor.Strides[d] != stride)
                return false;
            stride *= tensor.Shape[d];
        }
        return true;
    }

    private CheckpointException Refuse(string message) => new($"{Location}: {message}");

    private readonly record struct Place(long Start, long[] Strides, bool Contiguous);
}
