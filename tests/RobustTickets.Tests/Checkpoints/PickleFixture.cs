// Writes the pickles and containers of torch.save, and the ones an attacker would write. Written
// from the formats' descriptions, not with the reader's code.
using System.IO.Compression;
using System.Text;

namespace RobustTickets.Tests.Checkpoints;

/// <summary>Assembles pickle opcodes; every method returns the writer.</summary>
internal sealed class PickleFixture
{
    private readonly MemoryStream bytes = new();

    public PickleFixture(int protocol = 2) => Raw(0x80, (byte)protocol);

    public PickleFixture Raw(params byte[] raw)
    {
        bytes.Write(raw);
        return this;
    }

    public PickleFixture Op(char code) => Raw((byte)code);

    public PickleFixture Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        return Op('X').Raw(BitConverter.GetBytes(utf8.Length)).Raw(utf8);
    }

    public PickleFixture Int(long value) =>
        value is >= 0 and < 256 ? Op('K').Raw((byte)value)
        : value is >= int.MinValue and <= int.MaxValue ? Op('J').Raw(BitConverter.GetBytes((int)value))
        : Raw(0x8a, 8).Raw(BitConverter.GetBytes(value));

    public PickleFixture Tuple(params long[] values)
    {
        Op('(');
        foreach (var value in values)
            Int(value);
        return Op('t');
    }

    public PickleFixture Global(string module, string name) => Raw(Encoding.ASCII.GetBytes($"c{module}\n{name}\n"));

    public PickleFixture OrderedDict() => Global("collections", "OrderedDict").Op(')').Op('R');

    /// <summary>A storage's persistent id.</summary>
    public PickleFixture Storage(string type, string key, long count, Action<PickleFixture>? view = null)
    {
        Op('(').Text("storage").Global("torch", type).Text(key).Text("cpu").Int(count);
        view?.Invoke(this);
        return Op('t').Op('Q');
    }

    /// <summary>A call of _rebuild_tensor_v2 on a storage.</summary>
    public PickleFixture Tensor(
        string type,
        string key,
        long count,
        long offset,
        long[] shape,
        long[] strides,
        Action<PickleFixture>? view = null
    ) =>
        Global("torch._utils", "_rebuild_tensor_v2")
            .Op('(')
            .Storage(type, key, count, view)
            .Int(offset)
            .Tuple(shape)
            .Tuple(strides)
            .Raw(0x89)
            .OrderedDict()
            .Op('t')
            .Op('R');

    public byte[] Stop()
    {
        Op('.');
        return bytes.ToArray();
    }

    /// <summary>A zip container as torch.save writes it.</summary>
    public static byte[] Zip(
        byte[] pickle,
        IEnumerable<(string Key, byte[] Bytes)> storages,
        string byteorder = "little",
        bool compress = false,
        string folder = "archive"
    )
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("data.pkl", pickle);
            Add("byteorder", Encoding.ASCII.GetBytes(byteorder));
            foreach (var (key, bytes) in storages)
                Add($"data/{key}", bytes);
            Add("version", "3\n"u8.ToArray());

            void Add(string name, byte[] bytes)
            {
                using var entry = zip.CreateEntry(
                        $"{folder}/{name}",
                        compress ? CompressionLevel.Optimal : CompressionLevel.NoCompression
                    )
                    .Open();
                entry.Write(bytes);
            }
        }
        return stream.ToArray();
    }

    /// <summary>
    /// A zip container of one storage "0" in which every size and position stands in ZIP64 records,
    /// as beyond 4 GiB.
    /// </summary>
    public static byte[] Zip64(byte[] pickle, byte[] storage)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        var entries = new[] { ("archive/data.pkl", pickle), ("archive/data/0", storage) };
        var headers = new List<long>();
        foreach (var (name, bytes) in entries)
        {
            headers.Add(stream.Position);
            writer.Write(0x04034b50u);
            writer.Write(new byte[22]); // stored; sizes in the central directory only
            writer.Write((ushort)name.Length);
            writer.Write((ushort)3); // padding, as PyTorch's alignment
            writer.Write(Encoding.ASCII.GetBytes(name));
            writer.Write(new byte[3]);
            writer.Write(bytes);
        }
        var start = stream.Position;
        foreach (var ((name, bytes), header) in entries.Zip(headers))
        {
            writer.Write(0x02014b50u);
            writer.Write(new byte[16]);
            writer.Write(uint.MaxValue);
            writer.Write(uint.MaxValue);
            writer.Write((ushort)name.Length);
            writer.Write((ushort)(5 + 28));
            writer.Write(new byte[10]);
            writer.Write(uint.MaxValue);
            writer.Write(Encoding.ASCII.GetBytes(name));
            writer.Write([9, 0, 1, 0, 7]); // another program's extra field comes first
            writer.Write((ushort)1);
            writer.Write((ushort)24);
            writer.Write((long)bytes.Length);
            writer.Write((long)bytes.Length);
            writer.Write(header);
        }
        var end = stream.Position;
        writer.Write(0x06064b50u);
        writer.Write(44L);
        writer.Write(new byte[12]);
        writer.Write(2L);
        writer.Write(2L);
        writer.Write(end - start);
        writer.Write(start);
        writer.Write(0x07064b50u);
        writer.Write(0u);
        writer.Write(end);
        writer.Write(1u);
        writer.Write(0x06054b50u);
        writer.Write(0u);
        writer.Write(ushort.MaxValue);
        writer.Write(ushort.MaxValue);
        writer.Write(uint.MaxValue);
        writer.Write(uint.MaxValue);
        writer.Write((ushort)4);
        writer.Write("note"u8);
        return stream.ToArray();
    }

    /// <summary>The stream form of torch.save before 1.6.</summary>
    public static byte[] Stream(
        byte[] pickle,
        IEnumerable<(string Key, long Count, byte[] Bytes)> storages,
        bool littleEndian = true,
        int protocol = 1001
    )
    {
        using var stream = new MemoryStream();
        stream.Write(
            new PickleFixture().Raw(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).Stop()
        );
        stream.Write(new PickleFixture().Int(protocol).Stop());
        stream.Write(
            new PickleFixture()
                .Op('}')
                .Op('(')
                .Text("little_endian")
                .Raw((byte)(littleEndian ? 0x88 : 0x89))
                .Op('u')
                .Stop()
        );
        stream.Write(pickle);
        var keys = new PickleFixture().Op(']').Op('(');
        foreach (var (key, _, _) in storages)
            keys.Text(key);
        stream.Write(keys.Op('e').Stop());
        foreach (var (_, count, bytes) in storages)
        {
            stream.Write(BitConverter.GetBytes(count));
            stream.Write(bytes);
        }
        return stream.ToArray();
    }

    public static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
}
