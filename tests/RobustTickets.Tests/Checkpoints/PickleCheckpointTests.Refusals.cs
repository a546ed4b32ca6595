// What the restricted reader refuses, and that no damage gets past it.
using System.Text;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Pickles;
using Xunit;

namespace RobustTickets.Tests.Checkpoints;

public sealed partial class PickleCheckpointTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("zip")]
    [InlineData("stream")]
    [InlineData("value")]
    [InlineData("stack-global")]
    [InlineData("inst")]
    [InlineData("build")]
    public void A_pickle_that_would_call_the_system_is_refused_by_name_and_does_nothing(string kind)
    {
        var marker = folder.At("executed");
        var command = new PickleFixture()
            .Global("posix", "system")
            .Op('(')
            .Text($"touch {marker}")
            .Op('t')
            .Op('R')
            .Stop();
        var value = new PickleFixture()
            .OrderedDict()
            .Text("x")
            .Global("posix", "system")
            .Text($"touch {marker}")
            .Raw(0x85)
            .Op('R')
            .Op('s')
            .Stop();
        var bytes = kind switch
        {
            "plain" => command,
            "zip" => PickleFixture.Zip(command, []),
            "stream" => PickleFixture.Stream(command, []),
            "value" => PickleFixture.Zip(value, []),
            "stack-global" => PickleFixture.Zip(
                new PickleFixture(4)
                    .Text("posix")
                    .Text("system")
                    .Raw(0x93)
                    .Text($"touch {marker}")
                    .Raw(0x85)
                    .Op('R')
                    .Stop(),
                []
            ),
            "inst" => PickleFixture.Zip(
                new PickleFixture()
                    .Op('(')
                    .Text($"touch {marker}")
                    .Raw(Encoding.ASCII.GetBytes("iposix\nsystem\n"))
                    .Stop(),
                []
            ),
            _ => PickleFixture.Zip(
                new PickleFixture().OrderedDict().Op('}').Text("x").Global("posix", "system").Op('s').Op('b').Stop(),
                []
            ),
        };
        var path = folder.Write("evil.bin", bytes);
        Fixtures.Refused(
            () => PickleCheckpoint.Open(path),
            path,
            "'posix.system'",
            "not allowed",
            "no code was executed"
        );
        Assert.False(File.Exists(marker));
    }

    [Theory]
    [InlineData("builtins", "eval")]
    [InlineData("os", "system")]
    [InlineData("torch", "load")]
    [InlineData("torch.storage", "_load_from_bytes")]
    [InlineData("torch._utils", "_rebuild_tensor_v3")]
    [InlineData("collections", "defaultdict")]
    [InlineData("numpy.core.multiarray", "_reconstruct")]
    [InlineData("torch", "FloatStorage.from_file")]
    public void Any_other_name_is_refused_even_if_nothing_calls_it(string module, string name)
    {
        var pickle = new PickleFixture().OrderedDict().Text("x").Global(module, name).Op('s').Stop();
        Fixtures.Refused(
            () => PickleCheckpoint.Open(folder.Write("a.bin", PickleFixture.Zip(pickle, []))),
            $"'{module}.{name}'",
            "torch._utils._rebuild_tensor_v2"
        );
    }

    [Fact]
    public void Allowed_names_cannot_be_called_or_built_in_other_ways()
    {
        void Open(Func<PickleFixture, PickleFixture> make) =>
            PickleCheckpoint.Open(
                folder.Write("a.bin", PickleFixture.Zip(make(new PickleFixture()).Stop(), [("0", Six)]))
            );
        Fixtures.Refused(
            () => Open(p => p.Global("torch", "FloatStorage").Op(')').Op('R')),
            "REDUCE",
            "torch.FloatStorage"
        );
        Fixtures.Refused(() => Open(p => p.Text("x").Op(')').Op('R')), "REDUCE", "'x'");
        Fixtures.Refused(
            () => Open(p => p.Global("torch._utils", "_rebuild_tensor_v2").Op(')').Op('R')),
            "_rebuild_tensor_v2",
            "storage"
        );
        Fixtures.Refused(
            () => Open(p => p.Global("torch._utils", "_rebuild_parameter").Op(')').Op('R')),
            "_rebuild_parameter"
        );
        Fixtures.Refused(() => Open(p => p.Global("collections", "OrderedDict").Op(')').Raw(0x81)), "0x81");
        Fixtures.Refused(() => Open(p => p.Text("storage").Op('Q')), "persistent id");
        Fixtures.Refused(() => Open(p => p.Op(')').OrderedDict().Op('b')), "BUILD", "a tuple of 0");
        Fixtures.Refused(() => Open(p => p.Op('h').Raw(3)), "memo 3");
        Fixtures.Refused(() => Open(p => p.Op('t')), "mark");
        Fixtures.Refused(() => Open(p => p), "stack is empty");
        Fixtures.Refused(() => Open(p => p.Int(1).Int(2)), "remain on the stack at STOP");
    }

    [Fact]
    public void What_is_no_state_dict_is_refused_by_key()
    {
        void Open(byte[] pickle) =>
            PickleCheckpoint.Open(folder.Write("a.bin", PickleFixture.Zip(pickle, [("0", Six)])));
        Fixtures.Refused(() => Open(new PickleFixture().Int(3).Stop()), "3", "state dict");
        Fixtures.Refused(
            () => Open(new PickleFixture().Op('}').Text("state_dict").OrderedDict().Op('s').Stop()),
            "'state_dict'",
            "a dict",
            "model.state_dict()"
        );
        Fixtures.Refused(() => Open(new PickleFixture().Op('}').Int(1).Int(2).Op('s').Stop()), "key is 1");
        var twice = new PickleFixture()
            .Op('}')
            .Op('(')
            .Text("x")
            .Tensor("FloatStorage", "0", 6, 0, [6], [1])
            .Text("x")
            .Tensor("FloatStorage", "0", 6, 0, [6], [1])
            .Op('u')
            .Stop();
        Fixtures.Refused(() => Open(twice), "'x'", "twice");
    }

    [Theory]
    [InlineData("FloatStorage", 6, 0, "7", "1", "'x'|[7]|6 elements")]
    [InlineData("FloatStorage", 6, 1, "2,3", "3,1", "'x'|offset 1|6 elements")]
    [InlineData("FloatStorage", 6, 0, "2,3", "4,1", "'x'|strides [4, 1]")]
    [InlineData("FloatStorage", 6, 0, "2,3", "-3,1", "'x'|strides [-3, 1]")]
    [InlineData("FloatStorage", 6, -1, "2", "1", "'x'|offset -1")]
    [InlineData("FloatStorage", 6, 0, "2,3", "1", "'x'|strides [1]")]
    [InlineData("FloatStorage", 6, 0, "-2", "1", "'x'|[-2]")]
    [InlineData("FloatStorage", 6, 0, "3,3", "4611686018427387904,4611686018427387904", "'x'|6 elements")]
    [InlineData("FloatStorage", 6, 0, "9223372036854775807", "0", "'x'|2^63")]
    [InlineData("FloatStorage", 6, 0, "1099511627776", "0", "'x'|expands its 6 elements")]
    [InlineData("DoubleStorage", 6, 0, "6", "1", "24 bytes|6 elements of F64|48")]
    [InlineData("FloatStorage", 5, 0, "5", "1", "24 bytes|5 elements|20")]
    [InlineData("FloatStorage", -1, 0, "5", "1", "-1 elements")]
    public void Tensors_that_reach_beyond_their_storage_are_refused_by_name(
        string storage,
        long count,
        long offset,
        string shape,
        string strides,
        string saying
    )
    {
        static long[] Numbers(string text) => [.. text.Split(',').Select(long.Parse)];
        var pickle = new PickleFixture()
            .OrderedDict()
            .Text("x")
            .Tensor(storage, "0", count, offset, Numbers(shape), Numbers(strides))
            .Op('s')
            .Stop();
        Fixtures.Refused(
            () => PickleCheckpoint.Open(folder.Write("a.bin", PickleFixture.Zip(pickle, [("0", Six)]))),
            saying.Split('|')
        );
    }

    [Fact]
    public void Containers_that_are_not_what_they_should_be_are_refused()
    {
        var pickle = new PickleFixture()
            .OrderedDict()
            .Text("x")
            .Tensor("FloatStorage", "0", 6, 0, [6], [1])
            .Op('s')
            .Stop();
        void Open(byte[] bytes) => PickleCheckpoint.Open(folder.Write("a.bin", bytes)).Dispose();
        Open(PickleFixture.Zip(pickle, [("0", Six)]));
        Open(PickleFixture.Stream(pickle, [("0", 6, Six)]));
        Fixtures.Refused(() => Open(PickleFixture.Zip(pickle, [])), "data/0", "missing");
        Fixtures.Refused(() => Open(PickleFixture.Zip(pickle, [("0", Six)], byteorder: "big")), "byteorder", "big");
        Fixtures.Refused(() => Open(PickleFixture.Zip(pickle, [("0", Six)], compress: true)), "compressed");
        Fixtures.Refused(() => Open(PickleFixture.Zip(pickle, [("0", Six)], folder: "a/b")), "data.pkl");
        Fixtures.Refused(() => Open(PickleFixture.Zip([.. pickle, 0], [("0", Six)])), "1 bytes follow");
        Fixtures.Refused(
            () => Open(PickleFixture.Stream(pickle, [("0", 6, Six)], littleEndian: false)),
            "little_endian"
        );
        Fixtures.Refused(() => Open(PickleFixture.Stream(pickle, [("0", 6, Six)], protocol: 1000)), "1000");
        Fixtures.Refused(() => Open(PickleFixture.Stream(pickle, [])), "'0'", "missing");
        Fixtures.Refused(() => Open(PickleFixture.Stream(pickle, [("0", 5, Six)])), "'0'", "5 elements", "6");
        Fixtures.Refused(() => Open(PickleFixture.Stream(pickle, [("0", 6, Six), ("1", 0, [])])), "'1'", "no tensor");
        Fixtures.Refused(() => Open([.. PickleFixture.Stream(pickle, [("0", 6, Six)]), 0]), "1 bytes follow");
        Fixtures.Refused(() => Open(new PickleFixture().Int(3).Stop()), "magic number");
        Fixtures.Refused(() => Open("<html>"u8.ToArray()), "neither a zip file nor a pickle");
        Fixtures.Refused(() => Open([]), "0 bytes");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_truncation_is_refused(bool zip)
    {
        var pickle = new PickleFixture()
            .OrderedDict()
            .Text("x")
            .Tensor("FloatStorage", "0", 6, 0, [6], [1])
            .Op('s')
            .Stop();
        var bytes = zip ? PickleFixture.Zip(pickle, [("0", Six)]) : PickleFixture.Stream(pickle, [("0", 6, Six)]);
        for (var length = 0; length < bytes.Length; length++)
        {
            var path = folder.Write("cut.bin", bytes[..length]);
            Fixtures.Refused(() => PickleCheckpoint.Open(path).Dispose(), path);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Arbitrary_damage_gives_a_refusal_or_tensors_never_another_error(bool zip)
    {
        var pickle = new PickleFixture()
            .OrderedDict()
            .Op('(')
            .Text("x")
            .Tensor("FloatStorage", "0", 6, 0, [2, 3], [3, 1])
            .Text("y")
            .Tensor("FloatStorage", "0", 6, 0, [3, 2], [1, 3])
            .Op('u')
            .Stop();
        var bytes = zip ? PickleFixture.Zip(pickle, [("0", Six)]) : PickleFixture.Stream(pickle, [("0", 6, Six)]);
        var random = new Random(6);
        var refused = 0;
        for (var i = 0; i < 1500; i++)
        {
            var damaged = (byte[])bytes.Clone();
            for (var n = random.Next(1, 4); n > 0; n--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                using var file = PickleCheckpoint.Open(folder.Write("b", damaged));
                foreach (var info in file.Tensors)
                    _ = file.Bytes(info.Name);
            }
            catch (CheckpointException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 300, 1499);
    }
}
