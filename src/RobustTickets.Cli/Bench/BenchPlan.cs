// A benchmark: the step to measure, and its network and texts with random weights and tokens but
// real shapes and lengths.
using System.Diagnostics;
using RobustTickets.Models;
using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Cli.Bench;

/// <summary>A benchmark.</summary>
/// <param name="Step">Name of the step.</param>
/// <param name="Shape">Name of the network's shape.</param>
/// <param name="Lengths">Lengths of the texts.</param>
/// <param name="Batch">Texts per step.</param>
/// <param name="Passes">K of FreeLB and PGD.</param>
/// <param name="Repeats">Number of steps to measure.</param>
/// <param name="Execution">How the model runs.</param>
/// <param name="Baseline">Whether to run the plain implementation with the libraries'
/// defaults.</param>
/// <param name="CpuTime">Whether to measure CPU time of one thread instead of wall time.</param>
/// <param name="Without">Optimisations to switch off, to measure their effect.</param>
internal sealed record BenchPlan(
    string Step,
    string Shape,
    LengthHistogram Lengths,
    int Batch,
    int Passes,
    int Repeats,
    Execution Execution,
    bool Baseline,
    bool CpuTime,
    IReadOnlyList<string>? Without = null
)
{
    internal static readonly string[] Steps =
    [
        "clean",
        "freelb",
        "pgd",
        "pgd-lean",
        "search",
        "robust",
        "pruned",
        "evaluate",
        "attack",
    ];

    internal static readonly string[] WithPasses = ["freelb", "pgd", "pgd-lean", "search", "robust"];

    internal static readonly string[] Shapes = ["bert-base", "minilm-l6", "movie-bert", "bert-tiny"];

    internal static readonly string[] Switches = ["fused", "cls-only", "row-sparse", "onednn"];

    /// <summary>Whether the step has adversarial passes.</summary>
    internal bool HasPasses => WithPasses.Contains(Step);

    /// <summary>Whether the step only runs forward.</summary>
    internal bool ForwardOnly => Step is "evaluate" or "attack";

    /// <summary>The clock used for timing.</summary>
    internal Func<long> Now => CpuTime ? ThreadClock.Ticks : Stopwatch.GetTimestamp;

    /// <summary>Whether the padded reference is measured.</summary>
    internal bool Padded => Execution.Layers == LayerPath.PaddedReference;

    /// <summary>
    /// The network's shape; a pruned step uses the sparsity of the papers: one sixth of the heads
    /// removed, and 30, 20 or 40 % of the neurons (SST-2, AG NEWS, IMDB).
    /// </summary>
    internal BertConfig Config()
    {
        var config = Shape switch
        {
            "bert-base" => BertConfig.Dense(30522, 768, 12, 12, 3072, 512, 2, 2),
            "minilm-l6" => BertConfig.Dense(30522, 384, 6, 12, 1536, 512, 2, 2),
            "movie-bert" => BertConfig.Dense(30522, 256, 6, 8, 1024, 512, 2, 2),
            _ => BertConfig.Dense(30522, 128, 2, 2, 512, 512, 2, 2),
        };
        if (Step != "pruned")
            return config;
        var neurons =
            Lengths.Name == LengthHistogram.Sst2.Name ? 0.7
            : Lengths.Name == LengthHistogram.AgNews.Name ? 0.8
            : 0.6;
        return config with
        {
            HeadsPerLayer = config.HeadsPerLayer.Select(h => h - (h / 6)).ToArray(),
            NeuronsPerLayer = config.NeuronsPerLayer.Select(n => (int)Math.Round(n * neurons)).ToArray(),
        };
    }

    /// <summary>Random weights with BERT's initialisation.</summary>
    internal static ParameterStore Weights(BertConfig config)
    {
        var store = new ParameterStore();
        torch.manual_seed(1);
        foreach (var (name, shape) in BertShapes.OfClassifier(config))
        {
            if (BertParameters.IsNormWeight(name))
                store.Add(name, torch.ones(shape));
            else if (BertParameters.IsBias(name))
                store.Add(name, torch.zeros(shape));
            else
                store.Add(name, torch.empty(shape).normal_(0, config.InitializerRange));
        }
        return store;
    }

    /// <summary>
    /// Texts in step order: <paramref name="warmUps"/> steps before the measured ones, whose texts
    /// do not depend on the number of warm-ups.
    /// </summary>
    internal EncodedExample[] Texts(BertConfig config, int warmUps) =>
        [.. Texts(config, 0, warmUps * Batch, seed: 8), .. Texts(config, warmUps * Batch, Repeats * Batch, seed: 7)];

    /// <summary>
    /// Texts from index <paramref name="first"/> on. An attack's texts are variants of a few, one
    /// token apart, as in an attack's queries.
    /// </summary>
    private EncodedExample[] Texts(BertConfig config, int first, int count, int seed)
    {
        var random = new Random(seed);
        var lengths = Lengths.Draw(random, count);
        var texts = new EncodedExample[lengths.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            if (Step == "attack" && i % 16 != 0)
            {
                var ids = (int[])texts[i - 1].Ids.Clone();
                ids[random.Next(1, ids.Length)] = random.Next(1000, config.VocabularySize);
                texts[i] = texts[i - 1] with { Id = first + i, Ids = ids };
                continue;
            }
            // Skewed token frequencies: cubes of uniform numbers give about as many distinct rows
            // per batch as real text.
            var pieces = new int[lengths[i]];
            for (var j = 0; j < pieces.Length; j++)
                pieces[j] = 1000 + (int)(Math.Pow(random.NextDouble(), 3) * (config.VocabularySize - 1000));
            (pieces[0], pieces[^1]) = (101, 102);
            texts[i] = new EncodedExample(first + i, pieces, new int[pieces.Length], random.Next(config.Labels));
        }
        return texts;
    }
}
