// Writes a small BERT as an ONNX graph in the ways that exporters do.
using Onnx;
using RobustTickets.Checkpoints;

namespace RobustTickets.Tests.Checkpoints.Graphs;

/// <summary>An exporter.</summary>
internal sealed partial class OnnxBert
{
    private readonly IReadOnlyDictionary<string, (long[] Shape, float[] Values)> _weights;
    private readonly HuggingFaceConfig _config;
    private readonly OnnxStyle _style;
    private readonly MemoryStream _external = new();
    private int _names = 100;

    private OnnxBert(
        IReadOnlyDictionary<string, (long[] Shape, float[] Values)> weights,
        HuggingFaceConfig config,
        OnnxStyle style
    ) => (_weights, _config, _style) = (weights, config, style);

    public ModelProto Model { get; } =
        new()
        {
            IrVersion = 8,
            Graph = new GraphProto { Name = "bert" },
            OpsetImport =
            {
                new OperatorSetIdProto { Domain = "", Version = 20 },
            },
        };

    /// <summary>Data of External weights.</summary>
    public byte[] External => _external.ToArray();

    private GraphProto Graph => Model.Graph;

    public static OnnxBert Export(
        IReadOnlyDictionary<string, (long[] Shape, float[] Values)> weights,
        HuggingFaceConfig config,
        OnnxStyle style,
        OnnxEnd end
    )
    {
        var made = new OnnxBert(weights, config, style);
        made.Build(end);
        return made;
    }

    private bool Is(OnnxStyle style) => (_style & style) != 0;

    private void Build(OnnxEnd end)
    {
        foreach (var name in Is(OnnxStyle.NoSegments) ? ["input_ids", "attention_mask"] : Inputs)
            Graph.Input.Add(new ValueInfoProto { Name = name });
        var mask = Mask();
        var x = Embeddings();
        for (var l = 0; l < _config.NumHiddenLayers; l++)
            x = Layer($"bert.encoder.layer.{l}.", x, mask);
        foreach (var name in Head(end, x))
            Graph.Output.Add(new ValueInfoProto { Name = name });
    }

    private static readonly string[] Inputs = ["input_ids", "attention_mask", "token_type_ids"];

    private string Mask()
    {
        var wide = Node("Unsqueeze", "attention_mask", Longs([1], 1));
        wide = Node("Unsqueeze", wide, Longs([1], 2));
        if (Is(OnnxStyle.WhereMask))
            return Node("Cast", wide);
        return Node("Mul", Node("Sub", Scalar(1), Node("Cast", wide)), Scalar(-10000));
    }

    private string Embeddings()
    {
        const string E = "bert.embeddings.";
        var length = Node("Gather", Node("Shape", "input_ids"), Longs([], 1));
        var places = Node(
            "Slice",
            Longs([1, 16], [.. Enumerable.Range(0, 16).Select(i => (long)i)]),
            Longs([1], 0),
            Node("Unsqueeze", length, Longs([1], 0)),
            Longs([1], 1)
        );
        if (Is(OnnxStyle.Fused))
        {
            return Node(
                "EmbedLayerNormalization",
                [("epsilon", 1e-12f)],
                "input_ids",
                Is(OnnxStyle.NoSegments) ? Node("ConstantOfShape", Node("Shape", "input_ids")) : "token_type_ids",
                Weight(E + "word_embeddings.weight"),
                Weight(E + "position_embeddings.weight"),
                Weight(E + "token_type_embeddings.weight"),
                Weight(E + "LayerNorm.weight"),
                Weight(E + "LayerNorm.bias"),
                "attention_mask"
            );
        }
        var segments = Is(OnnxStyle.NoSegments)
            ? Node(
                "Expand",
                Node("Slice", Longs([1, 16], new long[16]), Longs([1], 0), length),
                Node("Shape", "input_ids")
            )
            : "token_type_ids";
        var sum = Node(
            "Add",
            Node("Gather", Weight(E + "word_embeddings.weight"), "input_ids"),
            Node("Gather", Weight(E + "token_type_embeddings.weight"), segments)
        );
        sum = Node("Add", sum, Node("Gather", Weight(E + "position_embeddings.weight"), places));
        return Norm(E + "LayerNorm", sum);
    }

    private string Layer(string at, string x, string mask)
    {
        var attended = Attention(at + "attention.self.", x, mask);
        var a = ResidualNorm(at + "attention.output.LayerNorm", at + "attention.output.dense", attended, x);
        var inner = Is(OnnxStyle.Fused)
            ? Node("BiasGelu", Product(at + "intermediate.dense", a), Weight(at + "intermediate.dense.bias"))
            : Gelu(Dense(at + "intermediate.dense", a));
        return ResidualNorm(at + "output.LayerNorm", at + "output.dense", inner, a);
    }

    private string ResidualNorm(string norm, string dense, string block, string x) =>
        Is(OnnxStyle.Fused)
            ? Node(
                "SkipLayerNormalization",
                [("epsilon", 1e-12f)],
                Product(dense, block),
                x,
                Weight(norm + ".weight"),
                Weight(norm + ".bias"),
                Weight(dense + ".bias")
            )
            : Norm(norm, Node("Add", Dense(dense, block), x));

    private string Attention(string at, string x, string mask)
    {
        var size = _config.HiddenSize / _config.NumAttentionHeads;
        var width = _weights[at + "query.weight"].Shape[0];
        var heads = width / size;
        if (Is(OnnxStyle.Fused))
        {
            var (w, b) = Packed(at);
            return Node("Attention", [("num_heads", heads)], x, w, b, "attention_mask");
        }
        string query,
            key,
            value;
        if (Is(OnnxStyle.OneProduct))
        {
            var (w, b) = Packed(at);
            var all = Node("Add", Node("MatMul", x, w), b);
            (query, key, value) = (New(), New(), New());
            Add("Split", [("axis", -1L)], [all, Longs([3], width, width, width)], [query, key, value]);
        }
        else
        {
            (query, key, value) = (Dense(at + "query", x), Dense(at + "key", x), Dense(at + "value", x));
        }
        var q = Node("Transpose", [("perm", (long[])[0, 2, 1, 3])], Cut(query, heads));
        var v = Node("Transpose", [("perm", (long[])[0, 2, 1, 3])], Cut(value, heads));
        var k = Node("Transpose", [("perm", (long[])[0, 2, 3, 1])], Cut(key, heads));
        var scale = 1 / MathF.Sqrt(size);
        string scores;
        if (Is(OnnxStyle.ScaledParts))
        {
            var root = Node(
                "Sqrt",
                Node(
                    "Div",
                    Scalar(1),
                    Node("Sqrt", Node("Cast", Node("Slice", Node("Shape", q), Longs([1], 3), Longs([1], 4))))
                )
            );
            scores = Node("MatMul", Node("Mul", q, root), Node("Mul", root, k));
        }
        else
        {
            scores = Node("Div", Node("MatMul", q, k), Scalar(1 / scale));
        }
        scores = Is(OnnxStyle.WhereMask)
            ? Node("Where", mask, scores, Scalar(float.MinValue))
            : Node("Add", scores, mask);
        var shares = Node("Softmax", [("axis", -1L)], scores);
        var mixed = Node("Transpose", [("perm", (long[])[0, 2, 1, 3])], Node("MatMul", shares, v));
        return Node("Reshape", mixed, Longs([3], 0, 0, width));
    }

    private string Cut(string states, long heads)
    {
        var shape = Node("Shape", states);
        var (batch, length) = (Node("Gather", shape, Longs([], 0)), Node("Gather", shape, Longs([], 1)));
        var size = _config.HiddenSize / _config.NumAttentionHeads;
        var target = Node(
            "Concat",
            [("axis", 0L)],
            Node("Unsqueeze", batch, Longs([1], 0)),
            Node("Unsqueeze", length, Longs([1], 0)),
            Longs([1], Is(OnnxStyle.HeadSize) ? -1 : heads),
            Longs([1], size)
        );
        return Node("Reshape", states, target);
    }

    // Queries, keys and values side by side, [H, 3 H].
    private (string Weight, string Bias) Packed(string at)
    {
        int width = _config.HiddenSize;
        var (weight, bias) = (new float[3 * width * width], new float[3 * width]);
        string[] parts = [at + "query", at + "key", at + "value"];
        for (var p = 0; p < 3; p++)
        {
            var values = _weights[parts[p] + ".weight"].Values;
            for (var o = 0; o < width; o++)
            for (var i = 0; i < width; i++)
                weight[(i * 3 * width) + (p * width) + o] = values[(o * width) + i];
            _weights[parts[p] + ".bias"].Values.CopyTo(bias, p * width);
        }
        return (Tensor([width, 3 * width], weight), Tensor([3 * width], bias));
    }

    private IEnumerable<string> Head(OnnxEnd end, string x)
    {
        if (end == OnnxEnd.Hidden)
            return [x];
        if (end == OnnxEnd.Tagger)
            return [Dense("classifier", x)];
        if (end == OnnxEnd.MeanPooled)
            return [Node("ReduceMean", [("axes", (long[])[1])], x)];
        if (end == OnnxEnd.MaskedLM)
        {
            var t = Norm("cls.predictions.transform.LayerNorm", Gelu(Dense("cls.predictions.transform.dense", x)));
            var words = _weights["bert.embeddings.word_embeddings.weight"];
            var product = Node(
                "MatMul",
                t,
                Tensor([words.Shape[1], words.Shape[0]], Transposed(words.Shape, words.Values))
            );
            return [Node("Add", product, Weight("cls.predictions.bias"))];
        }
        var first = Node("Gather", [("axis", 1L)], x, Longs([], 0));
        var pooled = Node("Tanh", GemmOf("bert.pooler.dense", first));
        if (end == OnnxEnd.Pooler)
            return [x, pooled];
        var logits = GemmOf("classifier", pooled);
        return end switch
        {
            OnnxEnd.Softmax => [Node("Softmax", [("axis", -1L)], logits)],
            OnnxEnd.Sigmoid => [Node("Sigmoid", logits)],
            _ => [logits],
        };
    }

    private string Dense(string name, string x)
    {
        if (Is(OnnxStyle.Gemm))
        {
            var flat = Node("Reshape", x, Longs([2], -1, _weights[name + ".weight"].Shape[1]));
            var made = GemmOf(name, flat);
            return Node("Reshape", made, Longs([3], 1, -1, _weights[name + ".weight"].Shape[0]));
        }
        var product = Product(name, x);
        return Is(OnnxStyle.OtherOrder)
            ? Node("Add", product, Weight(name + ".bias"))
            : Node("Add", Weight(name + ".bias"), product);
    }

    private string Product(string name, string x)
    {
        var (shape, values) = _weights[name + ".weight"];
        return Is(OnnxStyle.TransposeNodes)
            ? Node("MatMul", x, Node("Transpose", [("perm", (long[])[1, 0])], Weight(name + ".weight")))
            : Node("MatMul", x, Tensor([shape[1], shape[0]], Transposed(shape, values)));
    }

    private string GemmOf(string name, string x) =>
        Node(
            "Gemm",
            [("alpha", 1f), ("beta", 1f), ("transB", 1L)],
            x,
            Weight(name + ".weight"),
            Weight(name + ".bias")
        );

    private string Norm(string name, string x)
    {
        var (scale, shift) = (Weight(name + ".weight"), Weight(name + ".bias"));
        if (Is(OnnxStyle.NormOperator))
            return Node("LayerNormalization", [("axis", -1L), ("epsilon", 1e-12f)], x, scale, shift);
        var mean = Node("ReduceMean", [("axes", (long[])[-1])], x);
        var centred = Node("Sub", x, mean);
        var squared = Is(OnnxStyle.OtherOrder)
            ? Node("Mul", centred, Node("Sub", x, mean))
            : Node("Pow", centred, Scalar(2));
        var deviation = Node(
            "Sqrt",
            Node("Add", Node("ReduceMean", [("axes", (long[])[-1])], squared), Scalar(1e-12f))
        );
        var normalised = Is(OnnxStyle.OtherOrder)
            ? Node("Mul", Node("Reciprocal", deviation), centred)
            : Node("Div", centred, deviation);
        return Node("Add", Node("Mul", normalised, scale), shift);
    }

    private string Gelu(string x)
    {
        if (Is(OnnxStyle.GeluOperator))
            return Node("Gelu", x);
        var erf = Node("Add", Node("Erf", Node("Div", x, Scalar(MathF.Sqrt(2)))), Scalar(1));
        return Is(OnnxStyle.OtherOrder)
            ? Node("Mul", Node("Mul", x, Scalar(0.5f)), erf)
            : Node("Mul", Node("Mul", x, erf), Scalar(0.5f));
    }
}
