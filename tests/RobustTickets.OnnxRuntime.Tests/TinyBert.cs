// A BERT of seeded random weights in a folder, and its forward pass written plainly: the oracle of
// exported graphs.
using System.Text.Json.Nodes;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Export;
using RobustTickets.Export.Onnx;
using RobustTickets.Models;

namespace RobustTickets.OnnxRuntime.Tests;

/// <summary>Model and files in a temporary folder.</summary>
internal sealed class TinyBert : IDisposable
{
    public const int Hidden = 16,
        HeadSize = 4,
        Positions = 40;

    public static readonly string[] Words =
    [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        .. Enumerable.Range('a', 26).Select(c => ((char)c).ToString()),
        .. Enumerable.Range('a', 26).Select(c => $"##{(char)c}"),
        "good",
        "dull",
        "film",
    ];

    private readonly Dictionary<string, float[]> _weights = new(StringComparer.Ordinal);
    private readonly SafetensorsFile _file;

    /// <param name="heads">Heads of each layer.</param>
    /// <param name="neurons">Neurons of each layer.</param>
    /// <param name="labels">Classes.</param>
    public TinyBert(int[]? heads = null, int[]? neurons = null, int labels = 3)
    {
        heads ??= [4, 4];
        neurons ??= [24, 24];
        Config = new BertConfig(Words.Length, Hidden, HeadSize, heads, neurons, Positions, 2, labels);
        var random = new Random(11);
        var tensors = BertShapes
            .OfClassifier(Config)
            .Concat(BertShapes.OfPredictionHead(Config))
            .Select(p =>
            {
                var values = new float[p.Shape.Aggregate(1L, (a, b) => a * b)];
                var (mean, spread) = BertParameters.IsNormWeight(p.Name) ? (1.0, 0.1) : (0.0, 0.6);
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)(mean + (spread * ((2 * random.NextDouble()) - 1)));
                _weights[p.Name] = values;
                return NamedTensor.FromFloats(p.Name, p.Shape, values);
            })
            .ToArray();
        var path = Below("weights.safetensors");
        SafetensorsWriter.Write(path, tensors);
        _file = SafetensorsFile.Open(path);
        File.WriteAllLines(Below("vocab.txt"), Words);
    }

    public BertConfig Config { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("tiny-onnx").FullName;

    public string Below(string name) => Path.Combine(Folder, name);

    /// <summary>Writes model.onnx and gives its path.</summary>
    public string Write(OnnxHead head = OnnxHead.SequenceClassification, OnnxExportOptions? options = null)
    {
        var path = Below(OnnxExport.FileName);
        File.Delete(path);
        var graph = OnnxBert.Build(_file, Config, head, options ?? new OnnxExportOptions());
        graph.Write(path, "tiny", "0");
        return path;
    }

    /// <summary>Writes a config.json with class names.</summary>
    public void WriteConfig(params string[] labels) =>
        File.WriteAllText(
            Below("config.json"),
            new JsonObject
            {
                ["model_type"] = "bert",
                ["max_position_embeddings"] = Positions,
                ["id2label"] = new JsonObject(
                    labels.Index().Select(l => KeyValuePair.Create($"{l.Index}", (JsonNode?)l.Item))
                ),
            }.ToJsonString()
        );

    /// <summary>Seeded texts of growing length.</summary>
    public static TokenEncoding[] Texts(int count, int longest = Positions)
    {
        var random = new Random(5);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(t =>
                {
                    var length = Math.Max(1, 3 + ((longest - 3) * t / Math.Max(1, count - 1)));
                    return new TokenEncoding(
                        [.. Enumerable.Range(0, length).Select(_ => random.Next(Words.Length))],
                        [.. Enumerable.Range(0, length).Select(i => i > length / 2 ? 1 : 0)]
                    );
                }),
        ];
    }

    public void Dispose()
    {
        _file.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Hidden states of the last layer [T, H], in double precision.</summary>
    public double[][] HiddenStates(TokenEncoding text)
    {
        double[] Row(string table, int i) =>
            [.. _weights[table].AsSpan(i * Hidden, Hidden).ToArray().Select(v => (double)v)];
        double[][] x =
        [
            .. text.Ids.Select(
                (id, t) =>
                    Norm(
                        BertParameters.EmbeddingNorm,
                        Sum(
                            Sum(
                                Row(BertParameters.WordEmbeddings, id),
                                Row(BertParameters.TypeEmbeddings, text.Segments[t])
                            ),
                            Row(BertParameters.PositionEmbeddings, t)
                        )
                    )
            ),
        ];
        for (var layer = 0; layer < Config.Layers; layer++)
        {
            var names = BertParameters.Layer(layer);
            var context = Attend(names, Config.HeadsPerLayer[layer], x);
            x =
            [
                .. x.Select((row, t) => Norm(names.AttentionNorm, Sum(row, Linear(names.AttentionOutput, context[t])))),
            ];
            x =
            [
                .. x.Select(row =>
                    Norm(
                        names.OutputNorm,
                        Sum(row, Linear(names.Output, [.. Linear(names.Intermediate, row).Select(Gelu)]))
                    )
                ),
            ];
        }
        return x;
    }

    /// <summary>Logits of the classes.</summary>
    public double[] Logits(TokenEncoding text) =>
        Linear(BertParameters.Classifier, [.. Linear(BertParameters.Pooler, HiddenStates(text)[0]).Select(Math.Tanh)]);

    /// <summary>Scores over the vocabulary for each piece.</summary>
    public double[][] Scores(TokenEncoding text) =>
        [
            .. HiddenStates(text)
                .Select(row =>
                {
                    var y = Norm(
                        BertParameters.PredictionNorm,
                        [.. Linear(BertParameters.PredictionDense, row).Select(Gelu)]
                    );
                    return Product(_weights[BertParameters.WordEmbeddings], y, _weights[BertParameters.PredictionBias]);
                }),
        ];

    private double[][] Attend(BertLayerNames names, int heads, double[][] x)
    {
        double[][] q = [.. x.Select(r => Linear(names.Query, r))],
            k = [.. x.Select(r => Linear(names.Key, r))],
            v = [.. x.Select(r => Linear(names.Value, r))];
        var context = x.Select(_ => new double[heads * HeadSize]).ToArray();
        for (var h = 0; h < heads; h++)
        {
            for (var t = 0; t < x.Length; t++)
            {
                var scores = Enumerable
                    .Range(0, x.Length)
                    .Select(s =>
                        Enumerable.Range(h * HeadSize, HeadSize).Sum(j => q[t][j] * k[s][j]) / Math.Sqrt(HeadSize)
                    )
                    .ToArray();
                var top = scores.Max();
                var e = scores.Select(s => Math.Exp(s - top)).ToArray();
                foreach (var j in Enumerable.Range(h * HeadSize, HeadSize))
                    context[t][j] = Enumerable.Range(0, x.Length).Sum(s => e[s] * v[s][j]) / e.Sum();
            }
        }
        return context;
    }

    private double[] Linear(string dense, double[] x) =>
        Product(_weights[BertParameters.Weight(dense)], x, _weights[BertParameters.Bias(dense)]);

    private static double[] Product(float[] weight, double[] x, float[] bias) =>
        [.. bias.Select((b, o) => b + Enumerable.Range(0, x.Length).Sum(i => weight[(o * x.Length) + i] * x[i]))];

    private double[] Norm(string norm, double[] x)
    {
        var mean = x.Average();
        var deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + Config.LayerNormEpsilon);
        var (scale, shift) = (_weights[BertParameters.Weight(norm)], _weights[BertParameters.Bias(norm)]);
        return [.. x.Select((v, i) => ((v - mean) / deviation * scale[i]) + shift[i])];
    }

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    // x Phi(x); the error function by its series, good to 1e-13 where |x| < 6.
    private static double Gelu(double x)
    {
        double z = x / Math.Sqrt(2),
            term = z,
            sum = z;
        for (var n = 1; n < 200 && Math.Abs(term) > 1e-18; n++)
        {
            term *= -z * z / n;
            sum += term / ((2 * n) + 1);
        }
        var erf = Math.Abs(z) > 4.5 ? Math.Sign(z) : 2 / Math.Sqrt(Math.PI) * sum;
        return x / 2 * (1 + erf);
    }
}
