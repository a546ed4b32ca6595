using System.Text.Json;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// Every row of every implemented set of golden/attacks: result, number of queries and final text
/// exactly, scores within 1e-12.
/// Mutants: ranking by deletion instead of [UNK] (<see cref="Another_ranking_is_noticed"/>), other
/// uses of a masked language model
/// (<see cref="Another_use_of_the_masked_language_model_is_noticed"/>), and for every set a rule
/// less or another release (<see cref="GoldenMutantTests"/>).
/// </summary>
public class GoldenAttackTests
{
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
        var outcomes = GoldenRows.Outcomes(golden, version, set, inputs);
        var rows = GoldenRows.Rows(golden, version, set);
        Assert.NotEmpty(rows);
        var wrong = rows.Select(row => GoldenRows.Difference(row, outcomes)).Where(d => d is not null).ToList();
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
        {
            throw Golden.Skip($"attacks: summary of {version}/{set}");
        }
        var n = expected.GetProperty("n").GetInt32();
        var outcomes = GoldenRows.Outcomes(golden, version, set, inputs);
        if (golden.Inputs(inputs).Count < n)
        {
            throw Golden.Skip($"attacks: the {n} inputs of {version}/{set}");
        }
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
        GoldenRows.RequireNoticed(golden, "v0.3.4", "tf_unk_maxrate", mutant);
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
        GoldenRows.RequireNoticed(golden, "v0.3.4", set, mutant);
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
        GoldenRows.RequireNoticed(golden, "v0.3.4", set, mutant);
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
