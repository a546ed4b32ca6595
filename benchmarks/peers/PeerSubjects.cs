// The runtimes. Each takes all texts and gives their logits in arrival order.
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Cli.Bench;
using RobustTickets.Evaluation;
using RobustTickets.Export;
using RobustTickets.Export.Onnx;
using RobustTickets.Kernels.Dense;
using RobustTickets.Models;
using RobustTickets.OnnxRuntime;
using RobustTickets.Torch;

namespace RobustTickets.Benchmarks.Peers;

/// <summary>A runtime with the network loaded.</summary>
/// <param name="Name">Its name in results.</param>
/// <param name="Tolerance">Largest difference of a logit that its numbers explain.</param>
/// <param name="Run">Runs all texts.</param>
internal sealed record PeerSubject(string Name, double Tolerance, Func<float[][]> Run);

/// <summary>All that run here.</summary>
internal sealed class PeerSubjects : IDisposable
{
    private const double Float32 = 1e-3,
        Rounded = 0.5;

    private readonly PeerSetting _setting;
    private readonly List<IDisposable> _owned = [];
    private readonly TokenEncoding[] _texts;

    public PeerSubjects(PeerSetting setting)
    {
        _setting = setting;
        _texts = [.. setting.Texts.Select(t => new TokenEncoding(t.Ids, t.Segments))];
        var plan = setting.Plan;
        All.Add(Packed("packed fp32", plan.Execution, Float32));
        try
        {
            var bf16 = plan.Execution with { Precision = MatrixPrecision.Bf16 };
            bf16.Apply();
            All.Add(Packed("packed bf16", bf16, Rounded));
        }
        catch (Attacks.RequestException e)
        {
            Missing.Add($"packed bf16: not measured: {e.Message}");
        }
        All.Add(Plain());
        foreach (var precision in Enum.GetValues<OnnxPrecision>())
        {
            var network = Export(precision);
            var (name, tolerance) = precision == OnnxPrecision.Int8 ? ("int8", Rounded) : ("float32", Float32);
            int[] arrival = [.. Enumerable.Range(0, _texts.Length)];
            int[] sorted = [.. arrival.OrderByDescending(i => _texts[i].Length)];
            All.Add(new PeerSubject($"onnxruntime {name}, arrival order", tolerance, () => Onnx(network, arrival)));
            All.Add(new PeerSubject($"onnxruntime {name}, sorted by length", tolerance, () => Onnx(network, sorted)));
        }
    }

    public List<PeerSubject> All { get; } = [];

    /// <summary>What cannot run here, and why.</summary>
    public List<string> Missing { get; } = [];

    public void Dispose()
    {
        foreach (var owned in _owned)
            owned.Dispose();
    }

    private PeerSubject Packed(string name, Execution execution, double tolerance)
    {
        var (config, model) = (_setting.Config, _setting.Model);
        if (execution.Precision != _setting.Plan.Execution.Precision)
            model = Own(new BertForSequenceClassification(BenchPlan.Weights(config), config, execution));
        var inference = BertInference.Of(model);
        if (inference is not null)
            Own(inference);
        return new PeerSubject(
            name,
            tolerance,
            () =>
            {
                var rows = new float[_texts.Length][];
                Evaluator.Logits(model, _setting.Texts, (i, row) => rows[i] = row.ToArray(), inference);
                return rows;
            }
        );
    }

    // The same network op by op on libtorch, padded, in arrival order.
    private PeerSubject Plain()
    {
        var plan = _setting.Plan with { Step = "evaluate" };
        var plain = Own(new PlainSubject(plan, _setting.Model.Store, _setting.Config, 0));
        return new PeerSubject(
            "plain libtorch, arrival order",
            Float32,
            () =>
            {
                using var quiet = torch.no_grad();
                return
                [
                    .. _setting
                        .Texts.Chunk(plan.Batch)
                        .SelectMany(group =>
                        {
                            using var scope = torch.scope();
                            return plain
                                .Logits(group)
                                .contiguous()
                                .span<float>()
                                .ToArray()
                                .Chunk(_setting.Config.Labels);
                        }),
                ];
            }
        );
    }

    private OnnxNetwork Export(OnnxPrecision precision)
    {
        var path = Path.Combine(_setting.Folder, $"{precision}.onnx");
        File.Delete(path);
        using (var weights = SafetensorsFile.Open(_setting.Weights))
        {
            OnnxBert
                .Build(
                    weights,
                    _setting.Config,
                    OnnxHead.SequenceClassification,
                    new OnnxExportOptions(Precision: precision, Fusion: OnnxFusion.OnnxRuntime)
                )
                .Write(path, "peer", "0");
        }
        return Own(OnnxNetwork.Open(path, new OnnxOptions(Threads: _setting.Plan.Execution.Threads)));
    }

    private float[][] Onnx(OnnxNetwork network, int[] order)
    {
        var rows = new float[_texts.Length][];
        foreach (var group in order.Chunk(_setting.Plan.Batch))
        {
            var outputs = network.Run([.. group.Select(i => _texts[i])]);
            for (var i = 0; i < group.Length; i++)
                rows[group[i]] = outputs[i];
        }
        return rows;
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
