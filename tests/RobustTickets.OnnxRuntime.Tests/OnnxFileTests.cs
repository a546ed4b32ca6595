// Files that are damaged or hostile: refused by what they say, before a runtime reads them.
using RobustTickets.Attacks;
using RobustTickets.OnnxRuntime.Files;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

public sealed class OnnxFileTests : IDisposable
{
    private readonly TinyBert _tiny = new(heads: [1], neurons: [3], labels: 2);

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_whole_file_tells_inputs_outputs_operators_and_metadata()
    {
        var info = OnnxFileInfo.Read(_tiny.Write());
        Assert.Equal(["input_ids", "attention_mask", "token_type_ids"], info.Inputs.Select(i => i.Name));
        Assert.Equal("logits (float [?, 2])", Assert.Single(info.Outputs).ToString());
        Assert.Contains("LayerNormalization", info.Operators);
        Assert.False(info.QuantizesByBatch);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        var bytes = File.ReadAllBytes(_tiny.Write());
        var path = _tiny.Below("cut.onnx");
        var random = new Random(3);
        int[] lengths =
        [
            .. Enumerable.Range(0, 60),
            .. Enumerable.Range(0, 140).Select(_ => random.Next(bytes.Length)),
        ];
        foreach (var length in lengths)
        {
            File.WriteAllBytes(path, bytes[..length]);
            // The first fields by themselves are a message without a graph.
            Assert.Throws<DataException>(() => OnnxFileInfo.Read(path));
        }
    }

    [Fact]
    public void A_file_with_any_bytes_changed_is_read_or_refused()
    {
        var bytes = File.ReadAllBytes(_tiny.Write());
        var path = _tiny.Below("changed.onnx");
        var random = new Random(4);
        var refused = 0;
        for (var i = 0; i < 400; i++)
        {
            var changed = (byte[])bytes.Clone();
            for (var k = random.Next(1, 6); k > 0; k--)
                changed[random.Next(random.Next(2) == 0 ? bytes.Length : 4000)] = (byte)random.Next(256);
            File.WriteAllBytes(path, changed);
            try
            {
                OnnxFileInfo.Read(path);
            }
            catch (DataException)
            {
                refused++;
            }
        }
        Assert.True(refused > 40, $"{refused} of 400 refused");
    }

    public static TheoryData<string, string> Hostile =>
        new()
        {
            { "loop", "a loop" },
            { "own loop", "a loop" },
            { "decoy", "function 'Loop' of ''" },
            { "domain", "needs a custom operator library" },
            { "sparse", "a sparse constant" },
            { "sparses", "a sparse constant" },
            { "default", "not a file in its folder" },
            { "overloads", "calls itself" },
            { "above", "not a file in its folder" },
            { "absolute", "not a file in its folder" },
            { "absent", "which is missing or a link" },
            { "huge", "of shape [1000000, 1000000]" },
            { "short", "has 4 bytes" },
            { "negative", "of shape [-1]" },
            { "deep", "more than 16 deep" },
            { "circle", "calls itself" },
            { "future", "opset is version 99" },
            { "empty", "it has 0 bytes" },
        };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void What_no_text_model_has_is_refused_by_name(string kind, string reason)
    {
        var path = _tiny.Below("hostile.onnx");
        using (var file = File.Create(path))
        {
            if (kind != "empty")
                Model(kind).CopyTo(file);
        }
        var error = Assert.Throws<DataException>(() => OnnxFileInfo.Read(path));
        Assert.Contains(reason, error.Message);
        Assert.StartsWith(path, error.Message);
    }

    private static Wire Model(string kind)
    {
        var model = new Wire().Int(1, 8);
        model.Message(8, new Wire().Text(1, "").Int(2, kind == "future" ? 99 : 17));
        var graph = new Wire();
        switch (kind)
        {
            case "loop":
                graph.Message(1, Node("Loop"));
                break;
            case "own loop":
                graph.Message(1, Node("Loop").Text(7, "mine"));
                model.Message(25, Function("Loop"));
                break;
            // A runtime runs the loop, whatever the function of its name says.
            case "decoy":
                graph.Message(1, Node("Loop"));
                model.Message(25, new Wire().Text(1, "Loop").Message(7, Node("Identity")));
                break;
            case "sparse" or "sparses":
                graph.Message(1, Node("Constant").Message(5, new Wire().Message(kind == "sparse" ? 22 : 23, new())));
                break;
            // What an attribute of a function is where a node says nothing.
            case "default":
                graph.Message(1, Node("A").Text(7, "mine"));
                model.Message(25, Function("A", "B").Message(11, new Wire().Message(5, Tensor("above"))));
                model.Message(25, Function("B"));
                break;
            case "overloads":
                graph.Message(1, Node("A").Text(7, "mine"));
                model.Message(25, Function("A", "A")).Message(25, Function("A").Text(13, "other"));
                break;
            case "domain":
                graph.Message(1, Node("Format").Text(7, "evil.example"));
                break;
            case "deep":
                graph.Message(1, Nested(20));
                break;
            case "circle":
                graph.Message(1, Node("A").Text(7, "mine"));
                model.Message(25, Function("A", "B")).Message(25, Function("B", "A"));
                break;
            default:
                graph.Message(5, Tensor(kind));
                break;
        }
        return model.Message(7, graph);
    }

    private static Wire Node(string op) => new Wire().Text(2, "y").Text(4, op);

    private static Wire Nested(int depth)
    {
        var node = Node("If");
        if (depth > 0)
            node.Message(5, new Wire().Text(1, "then_branch").Message(6, new Wire().Message(1, Nested(depth - 1))));
        return node;
    }

    private static Wire Function(string name, string? calls = null) =>
        new Wire()
            .Text(1, name)
            .Message(7, calls is null ? Node("Identity") : Node(calls).Text(7, "mine"))
            .Text(10, "mine");

    private static Wire Tensor(string kind)
    {
        var tensor = new Wire().Text(8, "w").Int(2, 1);
        Wire Outside(string location) =>
            tensor.Ints(1, [1]).Int(14, 1).Message(13, new Wire().Text(1, "location").Text(2, location));
        return kind switch
        {
            "above" => Outside("../secret"),
            "absolute" => Outside("/etc/passwd"),
            "absent" => Outside("weights.bin"),
            "huge" => tensor.Ints(1, [1_000_000, 1_000_000]),
            "short" => tensor.Ints(1, [3]).Text(9, "abcd"),
            "negative" => tensor.Ints(1, [-1]),
            _ => tensor.Text(9, "abcd"),
        };
    }
}
