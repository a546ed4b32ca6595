using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Demo.Corpus;
using RobustTickets.Runs;

namespace RobustTickets.Tests.Reports;

/// <summary>
/// Writes run folders that look like finished runs, from a few wishes, without any training.
/// </summary>
internal sealed class SyntheticRun(string root)
{
    private const int Layers = 4,
        Heads = 4,
        Width = 512;

    public string Name { get; init; } = "fine-tune";
    public int Seed { get; init; } = 42;
    public bool Ticket { get; init; }
    public bool Converged { get; init; } = true;
    public double Clean { get; init; } = 0.93;
    public string Split { get; init; } = "test";
    public int Examples { get; init; } = 400;
    public double Withstand { get; init; } = 0.2;
    public int Attacked { get; init; } = 200;
    public int PrunedHeads { get; init; } = 3;
    public string Cpu { get; init; } = "Synthetic CPU 9000";
    public string? SummaryAua { get; init; }
    public double? EpochAua { get; init; }
    public int Layers12 { get; init; } = Layers;
    public int HeadsEach { get; init; } = Heads;

    public string Write(string folder)
    {
        var run = RunFolder.Create(Path.Combine(root, folder));
        var steps = 600;
        File.WriteAllText(run.RecipeFile, Recipe());
        new EnvironmentStamp(
            "0.1.0",
            "abc1234",
            ".NET 10.0",
            "Linux 6.1",
            "X64",
            Cpu,
            2,
            25L << 30,
            ["train", "--recipe", Name],
            new Dictionary<string, string> { ["libtorch"] = "1.13.1", ["threads"] = "2" }
        ).Save(run.EnvironmentFile);
        var heads = HeadMask();
        var neurons = NeuronMask();
        using (var log = EventLogWriter.Open(run.EventsFile, 0))
        {
            if (Ticket)
                Search(log);
            log.Append(new StageEntry("retrain", "begin"));
            for (var s = 1; s <= steps; s++)
            {
                var loss = 0.62 * Math.Exp(-s / 150.0) + 0.04 + 0.06 * Noise(s);
                log.Append(
                    new StepEntry(
                        "retrain",
                        s,
                        s / 100.0,
                        loss,
                        1e-4 * (1 - (s - 1.0) / steps),
                        0.8,
                        520,
                        0.05,
                        1,
                        1,
                        1
                    )
                );
                if (s % 100 == 0)
                    log.Append(
                        new EvaluationEntry(
                            "retrain",
                            s,
                            s / 100,
                            "dev",
                            Clean - 0.12 * Math.Exp(-s / 200.0) + 0.004 * Noise(s + 7),
                            0.2,
                            400
                        )
                    );
                if (EpochAua is { } aua && s % 100 == 0)
                    log.Append(
                        new EpochAttackEntry(
                            "retrain",
                            s,
                            s / 100,
                            "dev",
                            "textfooler",
                            100,
                            10,
                            0,
                            90,
                            aua * s / steps,
                            60,
                            3
                        )
                    );
            }
            log.Append(new StageEntry("retrain", "end"));
        }
        if (Ticket)
        {
            Directory.CreateDirectory(run.TicketFolder);
            File.WriteAllText(
                Path.Combine(run.TicketFolder, "ticket.json"),
                new JsonObject
                {
                    ["heads"] = new JsonArray([.. heads.Select(_ => (JsonNode)HeadsEach)]),
                    ["neurons"] = new JsonArray([.. neurons.Select(_ => (JsonNode)Width)]),
                    ["heads_kept"] = Lists(heads),
                    ["neurons_kept"] = Lists(neurons),
                    ["head_ratio"] = 1.0 / 6,
                    ["neuron_ratio"] = 0.3,
                    ["source_step"] = 46,
                }.ToJsonString()
            );
            File.WriteAllText(Path.Combine(run.TicketFolder, "distances.json"), Distances());
        }
        Result(heads, neurons).Save(run.ResultFile);
        Directory.CreateDirectory(run.ModelFolder);
        File.WriteAllText(
            Path.Combine(run.ModelFolder, "config.json"),
            """{"id2label":{"0":"negative","1":"positive"}}"""
        );
        if (Attacked > 0)
            Attack(run.AttackFolder("textfooler"));
        return run.Path;
    }

    public RunResult Result(int[][] heads, int[][] neurons)
    {
        var kept = Ticket ? neurons.Sum(n => n.Length) : Layers12 * Width;
        var keptHeads = Ticket ? heads.Sum(h => h.Length) : Layers12 * HeadsEach;
        var parameters = (long)(keptHeads * 4 * 128 * 32) + (kept * 2L * 128);
        var stages = new List<StageSummary>();
        if (Ticket)
            stages.Add(new("search", 46, 0.3, 24_000, 14.2, 1690, 230, 230, 230, 2.1e11, 0.41));
        stages.Add(
            new(
                "retrain",
                600,
                6,
                312_000,
                Ticket ? 25.5 : 31.25,
                Ticket ? 12_235 : 9_984,
                600,
                600,
                600,
                1.3e12,
                0.0512
            )
        );
        return new RunResult(
            1,
            Name,
            "sst2",
            "synthetic",
            Seed,
            "finished",
            new ModelSummary("demo-bert", parameters + 130_000, parameters, Layers12, 128, HeadsEach, Width, 2),
            stages,
            Ticket
                ? new TicketSummary(
                    "consecutive5",
                    46,
                    0.3,
                    46,
                    0.3,
                    Converged,
                    Layers12 * HeadsEach,
                    keptHeads,
                    Layers12 * Width,
                    kept,
                    [.. heads.Select(h => h.Length)],
                    [.. neurons.Select(n => n.Length)]
                )
                : null,
            0.925,
            Split == "test" ? Clean : null,
            Split,
            Examples,
            new DateTimeOffset(2024, 5, 17, 9, 30, 0, TimeSpan.Zero)
        );
    }

    private int[][] HeadMask()
    {
        var all = Enumerable
            .Range(0, Layers12)
            .SelectMany(l => Enumerable.Range(0, HeadsEach).Select(h => (l, h)))
            .OrderBy(p => Noise(p.l * 31 + p.h * 7 + 3))
            .Skip(PrunedHeads)
            .ToHashSet();
        return
        [
            .. Enumerable
                .Range(0, Layers12)
                .Select(l => Enumerable.Range(0, HeadsEach).Where(h => all.Contains((l, h))).ToArray()),
        ];
    }

    private int[][] NeuronMask()
    {
        var total = Layers12 * Width;
        var pruned = (int)Math.Floor(0.3 * (total - 1)) + 1;
        var kept = Enumerable
            .Range(0, total)
            .OrderBy(i => Noise(i) + 0.35 * (i / Width) / Layers12)
            .Skip(pruned)
            .ToHashSet();
        return
        [
            .. Enumerable
                .Range(0, Layers12)
                .Select(l => Enumerable.Range(0, Width).Where(n => kept.Contains((l * Width) + n)).ToArray()),
        ];
    }

    private void Search(EventLogWriter log)
    {
        log.Append(new StageEntry("search", "begin"));
        for (var s = 1; s <= 46; s++)
        {
            log.Append(
                new StepEntry(
                    "search",
                    s,
                    s / 153.0,
                    0.69 - 0.006 * s + 0.03 * Noise(s + 99),
                    2e-5 * s / 15.3,
                    1.1,
                    520,
                    0.3,
                    5,
                    5,
                    5
                )
            );
            if (s % 7.65 is < 1 and >= 0)
            {
                var g = (int)(s / 7.65);
                log.Append(
                    new MaskEntry(
                        "search",
                        s,
                        g,
                        g == 1 ? null : 0.3 * Math.Exp(-0.55 * g) + 0.004,
                        g == 1 ? null : 0.22 * Math.Exp(-0.5 * g) + 0.006,
                        Math.Max(0, g - 2)
                    )
                );
            }
        }
        log.Append(new StopEntry("search", "consecutive5", 46, 46, Converged));
        log.Append(new StageEntry("search", "end"));
    }

    private static string Distances()
    {
        long[] steps = [7, 15, 22, 30, 38, 46];
        JsonArray Matrix(double scale) =>
            new([
                .. steps.Select(
                    (_, i) =>
                        new JsonArray([
                            .. steps.Select(
                                (_, j) =>
                                    (JsonNode)
                                        Math.Round(
                                            i == j ? 0 : scale * Math.Abs(Math.Exp(-0.4 * i) - Math.Exp(-0.4 * j)),
                                            4
                                        )
                            ),
                        ])
                ),
            ]);
        return new JsonObject
        {
            ["steps"] = new JsonArray([.. steps.Select(s => (JsonNode)s)]),
            ["heads"] = Matrix(0.4),
            ["neurons"] = Matrix(0.3),
        }.ToJsonString();
    }

    // Written by the attack's own log, so that the report is tested on the files that attacks
    // really write.
    private void Attack(string folder)
    {
        var corpus = DemoCorpus.Create(1, new DemoSizes(1, 2, 1, Math.Max(2, Attacked))).Test;
        var inputs = Enumerable
            .Range(0, Attacked)
            .Select(i => new Example($"test:{i}", corpus[i].Text, corpus[i].Label))
            .ToArray();
        var settings = new AttackSettings(
            "textfooler",
            TextAttackVersion.V034,
            Ticket ? "ticket" : "dense",
            null,
            [
                new("word cosine", ">= 0.5, unknown words pass", "TextAttack recipe"),
                new("part of speech", "free", "no tagger given"),
            ],
            [new("word-vectors", "vectors.txt", "abc", "762 words x 64")],
            [new("split", $"test, first {Attacked}", "")]
        );
        using var log = AttackLog.Open(folder, settings, inputs);
        for (var i = 0; i < Attacked; i++)
            log.Write(Outcome(i, inputs[i], corpus[i]));
        log.Complete();
        if (SummaryAua is not { } aua)
            return;
        var file = Path.Combine(folder, "summary.json");
        File.WriteAllText(file, Regex.Replace(File.ReadAllText(file), "\"aua\": [0-9.]+", $"\"aua\": {aua}"));
    }

    private AttackOutcome Outcome(int i, Example input, DemoReview review)
    {
        var fate = Noise(i * 13 + 5);
        var result =
            fate < 1 - Clean ? AttackResult.Skipped
            : fate < 1 - Clean + Withstand ? AttackResult.Failed
            : AttackResult.Success;
        var words = review.Text.Split(' ');
        var perturbed = words.ToArray();
        var changed = 0;
        for (var w = 0; w < words.Length && changed < 3 && result != AttackResult.Skipped; w++)
        {
            var bare = words[w].TrimEnd('.', ',');
            if (DemoLexicon.GroupOf(bare) is not { Polarity: not 0 } group || group.Rare.Contains(bare))
                continue;
            perturbed[w] = group.Rare[0] + words[w][bare.Length..];
            changed++;
        }
        var skipped = result == AttackResult.Skipped;
        var wrong = 1 - review.Label;
        return new AttackOutcome(
            input.Id,
            review.Label,
            result,
            skipped ? 1 : 20 + (i % 40),
            skipped ? 1 : 15 + (i % 30),
            [new("text", review.Text)],
            [new("text", string.Join(' ', perturbed))],
            skipped ? wrong : review.Label,
            result == AttackResult.Failed ? review.Label : wrong,
            skipped ? 0.8 : 0.04,
            result switch
            {
                AttackResult.Success => 0.74,
                AttackResult.Failed => 0.31,
                _ => 0.8,
            },
            words.Length,
            changed,
            [],
            [],
            null,
            [new("sentence-similarity", 10, 2)]
        );
    }

    private string Recipe() =>
        $$"""
            {"name": {{JsonValue.Create(Name).ToJsonString()}}, "task": "sst2", "seed": {{Seed}}, "batch-size": 32,
             "search": {{(
                Ticket
                    ? """{"objective": {"kind": "freelb", "steps": 5}, "stop": {"kind": "consecutive5", "gamma": 0.1,"""
                          + """ "times": 5}}"""
                    : "null"
            )}},
             "retrain": {"objective": {"kind": "clean"}, "epochs": 6} }
            """;

    private static JsonArray Lists(int[][] layers) =>
        new([.. layers.Select(l => new JsonArray([.. l.Select(i => (JsonNode)i)]))]);

    // A repeatable number in [0, 1).
    private static double Noise(int i)
    {
        var z = (uint)i * 2654435761u;
        z = (z ^ (z >> 15)) * 2246822519u;
        z = (z ^ (z >> 13)) * 3266489917u;
        return (z ^ (z >> 16)) / 4294967296.0;
    }
}
