// Matrices by bitmask: the layout of compressed-tensors byte by byte, every bit of every element
// back in its place, and parts that do not fit each other refused by name.
using RobustTickets.Attacks;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Export;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed class BitmaskTensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_parts_are_those_of_compressed_tensors()
    {
        using var source = Open(_folder.At("known"), Known());
        Assert.Equal(["b.bias", "m.weight"], source.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.Equal([2, 10], source.Info("m.weight").Shape);
        Assert.Equal([0f, 1, 0, 0, 0, 0, 0, 0, -2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4], source.ReadFloats("m.weight"));

        // And written so: the same parts come out of the whole matrix.
        SafetensorsWriter.WriteStreamed(_folder.At("again"), SparseLayout.Of("it", source));
        using var again = SafetensorsFile.Open(_folder.At("again"));
        Assert.Equal([2L, 10], again.ReadLongs("m.shape"));
        Assert.Equal([0L, 3], again.ReadLongs("m.row_offsets"));
        Assert.Equal([1f, -2, 3, 4], again.ReadFloats("m.compressed"));
        Assert.Equal([0b10, 0b11, 0, 0b10], again.Bytes("m.bitmask").ToArray());
        Assert.Equal([2L, 2], again.Info("m.bitmask").Shape);
    }

    [Fact]
    public void Every_bit_comes_back_whatever_the_element_and_the_width()
    {
        var random = new Random(5);
        var tensors = new List<NamedTensor>();
        foreach (var element in Enum.GetValues<TensorElement>().Where(e => e.IsFloat()))
        // The last is read in several blocks, which end within rows.
        foreach (var (rows, columns) in new[] { (1, 1), (3, 8), (9, 13), (4, 0), (0, 4), (40, 64), (301, 257) })
        {
            var bytes = new byte[rows * columns * element.Size()];
            for (var i = 0; i < rows * columns; i++)
                if (random.Next(10) == 0)
                    random.NextBytes(bytes.AsSpan(i * element.Size(), element.Size()));
            // A negative zero is a value with a bit.
            if (bytes.Length > 0)
                bytes[^1] = 0x80;
            tensors.Add(new NamedTensor($"{element}.{rows}x{columns}.weight", element, [rows, columns], bytes));
        }
        tensors.Add(NamedTensor.FromLongs("ids", [3], [1, 2, 3]));
        SafetensorsWriter.Write(_folder.At("whole"), tensors);
        using var whole = SafetensorsFile.Open(_folder.At("whole"));
        SafetensorsWriter.WriteStreamed(_folder.At("sparse"), SparseLayout.Of("it", whole));

        Assert.True(new FileInfo(_folder.At("sparse")).Length < new FileInfo(_folder.At("whole")).Length / 2);
        using var sparse = BitmaskTensors.Over(SafetensorsFile.Open(_folder.At("sparse")));
        Assert.Equal(tensors.Count, sparse.Tensors.Count);
        foreach (var tensor in tensors)
        {
            Assert.Equal(tensor.Shape, sparse.Info(tensor.Name).Shape);
            Assert.Equal(tensor.Data.ToArray(), sparse.Bytes(tensor.Name).ToArray());
            if (tensor.Element.IsFloat())
                Assert.Equal(
                    whole.ReadFloats(tensor.Name).Select(BitConverter.SingleToInt32Bits),
                    sparse.ReadFloats(tensor.Name).Select(BitConverter.SingleToInt32Bits)
                );
        }
    }

    [Fact]
    public void Whole_matrices_are_left_alone_and_have_nothing_to_gain()
    {
        SafetensorsWriter.Write(_folder.At("whole"), [NamedTensor.FromFloats("m.weight", [2, 2], [1, 2, 0, 4])]);
        using var file = SafetensorsFile.Open(_folder.At("whole"));
        Assert.Same(file, BitmaskTensors.Over(file));
        var refused = Assert.Throws<RequestException>(() => SparseLayout.Of("it", file));
        Assert.Contains("it: 25.0 % of the elements of its matrices are zero", refused.Message);
    }

    [Theory]
    [InlineData("no shape", "'shape' is missing")]
    [InlineData("no values", "'compressed' is missing")]
    [InlineData("no offsets", "'row_offsets' is missing")]
    [InlineData("whole as well", "also stored as a full matrix")]
    [InlineData("shape of floats", "'shape' is F32 [2]; expected I64 [2]")]
    [InlineData("negative shape", "'shape' is [-2, 10]")]
    [InlineData("wide shape", "'shape' is [2, 9223372036854775807]")]
    [InlineData("narrow bits", "'bitmask' is U8 [2, 1]; expected U8 [2, 2]")]
    [InlineData("bits beyond", "bits beyond the 10 columns, row 0")]
    [InlineData("values of integers", "'compressed' is I64 [4]; expected floats of one dimension")]
    [InlineData("a value too few", "'compressed' has 3 values; the bits add up to 4")]
    [InlineData("an offset of another row", "'row_offsets' of row 1 is 2; the bits before it add up to 3")]
    [InlineData("offsets too few", "'row_offsets' is I64 [1]; expected I64 [2]")]
    public void Parts_that_do_not_fit_are_refused_by_name(string what, string saying)
    {
        var parts = Known().ToDictionary(t => t.Name);
        _ = what switch
        {
            "no shape" => parts.Remove("m.shape"),
            "no values" => parts.Remove("m.compressed"),
            "no offsets" => parts.Remove("m.row_offsets"),
            _ => false,
        };
        NamedTensor? changed = what switch
        {
            "whole as well" => NamedTensor.FromFloats("m.weight", [1, 1], [1]),
            "shape of floats" => NamedTensor.FromFloats("m.shape", [2], [2, 10]),
            "negative shape" => NamedTensor.FromLongs("m.shape", [2], [-2, 10]),
            "wide shape" => NamedTensor.FromLongs("m.shape", [2], [2, long.MaxValue]),
            "narrow bits" => new NamedTensor("m.bitmask", TensorElement.U8, [2, 1], new byte[2]),
            "bits beyond" => new NamedTensor("m.bitmask", TensorElement.U8, [2, 2], new byte[] { 2, 7, 0, 0 }),
            "values of integers" => NamedTensor.FromLongs("m.compressed", [4], [1, 2, 3, 4]),
            "a value too few" => NamedTensor.FromFloats("m.compressed", [3], [1, -2, 3]),
            "an offset of another row" => NamedTensor.FromLongs("m.row_offsets", [2], [0, 2]),
            "offsets too few" => NamedTensor.FromLongs("m.row_offsets", [1], [0]),
            _ => null,
        };
        if (changed is not null)
            parts[changed.Name] = changed;
        var refused = Assert.Throws<CheckpointException>(() => Open(_folder.At("broken"), parts.Values));
        Assert.Contains(_folder.At("broken"), refused.Message);
        Assert.Contains("bitmask matrix 'm': ", refused.Message);
        Assert.Contains(saying, refused.Message);
    }

    private static TensorSource Open(string path, IEnumerable<NamedTensor> tensors)
    {
        SafetensorsWriter.Write(path, tensors);
        return BitmaskTensors.Over(SafetensorsFile.Open(path));
    }

    // By hand: [2, 10] with values in columns 1, 8 and 9 of the first row and 9 of the second.
    private static NamedTensor[] Known() =>
        [
            NamedTensor.FromLongs("m.shape", [2], [2, 10]),
            NamedTensor.FromLongs("m.row_offsets", [2], [0, 3]),
            NamedTensor.FromFloats("m.compressed", [4], [1, -2, 3, 4]),
            new NamedTensor("m.bitmask", TensorElement.U8, [2, 2], new byte[] { 0b10, 0b11, 0, 0b10 }),
            NamedTensor.FromFloats("b.bias", [1], [5]),
        ];
}
