// pytorch_model.bin: what torch.save can write is read, and nothing in a file can make the reader
// do anything but read.
using System.Text;
using RobustTickets.Checkpoints.Pickles;
using RobustTickets.Checkpoints.Tensors;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed partial class PickleCheckpointTests : IDisposable
{
    private static readonly byte[] Six = PickleFixture.Floats(0, 1, 2, 3, 4, 5);
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Strides_offsets_shared_storages_and_parameters_are_read(bool zip)
    {
        var pickle = new PickleFixture()
            .OrderedDict()
            .Op('(')
            .Text("whole")
            .Tensor("FloatStorage", "0", 6, 0, [2, 3], [3, 1])
            .Text("transposed")
            .Tensor("FloatStorage", "0", 6, 0, [3, 2], [1, 3])
            .Text("tail")
            .Tensor("FloatStorage", "0", 6, 4, [2], [1])
            .Text("column")
            .Tensor("FloatStorage", "0", 6, 1, [2, 1], [3, 17])
            .Text("expanded")
            .Tensor("FloatStorage", "0", 6, 5, [2, 2], [0, 0])
            .Text("scalar")
            .Tensor("FloatStorage", "0", 6, 3, [], [])
            .Text("empty")
            .Tensor("FloatStorage", "0", 6, 6, [0, 3], [3, 1])
            .Text("parameter")
            .Global("torch._utils", "_rebuild_parameter")
            .Op('(')
            .Tensor("LongStorage", "1", 2, 0, [2], [1])
            .Raw(0x88)
            .OrderedDict()
            .Op('t')
            .Op('R')
            .Op('u')
            // torch attaches {"_metadata": OrderedDict()} to the state dict.
            .Op('}')
            .Text("_metadata")
            .OrderedDict()
            .Op('s')
            .Op('b')
            .Stop();
        byte[] longs = [.. new long[] { 7, -8 }.SelectMany(BitConverter.GetBytes)];
        var bytes = zip
            ? PickleFixture.Zip(pickle, [("0", Six), ("1", longs)])
            : PickleFixture.Stream(pickle, [("0", 6, Six), ("1", 2, longs)]);
        using var file = PickleCheckpoint.Open(folder.Write("a.bin", bytes));

        Assert.Equal(
            ["whole", "transposed", "tail", "column", "expanded", "scalar", "empty", "parameter"],
            file.Tensors.Select(t => t.Name)
        );
        Assert.Equal([0, 1, 2, 3, 4, 5], file.ReadFloats("whole"));
        Assert.Equal([0, 3, 1, 4, 2, 5], file.ReadFloats("transposed"));
        Assert.Equal(PickleFixture.Floats(0, 3, 1, 4, 2, 5), file.Bytes("transposed").ToArray());
        Assert.Equal([4, 5], file.ReadFloats("tail"));
        Assert.Equal([1, 4], file.ReadFloats("column"));
        Assert.Equal([5, 5, 5, 5], file.ReadFloats("expanded"));
        Assert.Equal([3], file.ReadFloats("scalar"));
        Assert.Empty(file.ReadFloats("empty"));
        Assert.Equal([7, -8], file.ReadLongs("parameter"));
        Assert.Equal([3L, 2L], file.Info("transposed").Shape);
    }

    [Fact]
    public void A_strided_half_tensor_larger_than_a_block_is_read_in_blocks()
    {
        const int rows = 300,
            columns = 251; // 150,600 bytes: three blocks, the last not full
        var values = Enumerable.Range(0, rows * columns).Select(i => (Half)(i % 2048)).ToArray();
        var pickle = new PickleFixture()
            .OrderedDict()
            .Op('(')
            .Text("t")
            .Tensor("HalfStorage", "0", rows * columns, 0, [columns, rows], [1, columns])
            .Op('u')
            .Stop();
        using var file = PickleCheckpoint.Open(
            folder.Write("a.bin", PickleFixture.Zip(pickle, [("0", [.. values.SelectMany(BitConverter.GetBytes)])]))
        );
        var read = file.ReadFloats("t");
        for (var i = 0; i < columns; i++)
        {
            for (var j = 0; j < rows; j++)
                Assert.Equal((float)values[(j * columns) + i], read[(i * rows) + j]);
        }
    }

    [Theory]
    [InlineData("FloatStorage", TensorElement.F32)]
    [InlineData("HalfStorage", TensorElement.F16)]
    [InlineData("BFloat16Storage", TensorElement.BF16)]
    [InlineData("DoubleStorage", TensorElement.F64)]
    [InlineData("LongStorage", TensorElement.I64)]
    [InlineData("IntStorage", TensorElement.I32)]
    [InlineData("ShortStorage", TensorElement.I16)]
    [InlineData("CharStorage", TensorElement.I8)]
    [InlineData("ByteStorage", TensorElement.U8)]
    [InlineData("BoolStorage", TensorElement.Bool)]
    public void Every_storage_class_has_its_element_type(string storage, object boxedElement)
    {
        var element = (TensorElement)boxedElement;
        var data = Enumerable.Range(1, 3 * element.Size()).Select(i => (byte)i).ToArray();
        var pickle = new PickleFixture().OrderedDict().Text("x").Tensor(storage, "0", 3, 0, [3], [1]).Op('s').Stop();
        using var file = PickleCheckpoint.Open(
            folder.Write("a.bin", PickleFixture.Zip(pickle, [("0", data)], folder: "model"))
        );
        Assert.Equal(element, file.Info("x").Element);
        Assert.Equal(data, file.Bytes("x").ToArray());
    }

    [Fact]
    public void Protocol_4_memo_python_2_dicts_and_old_storage_views_are_read()
    {
        // Protocol 4: frame, short strings, MEMOIZE, STACK_GLOBAL; the second storage class comes
        // from the memo.
        PickleFixture Short(PickleFixture p, string text) =>
            p.Raw(0x8c, (byte)text.Length).Raw(Encoding.ASCII.GetBytes(text));
        var p4 = new PickleFixture(4).Raw(0x95, 0, 0, 0, 0, 0, 0, 0, 0).Op('}').Raw(0x94);
        Short(p4, "x");
        Short(Short(p4, "torch._utils"), "_rebuild_tensor_v2").Raw(0x93, 0x94).Op('(').Op('(');
        Short(p4, "storage");
        Short(Short(p4, "torch"), "FloatStorage").Raw(0x93, 0x94);
        Short(Short(p4, "0"), "cpu")
            .Int(6)
            .Op('t')
            .Op('Q')
            .Int(0)
            .Tuple(6)
            .Tuple(1)
            .Raw(0x89)
            .Op('}')
            .Op('t')
            .Op('R')
            .Op('s');
        using (var file = PickleCheckpoint.Open(folder.Write("p4.bin", PickleFixture.Zip(p4.Stop(), [("0", Six)]))))
        {
            Assert.Equal([0, 1, 2, 3, 4, 5], file.ReadFloats("x"));
        }

        // Python 2: OrderedDict([["x", tensor]]), and a storage that is a view of another: 4
        // elements from the second on.
        var p2 = new PickleFixture()
            .Global("collections", "OrderedDict")
            .Op(']')
            .Op(']')
            .Op('(')
            .Op('U')
            .Raw(1, (byte)'x')
            .Tensor("FloatStorage", "0", 6, 1, [3], [1], v => v.Op('(').Text("view").Int(1).Int(4).Op('t'))
            .Op('e')
            .Op('a')
            .Raw(0x85)
            .Op('R')
            .Stop();
        using (var file = PickleCheckpoint.Open(folder.Write("p2.bin", PickleFixture.Stream(p2, [("0", 6, Six)]))))
        {
            Assert.Equal([2, 3, 4], file.ReadFloats("x"));
        }
    }

    [Fact]
    public void Zip64_records_and_a_comment_are_read()
    {
        var pickle = new PickleFixture()
            .OrderedDict()
            .Text("x")
            .Tensor("FloatStorage", "0", 6, 0, [6], [1])
            .Op('s')
            .Stop();
        var bytes = PickleFixture.Zip64(pickle, Six);
        using (var file = PickleCheckpoint.Open(folder.Write("a.bin", bytes)))
        {
            Assert.Equal([0, 1, 2, 3, 4, 5], file.ReadFloats("x"));
        }
        for (var length = 0; length < bytes.Length; length += 3)
        {
            Fixtures.Refused(
                () => PickleCheckpoint.Open(folder.Write("cut.bin", bytes[..length])).Dispose(),
                "cut.bin"
            );
        }
    }
}
