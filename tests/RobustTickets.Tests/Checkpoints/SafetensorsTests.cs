// safetensors: what is written is read back bit for bit, bytes do not depend on the caller's order,
// and every way a file can lie is refused by name.
using System.Buffers.Binary;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Every_element_type_scalars_and_empty_tensors_survive_a_round_trip()
    {
        var random = new Random(3);
        var tensors = Enum.GetValues<TensorElement>()
            .SelectMany(e =>
                new long[][] { [], [3], [2, 0, 4], [2, 5, 3] }.Select(shape =>
                {
                    var bytes = new byte[shape.Aggregate(1L, (a, b) => a * b) * e.Size()];
                    random.NextBytes(bytes);
                    return new NamedTensor($"{e}.{string.Join('x', shape)}", e, shape, bytes);
                })
            )
            .ToArray();
        SafetensorsWriter.Write(
            folder.At("a.safetensors"),
            tensors,
            new Dictionary<string, string> { ["format"] = "pt", ["ключ\"\n"] = "ü" }
        );

        using var file = SafetensorsFile.Open(folder.At("a.safetensors"));
        Assert.Equal(tensors.Length, file.Tensors.Count);
        foreach (var tensor in tensors)
        {
            Assert.True(file.Contains(tensor.Name));
            Assert.Equal(tensor.Element, file.Info(tensor.Name).Element);
            Assert.Equal(tensor.Shape, file.Info(tensor.Name).Shape);
            Assert.Equal(tensor.Data.ToArray(), file.Bytes(tensor.Name).ToArray());
            var copy = new byte[tensor.Data.Length];
            file.CopyTo(tensor.Name, copy);
            Assert.Equal(tensor.Data.ToArray(), copy);
        }
        Assert.Equal("ü", file.Metadata["ключ\"\n"]);
        Assert.Equal(2, file.Metadata.Count);
    }

    [Fact]
    public void The_bytes_are_those_of_the_format()
    {
        SafetensorsWriter.Write(
            folder.At("a"),
            [NamedTensor.FromFloats("b", [2], [1f, -2f]), NamedTensor.FromLongs("z", [1], [258])]
        );
        // Widest elements first; then by name.
        var header =
            """{"__metadata__":{"format":"pt"},"z":{"dtype":"I64","shape":[1],"data_offsets":[0,"""
            + """8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""";
        header = header.PadRight((header.Length + 7) / 8 * 8);
        Assert.Equal(
            Fixtures.Safetensors(header, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]),
            File.ReadAllBytes(folder.At("a"))
        );
    }

    [Fact]
    public void The_bytes_do_not_depend_on_the_order_and_data_are_aligned()
    {
        var tensors = Fixtures.Weights(Fixtures.TinyConfig);
        tensors.Add(new NamedTensor("byte", TensorElement.U8, [3], new byte[] { 1, 2, 3 }));
        tensors.Add(NamedTensor.FromFloats("half", [5], [1, 2, 3, 4, 5], TensorElement.F16));
        var metadata = new Dictionary<string, string> { ["b"] = "1", ["a"] = "2" };
        SafetensorsWriter.Write(folder.At("a"), tensors, metadata);
        tensors.Reverse();
        SafetensorsWriter.Write(folder.At("b"), tensors, new Dictionary<string, string> { ["a"] = "2", ["b"] = "1" });
        SafetensorsWriter.WriteStreamed(folder.At("c"), tensors.Select(t => t.Streamed()), metadata);
        var bytes = File.ReadAllBytes(folder.At("a"));
        Assert.Equal(bytes, File.ReadAllBytes(folder.At("b")));
        Assert.Equal(bytes, File.ReadAllBytes(folder.At("c")));
        Assert.Equal(0ul, BinaryPrimitives.ReadUInt64LittleEndian(bytes) % 8);
        tensors[0] = NamedTensor.FromFloats("half", [5], [1, 2, 3, 4, 6], TensorElement.F16);
        SafetensorsWriter.Write(folder.At("d"), tensors, metadata);
        Assert.NotEqual(bytes, File.ReadAllBytes(folder.At("d"))); // mutant: a value that changes nothing
        Assert.Equal(["a", "b", "c", "d"], folder.Names());
    }

    [Fact]
    public void A_streamed_tensor_must_write_exactly_its_bytes()
    {
        File.WriteAllText(folder.At("a"), "old");
        void Write(int count) =>
            SafetensorsWriter.WriteStreamed(
                folder.At("a"),
                [new StreamedTensor("x", TensorElement.F32, [3], s => s.Write(new byte[count]))]
            );
        Fixtures.Refused(() => Write(11), "'x'", "11 bytes", "12");
        Fixtures.Refused(() => Write(13), "'x'", "12 bytes");
        Assert.Equal("old", File.ReadAllText(folder.At("a")));
        Assert.Equal(["a"], folder.Names());
        Write(12);
        using var file = SafetensorsFile.Open(folder.At("a"));
        Assert.Equal(new float[3], file.ReadFloats("x"));
    }

    [Fact]
    public void The_writer_refuses_what_could_not_be_read()
    {
        var a = NamedTensor.FromFloats("x", [1], [1f]);
        Fixtures.Refused(() => SafetensorsWriter.Write(folder.At("a"), [a, a]), "'x'", "twice");
        Fixtures.Refused(
            () => SafetensorsWriter.Write(folder.At("a"), [a with { Name = "__metadata__" }]),
            "__metadata__"
        );
        Fixtures.Refused(
            () => SafetensorsWriter.Write(folder.At("a"), [a with { Shape = [2] }]),
            "'x'",
            "4 bytes",
            "8"
        );
        Fixtures.Refused(() => SafetensorsWriter.Write(folder.At("a"), [a with { Shape = [-1] }]), "'x'", "-1");
        Fixtures.Refused(
            () => SafetensorsWriter.Write(folder.At("a"), [a with { Shape = [long.MaxValue, 2] }]),
            "'x'",
            "2^63"
        );
        Assert.Empty(folder.Names());
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, null)]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   """, 8, null)]
    [InlineData("""{}""", 0, null)]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "'x'|[0, 8]|7 data bytes|truncated")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "1 bytes follow|'x'")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}""", 12, "'x'|12 bytes|[2]|needs 8")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[2],"data_offsets":[4"""
            + """,12]}}""",
        12,
        "'y'|[4, 12]|overlaps 'x'|8"
    )]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[12"""
            + """,16]}}""",
        16,
        "hole of 4 bytes|'y'|12|8"
    )]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "hole of 4 bytes|'x'")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "'x'|[8, 0]|interval")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", 8, "'x'|[-8, 0]")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}""",
        8,
        "'x'|9223372036854775807|8 data bytes"
    )]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775808]}}""",
        8,
        "'x'|data_offsets|2^63"
    )]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", 8, "'x'|3 numbers")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "'x'|[-2]")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", 8, "'x'|2^63")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "'x'|shape|2.5")]
    [InlineData("""{"x":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8, "'x'|shape|array")]
    [InlineData("""{"x":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", 8, "'x'|F8_E4M3|BF16")]
    [InlineData("""{"x":{"dtype":7,"shape":[8],"data_offsets":[0,8]}}""", 8, "'x'|dtype|7")]
    [InlineData("""{"x":{"shape":[2],"data_offsets":[0,8]}}""", 8, "'x'|'dtype' is missing")]
    [InlineData("""{"x":{"dtype":"F32","data_offsets":[0,8]}}""", 8, "'x'|'shape' is missing")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2]}}""", 8, "'x'|'data_offsets' is missing")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}""", 8, "'x'|'more'")]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}""",
        8,
        "'x'|'shape' is given twice"
    )]
    [InlineData(
        """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"x":{"dtype":"F32","shape":[2],"data_offsets":["""
            + """0,8]}}""",
        8,
        "'x'|twice"
    )]
    [InlineData("""{"x":[]}""", 0, "'x'|Array")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "__metadata__|'a'")]
    [InlineData("""{"__metadata__":[]}""", 0, "__metadata__")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}""", 8, "JSON")]
    [InlineData("""{"x\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "JSON")]
    [InlineData("""[]""", 0, "'{'")]
    [InlineData("", 0, "'{'")]
    public void A_lying_header_is_refused_by_tensor_and_numbers(string header, int dataBytes, string? saying)
    {
        var path = folder.Write("a.safetensors", Fixtures.Safetensors(header, dataBytes));
        void Open() => SafetensorsFile.Open(path).Dispose();
        if (saying is null)
            Open();
        else
            Fixtures.Refused(Open, [path, .. saying.Split('|')]);
    }

    [Fact]
    public void A_header_longer_than_the_file_or_the_format_allows_is_refused_by_its_length()
    {
        var bytes = Fixtures.Safetensors("{}", 0);
        void Open(ulong length)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
            SafetensorsFile.Open(folder.Write("a", bytes)).Dispose();
        }
        Open(2);
        Fixtures.Refused(() => Open(3), "3", "2 bytes after it");
        Fixtures.Refused(() => Open(100_000_001), "100000001", "at most 100000000");
        Fixtures.Refused(() => Open(ulong.MaxValue), "18446744073709551615", "at most 100000000");
        Fixtures.Refused(() => SafetensorsFile.Open(folder.Write("b", new byte[7])), "7 bytes");
        Fixtures.Refused(() => SafetensorsFile.Open(folder.Write("c", Array.Empty<byte>())), "0 bytes");
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        SafetensorsWriter.Write(
            folder.At("a"),
            [NamedTensor.FromFloats("x", [2, 3], new float[6]), NamedTensor.FromLongs("y", [2], [1, 2])]
        );
        var bytes = File.ReadAllBytes(folder.At("a"));
        for (var length = 0; length < bytes.Length; length++)
        {
            var path = folder.Write("cut", bytes[..length]);
            Fixtures.Refused(() => SafetensorsFile.Open(path).Dispose(), path);
        }
    }

    [Fact]
    public void What_is_no_safetensors_file_is_said_so()
    {
        Fixtures.Refused(() => SafetensorsFile.Open(folder.At("none")), folder.At("none"), "no such file");
        Fixtures.Refused(() => SafetensorsFile.Open(folder.Path), folder.Path, "is a folder");
        Fixtures.Refused(
            () => SafetensorsFile.Open(folder.Write("page", "<!DOCTYPE html><html>not found</html>")),
            "page",
            "header length"
        );
        Fixtures.Refused(
            () =>
                SafetensorsFile.Open(
                    folder.Write("lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")
                ),
            "lfs",
            "git lfs pull"
        );
    }

    [Fact]
    public void A_wrong_name_kind_or_destination_is_refused_by_name()
    {
        SafetensorsWriter.Write(
            folder.At("a"),
            [NamedTensor.FromFloats("bert.pooler.dense.weight", [2], [1, 2]), NamedTensor.FromLongs("ids", [2], [1, 2])]
        );
        using var file = SafetensorsFile.Open(folder.At("a"));
        Fixtures.Refused(
            () => file.Info("pooler.dense.weight"),
            folder.At("a"),
            "'pooler.dense.weight'",
            "bert.pooler.dense.weight"
        );
        Fixtures.Refused(() => file.ReadFloats("ids"), "'ids'", "I64");
        Fixtures.Refused(() => file.ReadLongs("bert.pooler.dense.weight"), "F32", "I64");
        Fixtures.Refused(() => file.ReadFloats("bert.pooler.dense.weight", new float[3]), "2 values", "3");
        Fixtures.Refused(() => file.CopyTo("ids", new byte[15]), "16 bytes", "15");
        Assert.Equal([1L, 2L], file.ReadLongs("ids"));
    }

    [Fact]
    public void Arbitrary_damage_gives_a_refusal_or_tensors_never_another_error()
    {
        SafetensorsWriter.Write(
            folder.At("a"),
            [
                NamedTensor.FromFloats("x", [2, 3], new float[6]),
                NamedTensor.FromFloats("h", [3], new float[3], TensorElement.F16),
            ]
        );
        var bytes = File.ReadAllBytes(folder.At("a"));
        var random = new Random(5);
        var refused = 0;
        for (var i = 0; i < 1500; i++)
        {
            var damaged = (byte[])bytes.Clone();
            for (var n = random.Next(1, 4); n > 0; n--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                using var file = SafetensorsFile.Open(folder.Write("b", damaged));
                foreach (var info in file.Tensors)
                    _ = file.Bytes(info.Name);
            }
            catch (CheckpointException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 500, 1499);
    }
}
