// One network of random weights with its texts, in memory and in files that other programs read:
// weights.safetensors, config.json and texts.json.
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Cli.Bench;
using RobustTickets.Models;
using RobustTickets.Torch;

namespace RobustTickets.Benchmarks.Peers;

/// <summary>What all peers compute.</summary>
internal sealed class PeerSetting : IDisposable
{
    private readonly float[][] _reference;

    public PeerSetting(BenchPlan plan, string folder)
    {
        (Plan, Folder) = (plan, Directory.CreateDirectory(folder).FullName);
        Config = plan.Config();
        Model = new BertForSequenceClassification(BenchPlan.Weights(Config), Config, plan.Execution);
        Texts = plan.Texts(Config, warmUps: 0);
        var dense = (plan with { Step = "evaluate" }).Config();
        var batch = PackedBatch.From(Texts);
        FlopShare = FlopCount.Forward(Config, batch) / FlopCount.Forward(dense, batch);
        Write();
        _reference = Reference();
    }

    public BenchPlan Plan { get; }

    public string Folder { get; }

    public BertConfig Config { get; }

    public BertForSequenceClassification Model { get; }

    /// <summary>Texts in arrival order.</summary>
    public EncodedExample[] Texts { get; }

    /// <summary>Share of the dense network's forward FLOPs on these texts.</summary>
    public double FlopShare { get; }

    public string Weights => Path.Combine(Folder, "weights.safetensors");

    /// <summary>Largest difference to the padded reference.</summary>
    public double Difference(float[][] rows) =>
        rows.Zip(_reference).Max(p => p.First.Zip(p.Second, (a, b) => Math.Abs((double)a - b)).Max());

    public void Dispose() => Model.Dispose();

    private void Write()
    {
        SafetensorsWriter.WriteStreamed(Weights, Model.Store.Names.Select(n => BertFiles.Stream(n, Model.Store[n])));
        var config = new JsonObject
        {
            ["hidden_size"] = Config.Hidden,
            ["head_size"] = Config.HeadSize,
            ["heads"] = new JsonArray([.. Config.HeadsPerLayer.Select(h => (JsonNode)h)]),
            ["neurons"] = new JsonArray([.. Config.NeuronsPerLayer.Select(n => (JsonNode)n)]),
            ["layer_norm_eps"] = Config.LayerNormEpsilon,
            ["batch"] = Plan.Batch,
            ["shape"] = Plan.Shape,
            ["lengths"] = Plan.Lengths.Name,
            ["network"] = Plan.Step == "pruned" ? "ticket" : "dense",
        };
        File.WriteAllText(Path.Combine(Folder, "config.json"), config.ToJsonString());
        File.WriteAllText(Path.Combine(Folder, "texts.json"), JsonSerializer.Serialize(Texts.Select(t => t.Ids)));
    }

    private float[][] Reference()
    {
        using var quiet = torch.no_grad();
        var rows = new List<float[]>();
        using var padded = new BertForSequenceClassification(
            BenchPlan.Weights(Config),
            Config,
            new Execution(Threads: Plan.Execution.Threads, Layers: LayerPath.PaddedReference)
        );
        foreach (var group in Texts.Chunk(Plan.Batch))
        {
            using var scope = torch.scope();
            var batch = PackedBatch.From(group);
            var logits = padded
                .Forward(padded.Prepare(batch, training: false), PassOptions.Evaluation)
                .contiguous()
                .span<float>();
            for (var b = 0; b < group.Length; b++)
                rows.Add(logits.Slice(b * Config.Labels, Config.Labels).ToArray());
        }
        File.WriteAllText(Path.Combine(Folder, "reference.json"), JsonSerializer.Serialize(rows));
        return [.. rows];
    }
}

/// <summary>Time of one pass over all texts.</summary>
internal readonly record struct PeerTime(double Wall, double Processor)
{
    public static PeerTime Of(Action run)
    {
        using var process = Process.GetCurrentProcess();
        var (start, before) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime);
        run();
        process.Refresh();
        return new PeerTime(
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            (process.TotalProcessorTime - before).TotalSeconds
        );
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
