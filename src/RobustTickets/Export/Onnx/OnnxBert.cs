// BERT as an ONNX graph, layer by layer in true shapes (Devlin et al. 2019), with standard
// operators or ONNX Runtime's fused ones; initializers have Hugging Face's names and shapes.
using System.Globalization;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Models;

namespace RobustTickets.Export.Onnx;

/// <summary>Builds the graph of a model folder.</summary>
internal sealed class OnnxBert
{
    private const string Ids = "input_ids",
        Mask = "attention_mask",
        Segments = "token_type_ids",
        Batch = "batch_size",
        Sequence = "sequence_length";

    private readonly OnnxGraph _graph = new();
    private readonly OnnxTensors _tensors;
    private readonly IOnnxDense _dense;
    private readonly BertConfig _config;
    private readonly OnnxExportOptions _options;

    private OnnxBert(ITensorSource weights, BertConfig config, OnnxExportOptions options)
    {
        (_config, _options) = (config, options);
        _tensors = new OnnxTensors(_graph, weights);
        _dense =
            options.Precision == OnnxPrecision.Int8
                ? new OnnxDenseInt8(_graph, _tensors)
                : new OnnxDenseFp32(_graph, _tensors);
    }

    /// <summary>The graph of a model.</summary>
    /// <param name="weights">Weights under canonical names.</param>
    /// <param name="config">Shapes.</param>
    /// <param name="head">The output head.</param>
    /// <param name="options">Export options.</param>
    public static OnnxGraph Build(ITensorSource weights, BertConfig config, OnnxHead head, OnnxExportOptions options)
    {
        var builder = new OnnxBert(weights, config, options);
        builder.Build(head);
        return builder._graph;
    }

    private void Build(OnnxHead head)
    {
        foreach (var name in new[] { Ids, Mask, Segments })
            _graph.Inputs.Add(new OnnxValue(name, OnnxElement.Int64, Batch, Sequence));
        var mask = AttentionMask();
        var hidden = Embed();
        for (var layer = 0; layer < _config.Layers; layer++)
            hidden = Layer(layer, hidden, mask);
        var (value, output) = head switch
        {
            OnnxHead.SequenceClassification => (
                Classify(hidden),
                new OnnxValue("logits", OnnxElement.Float, Batch, (long)_config.Labels)
            ),
            OnnxHead.MaskedLM => (
                Predict(hidden),
                new OnnxValue("logits", OnnxElement.Float, Batch, Sequence, (long)_config.VocabularySize)
            ),
            _ => (hidden, new OnnxValue("last_hidden_state", OnnxElement.Float, Batch, Sequence, (long)_config.Hidden)),
        };
        _graph.Scope = "";
        _graph.Output(value, output);
    }

    // Added to the scores [B, 1, 1, S]: 0 for a token, the lowest float for padding. The fused
    // operator takes the mask itself.
    private string AttentionMask()
    {
        _graph.Scope = "/bert";
        if (_options.Fusion == OnnxFusion.OnnxRuntime)
            return _graph.Node("Cast", [Mask], new OnnxAttribute("to", (long)OnnxElement.Int32));
        var floats = _graph.Node("Cast", [Mask], new OnnxAttribute("to", (long)OnnxElement.Float));
        var wide = _graph.Node("Unsqueeze", [floats, _graph.Longs(1, 2)]);
        var padding = _graph.Node("Sub", [_graph.Scalar("one", 1), wide]);
        return _graph.Node("Mul", [padding, _graph.Scalar("least", float.MinValue)]);
    }

    private string Embed()
    {
        _graph.Scope = "/bert/embeddings";
        var words = _dense.Lookup(BertParameters.WordEmbeddings, Ids);
        var types = _graph.Node("Gather", [_tensors.Whole(BertParameters.TypeEmbeddings), Segments]);
        var shape = _graph.Node("Shape", [Ids]);
        var length = _graph.Node("Slice", [shape, _graph.Longs(1), _graph.Longs(2), _graph.Longs(0)]);
        var places = _graph.Places(BertParameters.PositionIds, _config.MaxPositions);
        var used = _graph.Node("Slice", [places, _graph.Longs(0), length, _graph.Longs(1)]);
        var positions = _graph.Node("Gather", [_tensors.Whole(BertParameters.PositionEmbeddings), used]);
        var sum = _graph.Node("Add", [_graph.Node("Add", [words, types]), positions]);
        return Norm(BertParameters.EmbeddingNorm, sum);
    }

    private string Layer(int layer, string x, string mask)
    {
        var names = BertParameters.Layer(layer);
        var (heads, neurons) = (_config.HeadsPerLayer[layer], _config.NeuronsPerLayer[layer]);
        var at = $"/bert/encoder/layer.{layer.ToString(CultureInfo.InvariantCulture)}";
        _graph.Scope = $"{at}/attention";
        var attended = AddNorm(
            x,
            heads == 0 ? null : Attend(x, mask, names, heads),
            names.AttentionOutput,
            names.AttentionNorm
        );
        _graph.Scope = at;
        var inner = neurons == 0 ? null : Gelu(names.Intermediate, attended);
        return AddNorm(attended, inner, names.Output, names.OutputNorm);
    }

    private string Attend(string x, string mask, BertLayerNames names, int heads)
    {
        var shared = _dense.Prepare(x);
        var size = _config.HeadSize;
        if (_options.Fusion == OnnxFusion.OnnxRuntime)
        {
            string[] parts = [.. new[] { names.Query, names.Key, names.Value }.Select(p => _dense.Product(p, shared))];
            var bias = _tensors.Joined(
                $"{names.Query}_key_value.bias",
                [.. new[] { names.Query, names.Key, names.Value }.Select(BertParameters.Bias)]
            );
            return _graph.Fused(
                "MultiHeadAttention",
                [.. parts, bias, mask],
                new OnnxAttribute("num_heads", (long)heads),
                new OnnxAttribute("mask_filter_value", float.MinValue)
            );
        }
        var split = _graph.Longs(0, 0, heads, size);
        string Heads(string part, params long[] order) =>
            _graph.Node(
                "Transpose",
                [_graph.Node("Reshape", [Linear(part, shared), split])],
                new OnnxAttribute("perm", order)
            );
        var query = Heads(names.Query, 0, 2, 1, 3);
        var key = Heads(names.Key, 0, 2, 3, 1);
        var value = Heads(names.Value, 0, 2, 1, 3);
        var scores = _graph.Node("MatMul", [query, key]);
        var root = _graph.Scalar("sqrt_head_size", MathF.Sqrt(size));
        var masked = _graph.Node("Add", [_graph.Node("Div", [scores, root]), mask]);
        var probabilities = _graph.Node("Softmax", [masked], new OnnxAttribute("axis", -1L));
        var context = _graph.Node(
            "Transpose",
            [_graph.Node("MatMul", [probabilities, value])],
            new OnnxAttribute("perm", new[] { 0L, 2, 1, 3 })
        );
        return _graph.Node("Reshape", [context, _graph.Longs(0, 0, (long)heads * size)]);
    }

    // LayerNorm(x + W y + b); without y, where everything was pruned, only b is added.
    private string AddNorm(string x, string? y, string dense, string norm)
    {
        var bias = _tensors.Whole(BertParameters.Bias(dense));
        if (y is null)
            return Norm(norm, _graph.Node("Add", [x, bias]));
        var product = _dense.Product(dense, _dense.Prepare(y));
        if (_options.Fusion == OnnxFusion.OnnxRuntime)
        {
            return _graph.Fused(
                "SkipLayerNormalization",
                [
                    product,
                    x,
                    _tensors.Whole(BertParameters.Weight(norm)),
                    _tensors.Whole(BertParameters.Bias(norm)),
                    bias,
                ],
                new OnnxAttribute("epsilon", (float)_config.LayerNormEpsilon)
            );
        }
        return Norm(norm, _graph.Node("Add", [_graph.Node("Add", [product, bias]), x]));
    }

    private string Norm(string norm, string x) =>
        _graph.Node(
            "LayerNormalization",
            [x, _tensors.Whole(BertParameters.Weight(norm)), _tensors.Whole(BertParameters.Bias(norm))],
            new OnnxAttribute("axis", -1L),
            new OnnxAttribute("epsilon", (float)_config.LayerNormEpsilon)
        );

    // x / 2 (1 + erf(x / sqrt 2)) of a dense layer.
    private string Gelu(string dense, string x)
    {
        var product = _dense.Product(dense, _dense.Prepare(x));
        var bias = _tensors.Whole(BertParameters.Bias(dense));
        if (_options.Fusion == OnnxFusion.OnnxRuntime)
            return _graph.Fused("BiasGelu", [product, bias]);
        var sum = _graph.Node("Add", [product, bias]);
        var erf = _graph.Node("Erf", [_graph.Node("Div", [sum, _graph.Scalar("sqrt_two", MathF.Sqrt(2))])]);
        var above = _graph.Node("Add", [erf, _graph.Scalar("one", 1)]);
        return _graph.Node("Mul", [_graph.Node("Mul", [sum, above]), _graph.Scalar("half", 0.5f)]);
    }

    private string Linear(string dense, string prepared) =>
        _graph.Node("Add", [_dense.Product(dense, prepared), _tensors.Whole(BertParameters.Bias(dense))]);

    private string Classify(string hidden)
    {
        _graph.Scope = "/bert/pooler";
        // [B, H]
        var cls = _graph.Node("Gather", [hidden, _graph.Index(0)], new OnnxAttribute("axis", 1L));
        var pooled = _graph.Node("Tanh", [Gemm(BertParameters.Pooler, cls)]);
        _graph.Scope = "";
        return Gemm(BertParameters.Classifier, pooled);
    }

    // The head stays float32 in every precision: it is small, and the class depends on it.
    private string Gemm(string dense, string x) =>
        _graph.Node(
            "Gemm",
            [x, _tensors.Whole(BertParameters.Weight(dense)), _tensors.Whole(BertParameters.Bias(dense))],
            new OnnxAttribute("transB", 1L)
        );

    private string Predict(string hidden)
    {
        _graph.Scope = "/cls/predictions";
        var transformed = Norm(BertParameters.PredictionNorm, Gelu(BertParameters.PredictionDense, hidden));
        var scores = _dense.Tied(BertParameters.WordEmbeddings, transformed);
        return _graph.Node("Add", [scores, _tensors.Whole(BertParameters.PredictionBias)]);
    }
}
