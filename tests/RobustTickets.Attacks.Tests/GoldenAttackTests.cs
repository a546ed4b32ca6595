using System.Globalization;
using System.Text.Json;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Python;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Every row of every implemented set of golden/attacks: result, number of queries and final text
/// exactly, scores within 1e-12.
/// Mutants: ranking by deletion instead of [UNK] (<see cref="Another_ranking_is_noticed"/>), a
/// stable argsort (<see cref="The_order_of_words_is_numpys"/>), other uses of
/// a masked language model (<see cref="Another_use_of_the_masked_language_model_is_noticed"/>).
/// </summary>
public class GoldenAttackTests
{
    private const double Tolerance = 1e-12;

    public static TheoryData<string, string> Sets()
    {
        var data = new TheoryData<string, string>();
        if (GoldenAttacks.Instance is not { } golden)
        {
            data.Add("none", "none");
            return data;
        }
        foreach (
            var version in Directory
                .GetDirectories(golden.Folder)
                .Select(d => Path.GetFileName(d)!)
                .Order(StringComparer.Ordinal)
        )
        {
            if (GoldenAttacks.VersionOf(version) is null)
                continue;
            foreach (var set in golden.SetsOf(version))
                data.Add(version, set);
        }
        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Sets))]
    public void Every_row_is_reproduced(string version, string set)
    {
        if (GoldenAttacks.Instance is not { } golden)
        {
            throw Golden.Skip("attacks: golden rows");
        }
        if (GoldenAttacks.Missing(set) is { } missing)
        {
            throw Golden.Skip($"attacks: {version}/{set} ({missing})");
        }
        var inputs = GoldenAttacks.Of(set).Inputs;
        var outcomes = Outcomes(golden, version, set, inputs);
        var rows = Rows(golden, version, set);
        Assert.NotEmpty(rows);
        var wrong = rows.Select(row => Difference(row, outcomes)).Where(d => d is not null).ToList();
        Assert.True(
            wrong.Count == 0,
            $"{version}/{set}: {wrong.Count} of {rows.Count} rows differ\n" + string.Join('\n', wrong.Take(5))
        );
    }

    [SkippableTheory]
    [MemberData(nameof(Sets))]
    public void The_summary_of_the_whole_run_is_reproduced(string version, string set)
    {
        var path = GoldenAttacks.Instance is { } g ? Path.Combine(g.Folder, version, "summary.json") : "";
        if (GoldenAttacks.Instance is not { } golden || !File.Exists(path))
        {
            throw Golden.Skip("attacks: golden summaries");
        }
        if (GoldenAttacks.Missing(set) is { } missing)
        {
            throw Golden.Skip($"attacks: {version}/{set} ({missing})");
        }
        var inputs = GoldenAttacks.Of(set).Inputs;
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        if (!json.RootElement.TryGetProperty(set, out var expected))
            return;
        var n = expected.GetProperty("n").GetInt32();
        var outcomes = Outcomes(golden, version, set, inputs);
        if (golden.Inputs(inputs).Count < n)
            return;
        var run = golden.Inputs(inputs).Take(n).Select(i => outcomes[i.Id]).ToList();
        Assert.Equal(expected.GetProperty("succ").GetInt32(), run.Count(o => o.Result == AttackResult.Success));
        Assert.Equal(expected.GetProperty("fail").GetInt32(), run.Count(o => o.Result == AttackResult.Failed));
        Assert.Equal(expected.GetProperty("skip").GetInt32(), run.Count(o => o.Result == AttackResult.Skipped));
        Assert.Equal(expected.GetProperty("q").GetInt64(), run.Sum(o => (long)o.Queries));
    }

    [SkippableFact]
    public void Another_ranking_is_noticed()
    {
        if (
            GoldenAttacks.Instance is not { } golden
            || !File.Exists(Path.Combine(golden.Folder, "v0.3.4", "tf_unk_maxrate.jsonl"))
        )
        {
            throw Golden.Skip("attacks: mutant of tf_unk_maxrate");
        }
        // The mutant ranks by deletion where the set ranks by [UNK]: a difference of one query's
        // text per word.
        var right = golden.Attack("tf_unk_maxrate", TextAttackVersion.V034);
        var mutant = right with { Search = new GreedyWordRanking(WordRanking.Delete) };
        var outcomes = GoldenAttacks
            .Run(mutant, golden.Victim("sentiment"), golden.Inputs("sentiment"))
            .ToDictionary(o => o.Id);
        Assert.Contains(Rows(golden, "v0.3.4", "tf_unk_maxrate"), row => Difference(row, outcomes) is not null);
    }

    [SkippableTheory]
    [InlineData("bertattack_k*", "masked text instead of the unmasked one")]
    [InlineData("bertattack_k*", "one candidate less a piece")]
    [InlineData("bertattack_k*", "a tenth of the places may change")]
    [InlineData("bae_k*", "another least probability")]
    [InlineData("bae_k*", "the first and last word are hidden whole")]
    public void Another_use_of_the_masked_language_model_is_noticed(string form, string mutation)
    {
        if (
            GoldenAttacks.Instance is not { } golden
            || !Directory.Exists(Path.Combine(golden.Folder, "v0.3.4"))
            || golden.SetsOf("v0.3.4").FirstOrDefault(s => GoldenAttacks.Parse(s).Form == form) is not { } set
            || GoldenAttacks.Missing(set) is not null
        )
        {
            throw Golden.Skip($"attacks: mutant of {form}");
        }
        var size = GoldenAttacks.Parse(set).Size;
        var right = golden.Attack(set, TextAttackVersion.V034);
        var mutant = mutation switch
        {
            "masked text instead of the unmasked one" => right with
            {
                Transformation = new BaeSwap(golden.Masked, size, 0),
            },
            "one candidate less a piece" => right with { Transformation = new BertAttackSwap(golden.Masked, size - 1) },
            "a tenth of the places may change" => right with
            {
                Constraints = [new MaxWordsPerturbed(0.1), .. right.Constraints.Skip(1)],
            },
            "another least probability" => right with { Transformation = new BaeSwap(golden.Masked, size, 2e-2) },
            _ => right with { Transformation = new WholeTextSwap(golden.Masked, size) },
        };
        var outcomes = GoldenAttacks
            .Run(mutant, golden.Victim("sentiment"), Needed(golden, "v0.3.4", set, "sentiment"))
            .ToDictionary(o => o.Id);
        Assert.Contains(Rows(golden, "v0.3.4", set), row => Difference(row, outcomes) is not null);
    }

    [SkippableTheory]
    [InlineData("tb_all", "no look-alikes")]
    [InlineData("tb_lcg", "deletion before insertion")]
    [InlineData("tb_np42", "another seed")]
    [InlineData("dwb_np42", "a stream per example")]
    [InlineData("dwb_lcg", "edits in the other order")]
    [InlineData("pwws_embedding", "ranked by [UNK] alone")]
    [InlineData("pwws_embedding", "ranked by deletion")]
    [InlineData("pwws_wordnet", "neighbours for synonyms")]
    [InlineData("beam4", "a beam of three")]
    [InlineData("greedy1", "a fifth of the places may change")]
    public void Another_transformation_search_or_stream_is_noticed(string set, string mutation)
    {
        if (
            GoldenAttacks.Instance is not { } golden
            || !File.Exists(Path.Combine(golden.Folder, "v0.3.4", set + ".jsonl"))
            || GoldenAttacks.Missing(set) is not null
        )
        {
            throw Golden.Skip($"attacks: mutant of {set}");
        }
        var right = golden.Attack(set, TextAttackVersion.V034);
        IReadOnlyList<Transformation> Parts() => ((CompositeSwap)right.Transformation).Parts;
        var mutant = mutation switch
        {
            "no look-alikes" => right with
            {
                Transformation = new CompositeSwap([.. Parts().Where(p => p is not HomoglyphSwap)]),
            },
            "deletion before insertion" => right with
            {
                Transformation = new CompositeSwap([Parts()[1], Parts()[0], .. Parts().Skip(2)]),
            },
            "another seed" => right with { Randomness = new StreamPerRun(43) },
            "a stream per example" => right with { Randomness = new StreamPerExample(42) },
            "edits in the other order" => right with { Transformation = new CompositeSwap([.. Parts().Reverse()]) },
            "ranked by [UNK] alone" => right with { Search = new GreedyWordRanking(WordRanking.Unknown) },
            "ranked by deletion" => right with { Search = new GreedyWordRanking(WordRanking.Delete) },
            "neighbours for synonyms" => right with { Transformation = new EmbeddingSwap(golden.Neighbours, 4) },
            "a beam of three" => right with { Search = new BeamSearch(3) },
            _ => right with { Positions = [.. right.Positions.SkipLast(1), new MaxModificationRate(0.2, 2)] },
        };
        var outcomes = GoldenAttacks
            .Run(mutant, golden.Victim("sentiment"), Needed(golden, "v0.3.4", set, "sentiment"))
            .ToDictionary(o => o.Id);
        Assert.Contains(Rows(golden, "v0.3.4", set), row => Difference(row, outcomes) is not null);
    }

    [SkippableTheory]
    [MemberData(nameof(Sets))]
    public void The_order_of_words_is_numpys(string version, string set)
    {
        if (GoldenAttacks.Instance is not { } golden)
        {
            throw Golden.Skip("attacks: golden word orders");
        }
        if (GoldenAttacks.Missing(set) is { } missing)
        {
            throw Golden.Skip($"attacks: order of {version}/{set} ({missing})");
        }
        var (inputs, ranking, _, _) = GoldenAttacks.Of(set);
        if (ranking is null)
            return;
        var victim = golden.Victim(inputs);
        var examples = golden.Inputs(inputs).ToDictionary(i => i.Id);
        foreach (var row in Rows(golden, version, set))
        {
            if (!row.TryGetProperty("wir_order", out var order) || !row.TryGetProperty("wir_scores", out var scores))
                continue;
            var example = examples[row.GetProperty("id").GetRawText()];
            var text = AttackedText.Create(example.Columns, GoldenAttacks.VersionOf(version)!.Value);
            // The stored scores are rounded, which makes ties; the order comes from the exact ones.
            double[] rounded = [.. scores.EnumerateArray().Select(s => s.GetDouble())];
            int[] positions = row.TryGetProperty("indices_to_order", out var p)
                ? [.. p.EnumerateArray().Select(i => i.GetInt32())]
                : [.. Enumerable.Range(0, rounded.Length)];
            double[] keys =
            [
                .. positions
                    .Take(rounded.Length)
                    .Select(i => ranking == WordRanking.Unknown ? text.Replace(i, "[UNK]") : text.Delete(i))
                    .Select(t => -(1 - victim.Predict([t.ToTextPair()])[0][example.Label])),
            ];
            Assert.All(keys.Zip(rounded), k => Assert.True(Math.Abs(k.First + k.Second) <= Tolerance));
            var expected = order.EnumerateArray().Select(i => i.GetInt32()).ToList();
            Assert.Equal(expected, NumpyArgsort.Sort(keys).Select(i => positions[i]));
            var stable = Enumerable.Range(0, keys.Length).OrderBy(i => keys[i]).Select(i => positions[i]);
            if (row.TryGetProperty("order_equals_stable_sort", out var same))
                Assert.Equal(same.GetBoolean(), expected.SequenceEqual(stable));
        }
    }

    private static Dictionary<string, AttackOutcome> Outcomes(
        GoldenAttacks golden,
        string version,
        string set,
        string inputs
    )
    {
        lock (Cache)
        {
            if (Cache.TryGetValue((version, set), out var known))
                return known;
            var attack = golden.Attack(set, GoldenAttacks.VersionOf(version)!.Value);
            return Cache[(version, set)] = GoldenAttacks
                .Run(attack, golden.Victim(inputs), Needed(golden, version, set, inputs))
                .ToDictionary(o => o.Id);
        }
    }

    // The inputs up to the last one that a row or the summary of the set speaks of.
    private static List<Example> Needed(GoldenAttacks golden, string version, string set, string inputs)
    {
        var all = golden.Inputs(inputs);
        var rows = Rows(golden, version, set).Select(r => r.GetProperty("id").GetRawText()).ToHashSet();
        var count = all.FindLastIndex(i => rows.Contains(i.Id)) + 1;
        var summary = Path.Combine(golden.Folder, version, "summary.json");
        if (File.Exists(summary))
        {
            using var json = JsonDocument.Parse(File.ReadAllText(summary));
            if (json.RootElement.TryGetProperty(set, out var expected))
                count = Math.Max(count, expected.GetProperty("n").GetInt32());
        }
        return all[..Math.Min(count, all.Count)];
    }

    private static readonly Dictionary<(string, string), Dictionary<string, AttackOutcome>> Cache = [];

    private static List<JsonElement> Rows(GoldenAttacks golden, string version, string set) =>
        [
            .. File.ReadLines(Path.Combine(golden.Folder, version, set + ".jsonl"))
                .Where(l => l.Length > 0)
                .Select(l => JsonDocument.Parse(l).RootElement),
        ];

    private static string? Difference(JsonElement row, Dictionary<string, AttackOutcome> outcomes)
    {
        var id = row.GetProperty("id").GetRawText();
        var o = outcomes[id];
        var expected = (
            row.GetProperty("result").GetString(),
            row.GetProperty("num_queries").GetInt32(),
            row.GetProperty("orig_output").GetInt32(),
            row.GetProperty("pert_output").GetInt32(),
            row.GetProperty("words_changed").GetInt32(),
            row.GetProperty("num_words").GetInt32()
        );
        var actual = (
            o.Result.ToString().ToLowerInvariant(),
            o.Queries,
            o.OriginalOutput,
            o.PerturbedOutput,
            o.WordsChanged,
            o.Words
        );
        if (expected != actual)
            return $"row {id}: expected {expected}, got {actual}";
        // A single column is given as a string; a pair whose marker was damaged, too.
        var text = row.GetProperty("perturbed");
        var columns =
            text.ValueKind == JsonValueKind.String
                ? [text.GetString()!]
                : text.EnumerateObject().Select(p => p.Value.GetString()!).ToList();
        if (!columns.SequenceEqual(o.Perturbed.Select(c => c.Value)))
            return $"row {id}: expected {text}, got {string.Join(" | ", o.Perturbed.Select(c => c.Value))}";
        var (s0, s1) = (row.GetProperty("orig_score").GetDouble(), row.GetProperty("pert_score").GetDouble());
        if (!double.IsFinite(s0) || !double.IsFinite(s1))
            return $"row {id}: the reference is not finite";
        if (Math.Abs(s0 - o.OriginalScore) > Tolerance || Math.Abs(s1 - o.PerturbedScore) > Tolerance)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"row {id}: expected scores {s0:R} {s1:R}, got {o.OriginalScore:R} {o.PerturbedScore:R}"
            );
        }
        var similarity = row.TryGetProperty("similarity", out var s) ? s.GetDouble() : (double?)null;
        if (similarity is { } e && !(o.Similarity is { } a && Math.Abs(e - a) <= 1e-9))
            return $"row {id}: expected similarity {e}, got {o.Similarity}";
        return null;
    }

    // BAE without the cut to the first and last word (what TextAttack's main branch does), and
    // without its other rules.
    private sealed record WholeTextSwap(IMaskedLanguageModel Model, int Count) : MaskedSwap(Model)
    {
        public override string Name => "mutant";

        protected override IReadOnlyList<MaskedQuestion> Questions(AttackedText current, int position)
        {
            var text = current.Replace(position, Model.MaskToken).Text;
            var place = MaskPlace(text);
            return place < 0 ? [] : [new MaskedQuestion(text, place, Model.VocabularySize, 5e-4)];
        }

        protected override IEnumerable<string> Substitutes(AttackedText current, IReadOnlyList<int[]> answers) =>
            answers[0].Select(Model.Token).Where(t => WordSplitter.IsOneWord(t, current.Version)).Take(Count);
    }
}
