// TorchSharp on the networks and texts that benchmarks/peers left in a folder: padded batches, in
// arrival order and sorted by length. One JSON object a line; one clear line where it does not
// load.
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

var (work, repeats, threads) =
    args.Length == 3 ? (args[0], int.Parse(args[1], CultureInfo.InvariantCulture), args[2]) : ("", 0, "");
if (work.Length == 0)
{
    Console.Error.WriteLine("usage: peers-torchsharp WORK REPEATS THREADS");
    return 2;
}
try
{
    set_num_threads(int.Parse(threads, CultureInfo.InvariantCulture));
}
catch (Exception e) when (e is DllNotFoundException or NotSupportedException or TypeInitializationException)
{
    Console.Error.WriteLine($"TorchSharp does not load here: {Reason(e)}");
    return 3;
}
foreach (var folder in Directory.GetDirectories(work).Order(StringComparer.Ordinal))
    new Peer(folder).Measure(repeats, threads);
return 0;

// TorchSharp tells where it looked; the loader tells why it failed.
static string Reason(Exception e)
{
    try
    {
        NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, "cpu", "libLibTorchSharp.so"));
    }
    catch (DllNotFoundException missing)
    {
        var lines = missing.Message.Split('\n');
        return (lines.FirstOrDefault(l => l.Contains("not found", StringComparison.Ordinal)) ?? lines[0]).Trim();
    }
    return e.GetBaseException().Message.Split('\n')[0].Trim();
}

/// <summary>One network with its texts.</summary>
internal sealed class Peer
{
    private readonly JsonNode _config;
    private readonly Dictionary<string, Tensor> _weights;
    private readonly int[][] _texts;
    private readonly float[][] _reference;
    private readonly int _batch;

    public Peer(string folder)
    {
        string Read(string name) => File.ReadAllText(Path.Combine(folder, name));
        _config = JsonNode.Parse(Read("config.json"))!;
        _texts = JsonSerializer.Deserialize<int[][]>(Read("texts.json"))!;
        _reference = JsonSerializer.Deserialize<float[][]>(Read("reference.json"))!;
        _batch = (int)_config["batch"]!;
        _weights = Safetensors(Path.Combine(folder, "weights.safetensors"));
    }

    public void Measure(int repeats, string threads)
    {
        int[] arrival = [.. Enumerable.Range(0, _texts.Length)];
        int[] sorted = [.. arrival.OrderByDescending(i => _texts[i].Length)];
        foreach (var (name, order) in new[] { ("arrival order", arrival), ("sorted by length", sorted) })
        {
            var worst = Run(order).Zip(_reference).Max(p => p.First.Zip(p.Second, (a, b) => Math.Abs(a - b)).Max());
            if (!(worst <= 1e-3))
                throw new InvalidOperationException($"its logits are off the reference by {worst}; nothing was timed");
            var times = new List<(double Wall, double Processor)>();
            for (var r = 0; r < repeats; r++)
            {
                var (start, before) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
                Run(order);
                times.Add(
                    (
                        Stopwatch.GetElapsedTime(start).TotalSeconds,
                        (Environment.CpuUsage.TotalTime - before).TotalSeconds
                    )
                );
            }
            var line = new JsonObject
            {
                ["peer"] = $"torchsharp, {name}",
                ["shape"] = (string?)_config["shape"],
                ["lengths"] = (string?)_config["lengths"],
                ["network"] = (string?)_config["network"],
                ["texts"] = _texts.Length,
                ["batch"] = _batch,
                ["threads"] = int.Parse(threads, CultureInfo.InvariantCulture),
                ["repeats"] = repeats,
                ["logits_difference"] = worst,
                ["seconds_median"] = Median(times.Select(t => t.Wall)),
                ["texts_per_second"] = _texts.Length / Median(times.Select(t => t.Wall)),
                ["texts_per_processor_second"] = _texts.Length / Math.Max(1e-9, Median(times.Select(t => t.Processor))),
            };
            Console.WriteLine(line.ToJsonString());
        }
    }

    private float[][] Run(int[] order)
    {
        var rows = new float[_texts.Length][];
        using var quiet = no_grad();
        foreach (var group in order.Chunk(_batch))
        {
            using var scope = NewDisposeScope();
            var longest = group.Max(i => _texts[i].Length);
            var (ids, mask) = (new long[group.Length * longest], new float[group.Length * longest]);
            Array.Fill(mask, -10000f);
            for (var b = 0; b < group.Length; b++)
            for (var i = 0; i < _texts[group[b]].Length; i++)
                (ids[(b * longest) + i], mask[(b * longest) + i]) = (_texts[group[b]][i], 0);
            var logits = Forward(
                tensor(ids, [group.Length, longest]),
                tensor(mask, [group.Length, 1, 1, longest]),
                longest
            );
            var values = logits.data<float>().ToArray();
            for (var b = 0; b < group.Length; b++)
                rows[group[b]] = values[
                    (b * (values.Length / group.Length))..((b + 1) * (values.Length / group.Length))
                ];
        }
        return rows;
    }

    private Tensor Forward(Tensor ids, Tensor mask, int longest)
    {
        var (hidden, size) = ((long)_config["hidden_size"]!, (long)_config["head_size"]!);
        Tensor W(string name) => _weights[name];
        Tensor Linear(Tensor x, string name) => nn.functional.linear(x, W($"{name}.weight"), W($"{name}.bias"));
        Tensor Norm(Tensor x, string name) =>
            nn.functional.layer_norm(
                x,
                [hidden],
                W($"{name}.weight"),
                W($"{name}.bias"),
                (double)_config["layer_norm_eps"]!
            );
        var x =
            W("bert.embeddings.word_embeddings.weight").index_select(0, ids.view(-1)).view(ids.size(0), longest, hidden)
            + W("bert.embeddings.token_type_embeddings.weight")[0]
            + W("bert.embeddings.position_embeddings.weight").narrow(0, 0, longest);
        x = Norm(x, "bert.embeddings.LayerNorm");
        var heads = _config["heads"]!.AsArray();
        for (var l = 0; l < heads.Count; l++)
        {
            var at = $"bert.encoder.layer.{l}";
            Tensor Split(string name) =>
                Linear(x, $"{at}.attention.self.{name}")
                    .view(x.size(0), longest, (long)heads[l]!, size)
                    .transpose(1, 2);
            var scores = Split("query").matmul(Split("key").transpose(2, 3)).div(Math.Sqrt(size)) + mask;
            var context = scores.softmax(-1).matmul(Split("value")).transpose(1, 2).reshape(x.size(0), longest, -1);
            x = Norm(Linear(context, $"{at}.attention.output.dense") + x, $"{at}.attention.output.LayerNorm");
            var inner = nn.functional.gelu(Linear(x, $"{at}.intermediate.dense"));
            x = Norm(Linear(inner, $"{at}.output.dense") + x, $"{at}.output.LayerNorm");
        }
        return Linear(Linear(x.select(1, 0), "bert.pooler.dense").tanh(), "classifier");
    }

    private static Dictionary<string, Tensor> Safetensors(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var length = (int)BitConverter.ToInt64(bytes);
        var header = JsonNode.Parse(bytes.AsSpan(8, length))!.AsObject();
        var weights = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, entry) in header.Where(e => e.Key != "__metadata__"))
        {
            long[] shape = [.. entry!["shape"]!.AsArray().Select(s => (long)s!)];
            var (from, to) = ((int)entry["data_offsets"]![0]!, (int)entry["data_offsets"]![1]!);
            var values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(8 + length + from, to - from)).ToArray();
            weights[name] = tensor(values, shape);
        }
        return weights;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
