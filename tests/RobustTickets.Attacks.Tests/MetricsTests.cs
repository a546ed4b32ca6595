using System.Text.Json;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Python;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>Summaries, TextAttack's formats, and the resumable log.</summary>
public sealed partial class MetricsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("attack-log").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [SkippableTheory]
    [InlineData(0, 0, 0, 1)]
    [InlineData(5, 10, 0.236593, 0.763407)]
    [InlineData(0, 20, 0, 0.161125)]
    [InlineData(872, 872, 0.995614, 1)]
    public void Wilson_intervals_are_known_ones(int hits, int total, double low, double high)
    {
        var interval = WilsonInterval.Of(hits, total);
        Assert.Equal(low, interval.Low, 1e-6);
        Assert.Equal(high, interval.High, 1e-6);
    }

    [SkippableFact]
    public void The_summary_follows_the_papers_formulas()
    {
        var summary = AttackSummary.From(
            [
                Outcome("a", AttackResult.Success, asked: 10, words: 4, changed: 1),
                Outcome("b", AttackResult.Success, asked: 20, words: 10, changed: 5),
                Outcome("c", AttackResult.Failed, asked: 60, words: 6, changed: 3),
                Outcome("d", AttackResult.Skipped, asked: 1, words: 20, changed: 0),
            ],
            Settings(),
            91.5
        );
        Assert.Equal((4, 2, 1, 1), (summary.Examples, summary.Succeeded, summary.Failed, summary.Skipped));
        Assert.Equal((75.0, 25.0), (summary.Clean, summary.Aua));
        Assert.Equal(100.0 * (summary.Clean - summary.Aua) / summary.Clean, summary.Suc, 12);
        Assert.Equal((30.0, 91), (summary.MeanQueries, summary.TotalQueries));
        Assert.Equal(
            (37.5, 3.0, 5, 10.0),
            (summary.WordsChangedPercent, summary.WordsChanged, summary.MostWordsChanged, summary.AverageWords)
        );
        Assert.Equal(91.5, summary.WholeSetClean);
        Assert.Equal(double.NaN, AttackSummary.From([], Settings()).Suc);
        var read = AttackJson.ReadSummary(AttackJson.Write(summary));
        Assert.Equal(AttackJson.Write(summary), AttackJson.Write(read));
    }

    [SkippableFact]
    public void The_summary_is_recomputed_from_the_lines()
    {
        var outcomes = Run(40);
        var again = outcomes.Select(AttackJson.Line).Select(AttackJson.Parse).ToList();
        Assert.Equal(outcomes.Select(AttackJson.Line), again.Select(AttackJson.Line));
        Assert.Equal(
            AttackJson.Write(AttackSummary.From(outcomes, Settings())),
            AttackJson.Write(AttackSummary.From(again, Settings()))
        );
        // By hand from the raw lines, as a stranger would.
        var results = outcomes
            .Select(o => JsonDocument.Parse(AttackJson.Line(o)).RootElement.GetProperty("result").GetString())
            .ToList();
        Assert.Equal(
            100.0 * results.Count(r => r == "failed") / results.Count,
            AttackSummary.From(outcomes, Settings()).Aua,
            12
        );
    }

    [SkippableFact]
    public void Golden_runs_give_TextAttacks_own_metrics()
    {
        if (GoldenAttacks.Instance is not { } golden)
        {
            throw Golden.Skip("attacks: TextAttack's metrics");
        }
        var compared = 0;
        foreach (var version in new[] { "v0.3.4", "HEAD" })
        {
            var path = Path.Combine(golden.Folder, version, "summary.json");
            if (!File.Exists(path))
                continue;
            using var json = JsonDocument.Parse(File.ReadAllText(path));
            string[] forms =
            [
                "tf_basic",
                "tf_window_strict",
                "tf_news*",
                "tf_pairs_allcols",
                "bertattack_k*",
                "bae_k*",
            ];
            foreach (
                var (set, e) in json
                    .RootElement.EnumerateObject()
                    .Where(p => forms.Contains(GoldenAttacks.Parse(p.Name).Form))
                    .Select(p => (p.Name, p.Value))
            )
            {
                if (
                    !e.GetProperty("textattack_metrics").EnumerateObject().Any()
                    || GoldenAttacks.Missing(set) is not null
                )
                    continue;
                var inputs = GoldenAttacks.Of(set).Inputs;
                if (golden.Inputs(inputs).Count < e.GetProperty("n").GetInt32())
                    continue;
                var run = GoldenAttacks.Run(
                    golden.Attack(set, GoldenAttacks.VersionOf(version)!.Value),
                    golden.Victim(inputs),
                    golden.Inputs(inputs).Take(e.GetProperty("n").GetInt32()).ToList()
                );
                var s = AttackSummary.From(run, Settings());
                var m = e.GetProperty("textattack_metrics");
                double Metric(string name) => m.GetProperty(name).GetDouble();
                Assert.Equal(Metric("original_accuracy"), PythonNumber.Round2(s.Clean));
                Assert.Equal(Metric("attack_accuracy_perc"), PythonNumber.Round2(s.Aua));
                Assert.Equal(Metric("attack_success_rate"), PythonNumber.Round2(s.Suc));
                Assert.Equal(Metric("avg_num_queries"), PythonNumber.NumpyRound2(s.MeanQueries));
                Assert.Equal(Metric("avg_word_perturbed"), PythonNumber.NumpyRound2(s.AverageWords));
                Assert.Equal(Metric("avg_word_perturbed_perc"), PythonNumber.NumpyRound2(s.WordsChangedPercent));
                Assert.Equal(Metric("max_words_changed"), s.MostWordsChanged);
                // What entered the encoder and what it let through, exactly.
                var encoder =
                    s.Constraints.SingleOrDefault(c => c.Name == "sentence-similarity")
                    ?? new ConstraintSummary("", 0, 0, 0);
                Assert.Equal(
                    (e.GetProperty("encoder_in").GetInt64(), e.GetProperty("encoder_out").GetInt64()),
                    (encoder.Offered, encoder.Offered - encoder.Rejected)
                );
                compared++;
            }
        }
        if (compared == 0)
            throw Golden.Skip("attacks: TextAttack's metrics (no summary for a whole set)");
    }

    [SkippableFact]
    public void The_csv_is_TextAttacks()
    {
        var outcome = Outcome("a", AttackResult.Success, 28, 4, 1) with
        {
            Original = [new("text", "a \"good\" film .\nFine")],
            Perturbed = [new("text", "a \"grand\" film .\nFine")],
            OriginalMarks = [1],
            PerturbedMarks = [1],
            OriginalScore = 0.09334743022918701,
            PerturbedScore = 1e-5,
        };
        Assert.Equal(
            "\"a \"\"[[good]]\"\" film .<SPLIT>Fine\",\"a \"\"[[grand]]\"\" film "
                + ".<SPLIT>Fine\",0.09334743022918701,1e-05,1.0,0.0,1.0,28.0,\"Successful\"",
            TextAttackFormat.Row(outcome, TextAttackVersion.V034)
        );
        var pair = outcome with
        {
            Original = [new("premise", "A dog"), new("hypothesis", "An animal")],
            OriginalMarks = [3],
            Result = AttackResult.Skipped,
        };
        Assert.StartsWith(
            "\"[[[[Premise]]]]: A dog<SPLIT>[[[[Hypothesis]]]]: An [[animal]]\",",
            TextAttackFormat.Row(pair, TextAttackVersion.V034),
            StringComparison.Ordinal
        );
        Assert.EndsWith(",\"Skipped\"", TextAttackFormat.Row(pair, TextAttackVersion.V034), StringComparison.Ordinal);
        Assert.Equal(9, TextAttackFormat.Header.Split(',').Length);
    }

    [SkippableFact]
    public void The_summary_file_is_TextAttacks()
    {
        var summary = AttackSummary.From(
            [
                Outcome("a", AttackResult.Success, 28, 4, 1),
                Outcome("b", AttackResult.Failed, 16, 20, 0),
                Outcome("c", AttackResult.Skipped, 1, 3, 0),
            ],
            Settings()
        );
        using var json = JsonDocument.Parse(TextAttackFormat.Summary(summary));
        Assert.Equal(["Attack Details", "Attack Results"], json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            "Number of successful attacks:=1 Number of failed attacks:=1 Number of skipped attacks:=1 Original "
                + "accuracy:=66.67 Accuracy under attack:=33.33 "
                + "Attack success rate:=50.0 Average perturbed word %:=25.0 Average num. words per input:=9.0 "
                + "Avg num queries:=22.0",
            string.Join(
                ' ',
                json.RootElement.GetProperty("Attack Results")
                    .EnumerateObject()
                    .Select(p => $"{p.Name}={p.Value.GetRawText()}")
            )
        );
    }

    [SkippableFact]
    public void An_example_that_could_not_be_attacked_is_in_no_figure_and_in_the_lines()
    {
        var broken = FailedOutcome.Of("b", AttackErrorKind.NotFinite, "the victim gave NaN", queries: 3, forwards: 2);
        Assert.Equal(
            """{"id":"b","label":1,"result":"error","error":{"kind":"not_finite","message":"the victim gave NaN"}"""
                + ""","queries_asked":3,"queries_forwarded":2,"original":{"text":"x"}}""",
            AttackJson.Line(broken)
        );
        Assert.Equal(AttackJson.Line(broken), AttackJson.Line(AttackJson.Parse(AttackJson.Line(broken))));
        List<AttackOutcome> others =
        [
            Outcome("a", AttackResult.Success, 28, 4, 1),
            Outcome("c", AttackResult.Failed, 16, 20, 0) with
            {
                StoppedByTime = true,
            },
        ];
        var (with, without) = (
            AttackSummary.From([.. others, broken], Settings()),
            AttackSummary.From(others, Settings())
        );
        Assert.Equal((1, 1, 2), (with.Errors, with.StoppedByTime, with.Examples));
        Assert.Equal(AttackJson.Write(without), AttackJson.Write(with with { Errors = 0 }));
        Assert.True(AttackJson.Parse(AttackJson.Line(others[1])).StoppedByTime);
        Assert.Throws<JsonException>(() =>
            AttackJson.Parse(AttackJson.Line(broken).Replace("not_finite", "tired", StringComparison.Ordinal))
        );
    }

    private static void Attack(string folder, IReadOnlyList<Example> inputs, int most)
    {
        using var log = AttackLog.Open(folder, Settings(), inputs);
        var attack = MadeUp.Attack();
        // Some come before their turn, as with many examples at once.
        foreach (
            var outcome in GoldenAttacks
                .Run(attack, new HashVictim(), [.. log.Remaining.Take(most)])
                .Chunk(4)
                .SelectMany(four => four.Reverse())
        )
            log.Write(outcome);
        if (log.Remaining.Count == 0)
            log.Complete();
    }

    private static List<AttackOutcome> Run(int count) =>
        GoldenAttacks.Run(MadeUp.Attack(), new HashVictim(), MadeUp.Inputs(count));

    private static AttackSettings Settings() => AttackSettings.Of(MadeUp.Attack(), "hash victim");

    private static AttackOutcome Outcome(string id, AttackResult result, int asked, int words, int changed) =>
        new(
            id,
            1,
            result,
            asked,
            asked,
            [new("text", "x")],
            [new("text", "y")],
            1,
            0,
            0.25,
            0.75,
            words,
            changed,
            [],
            [],
            null,
            [new ConstraintCount("stop-words", 4, 1)]
        );
}
