// NLTK's tagger as a pickle: plain containers are read, whatever could act is refused by its name,
// and no damage gets past the reader.
using System.Buffers.Binary;
using System.IO.Compression;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Pickles;
using RobustTickets.Attacks.Resources;
using RobustTickets.Cli;
using RobustTickets.Tests.Checkpoints;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection("environment")]
public sealed class NltkTaggerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("resources").FullName;
    private readonly string _source = Directory.CreateTempSubdirectory("source").FullName;
    private readonly string? _before = Environment.GetEnvironmentVariable(ResourceFolder.Variable);

    public NltkTaggerTests() => Environment.SetEnvironmentVariable(ResourceFolder.Variable, _folder);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _before);
        Directory.Delete(_folder, recursive: true);
        Directory.Delete(_source, recursive: true);
    }

    [Theory]
    [InlineData(2, "__builtin__", "file")]
    [InlineData(3, "builtins", "folder")]
    [InlineData(2, "builtins", "zip")]
    [InlineData(4, null, "zip")]
    public void The_pickle_is_taken_as_it_is(int protocol, string? module, string form)
    {
        var imported = Import(Tagger(protocol, module), form);
        Assert.True(imported.Code == 0, imported.Error);
        Assert.Contains("1 features", imported.Out);
        var tagger = PerceptronTagger.Read(Path.Combine(_folder, "perceptron_tagger.json"));
        Assert.Equal(["DT", "NN"], tagger.Tag(["the", "run"]));
        Assert.Equal(0, CliRun.Of("resources", "verify").Code);
    }

    [Fact]
    public void A_pickle_that_names_anything_else_is_refused_and_does_nothing()
    {
        var touched = Path.Combine(_source, "touched");
        var hostile = new PickleFixture().Global("posix", "system").Text($"touch {touched}").Raw(0x85).Op('R').Stop();
        foreach (var form in new[] { "file", "folder", "zip" })
        {
            var run = Import(hostile, form);
            Assert.Equal(ExitCodes.Data, run.Code);
            Assert.Contains("'posix.system'", run.Error);
            Assert.Contains("no code was executed", run.Error);
        }
        Assert.False(File.Exists(touched));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("builtins", "eval")]
    [InlineData("builtins", "getattr")]
    [InlineData("collections", "defaultdict")]
    [InlineData("collections", "OrderedDict")]
    [InlineData("copyreg", "_reconstructor")]
    [InlineData("nltk.tag.perceptron", "PerceptronTagger")]
    [InlineData("torch._utils", "_rebuild_tensor_v2")]
    public void Any_other_name_is_refused_even_if_nothing_calls_it(string module, string name) =>
        Refused($"'{module}.{name}'", p => p.Global(module, name));

    [Fact]
    public void Sets_cannot_be_called_or_built_in_other_ways()
    {
        PickleFixture Set(PickleFixture p) => p.Global("builtins", "set");
        Refused("is called with 'x'", p => Set(p).Text("x").Op('R'));
        Refused("is called with a tuple of 1", p => Set(p).Text("x").Raw(0x85).Op('R'));
        Refused("REDUCE calls 'x'", p => p.Text("x").Op(')').Op('R'));
        Refused("persistent id", p => p.Text("x").Op('Q'));
        Refused("0x81", p => Set(p).Op(')').Raw(0x81));
        Refused("ADDITEMS is applied to", p => p.Op(']').Op('(').Text("x").Raw(0x90));
        Refused("opcode 0x53", p => p.Op('S'));
        Refused("follow the pickle", p => p.Op('N').Op('.'));
        Refused("truncated", p => p.Op('X').Raw(255, 255, 255, 127));
    }

    [Fact]
    public void What_is_no_tagger_is_refused_by_what_it_holds()
    {
        void Bad(string saying, Func<PickleFixture, PickleFixture> make) =>
            Assert.Contains(saying, Import(make(new PickleFixture()).Stop(), "file").Error);
        Bad("expected (weights", p => p.Op('N'));
        Bad("classes are 'x'", p => p.Op('}').Op('}').Text("x").Raw(0x87));
        Bad("weights of 'f' is 'x'", p => p.Op('}').Text("f").Text("x").Op('s').Op('}').Op(']').Raw(0x87));
        Bad("the tag of 'w' is 3", p => p.Op('}').Op('}').Text("w").Int(3).Op('s').Op(']').Raw(0x87));
        var nan = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(nan, double.NaN);
        Bad(
            "a weight of 'f' is NaN",
            p => p.Op('}').Text("f").Op('}').Text("NN").Op('G').Raw(nan).Op('s').Op('s').Op('}').Op(']').Raw(0x87)
        );
    }

    [Fact]
    public void Damage_is_refused_or_read_and_nothing_else()
    {
        var random = new Random(7);
        var (refused, read) = (0, 0);
        foreach (var whole in new[] { Tagger(2, "__builtin__"), Tagger(4, null) })
        {
            for (var i = 0; i < 3000; i++)
            {
                var bytes = whole[..(random.Next(4) == 0 ? random.Next(whole.Length) : whole.Length)];
                for (var k = random.Next(1, 4); k > 0 && bytes.Length > 0; k--)
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                try
                {
                    _ = PlainPickle.Read("damaged", bytes);
                    read++;
                }
                catch (DataException e)
                {
                    Assert.StartsWith("damaged: ", e.Message, StringComparison.Ordinal);
                    refused++;
                }
            }
        }
        Assert.True(refused > 1000 && read > 100, $"{refused} refused, {read} read");
    }

    private static void Refused(string saying, Func<PickleFixture, PickleFixture> make)
    {
        var e = Assert.Throws<DataException>(() => PlainPickle.Read("p", make(new PickleFixture()).Stop()));
        Assert.Contains(saying, e.Message, StringComparison.Ordinal);
    }

    // (weights, tag dictionary, classes); below protocol 4 a set is a call of its class.
    private static byte[] Tagger(int protocol, string? module)
    {
        var one = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(one, 1.5);
        var p = new PickleFixture(protocol)
            .Op('}')
            .Op('(')
            .Text("bias")
            .Op('}')
            .Text("NN")
            .Op('G')
            .Raw(one)
            .Op('s')
            .Op('u')
            .Op('}')
            .Text("the")
            .Text("DT")
            .Op('s');
        p = module is null
            ? p.Raw(0x8f, 0x94).Op('(').Text("NN").Text("DT").Raw(0x90)
            : p.Global(module, "set").Op(']').Op('(').Text("NN").Text("DT").Op('e').Raw(0x85).Op('R');
        return p.Raw(0x87).Stop();
    }

    private CliRun Import(byte[] pickle, string form)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_source, Guid.NewGuid().ToString("N"))).FullName;
        const string name = "averaged_perceptron_tagger";
        var inner = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        var file = Path.Combine(inner, $"{name}.pickle");
        File.WriteAllBytes(file, pickle);
        var zip = Path.Combine(folder, $"{name}.zip");
        if (form == "zip")
            ZipFile.CreateFromDirectory(inner, zip, CompressionLevel.Fastest, includeBaseDirectory: true);
        return CliRun.Of(
            "resources",
            "import",
            "tagger",
            form switch
            {
                "file" => file,
                "zip" => zip,
                _ => inner,
            }
        );
    }
}
