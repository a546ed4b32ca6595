// The ways of running one attack that are compared. Each has the same recipe and the same network;
// they differ in how many examples run at once, how queries are padded, and which passes of the
// network answer them.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Searches;
using RobustTickets.Evaluation;
using RobustTickets.Kernels.Dense;
using RobustTickets.Kernels.Inference;
using RobustTickets.Models;

namespace RobustTickets.Benchmarks.AttackThroughput;

/// <summary>One way of running the attack.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Execution">How the network runs.</param>
/// <param name="Engine">How many examples and texts at once.</param>
/// <param name="EveryQuery">Whether every query is forwarded, also where its answer
/// cannot matter; TextAttack does so.</param>
/// <remarks>A way whose products are rounded to bfloat16 sees another network: its outcomes are
/// compared with its own, one example at a time.</remarks>
internal sealed record Way(string Name, Execution Execution, AttackEngineOptions Engine, bool EveryQuery)
{
    /// <summary>
    /// TextAttack asks at most this many texts at once, all of one step of one example.
    /// </summary>
    private const int TextAttackBatch = 32;

    private static readonly AttackEngineOptions OneByOne = new(TextAttackBatch, TextAttackBatch, Concurrency: 1);

    /// <summary>The ways, slowest first.</summary>
    public static IReadOnlyList<Way> All(int longest, int concurrency) =>
        [
            new(
                $"a  one example at a time, padded to {longest}",
                Execution.Reference with
                {
                    PadTo = longest,
                },
                OneByOne,
                true
            ),
            new("b  one example at a time, padded to the longest", Execution.Reference, OneByOne, true),
            new("b' one example at a time, compiled network, packed", new Execution(), OneByOne, true),
            new("c  the engine", new Execution(), new AttackEngineOptions(64, 64, concurrency), false),
            .. PackedWeightBf16.WhyNot() is null
                ? [new Way("c' the engine, bf16", Bf16, new AttackEngineOptions(64, 64, concurrency), false)]
                : Array.Empty<Way>(),
        ];

    private static Execution Bf16 => new(Precision: MatrixPrecision.Bf16);

    /// <summary>The way whose outcomes this one must have.</summary>
    public Way Reference(Way plainest) =>
        Execution.Precision == MatrixPrecision.Bf16
            ? new Way("one example at a time, bf16", Bf16, OneByOne, true)
            : plainest;

    /// <summary>The attack as this way runs it.</summary>
    public Attack Of(Attack attack) =>
        EveryQuery && attack.Search is GreedyWordRanking greedy
            ? attack with
            {
                Search = greedy with { SkipIdleQueries = false },
            }
            : attack;
}

/// <summary>A victim that tells tokenizing from the network's work.</summary>
/// <param name="classifier">The classifier.</param>
internal sealed class MeteredVictim(Classifier classifier) : IVictim
{
    public TimeSpan Tokenizing { get; private set; }

    public TimeSpan Network { get; private set; }

    public long Tokens { get; private set; }

    public int ClassCount => classifier.Labels.Count;

    public double[][] Predict(IReadOnlyList<TextPair> inputs)
    {
        var start = Stopwatch.GetTimestamp();
        var encoded = classifier.Encode(inputs);
        Tokenizing += Stopwatch.GetElapsedTime(start);
        Tokens += encoded.Sum(e => (long)e.Ids.Length);
        start = Stopwatch.GetTimestamp();
        var rows = Array.ConvertAll(classifier.Logits(encoded), row => Classifier.Softmax(row));
        Network += Stopwatch.GetElapsedTime(start);
        return rows;
    }
}
