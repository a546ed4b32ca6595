using RobustTickets.Attacks.Goals;
using RobustTickets.Attacks.Transformations;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// The recipes over a masked language model as values, and on pairs and four classes.
/// </summary>
public class MaskedRecipeTests
{
    private static readonly AttackParts Resources = new(MadeUp.Neighbours, MadeUp.StopWords, MaskedLM: Model());

    private static ToyMaskedLanguageModel Model() =>
        new(
            [
                "[PAD]",
                "[UNK]",
                "[CLS]",
                "[SEP]",
                "[MASK]",
                ".",
                ",",
                .. MadeUp.Words.Distinct().Take(150),
                "##n",
                "##ba",
            ],
            128
        );

    [Theory]
    [InlineData(TextAttackVersion.V034, "bert-attack", 50)]
    [InlineData(TextAttackVersion.Head, "bert-attack", 50)]
    [InlineData(TextAttackVersion.V030, "bert-attack-library", 48)]
    [InlineData(TextAttackVersion.V034, "bert-attack-library", 48)]
    [InlineData(TextAttackVersion.Head, "bert-attack-library", 8)]
    public void BertAttack_has_its_published_numbers(TextAttackVersion version, string name, int candidates)
    {
        var recipe = AttackRecipe.Find(name) with
        {
            Resources = Resources with { Encoder = new HashEncoder() },
            Options = new AttackOptions(Version: version),
        };
        var attack = recipe.Build();
        Assert.Equal((name, candidates), (attack.Name, Assert.IsType<BertAttackSwap>(attack.Transformation).Count));
        Assert.Equal("greedy-word-ranking (unk)", attack.Search.Name);
        Assert.Equal(["no-repeat", "stop-words"], attack.Positions.Select(p => p.Name));
        Assert.Equal(["max-words-perturbed", "sentence-similarity"], attack.Constraints.Select(c => c.Name));
        Assert.Contains(
            attack.Lines,
            l => l.Value.Contains("cosine >= 0.2, whole text, against the original text", StringComparison.Ordinal)
        );
        var varied = BertAttackRecipe.Build(
            Resources,
            recipe.Options with
            {
                Candidates = 7,
            },
            name == "bert-attack" ? BertAttackSize.Paper : BertAttackSize.Library
        );
        Assert.Equal("option", varied.Lines.Single(l => l.Item == "transformation").Source);
        Assert.Contains(
            varied.Lines,
            l => l.Item == "sentence similarity" && l.Source.StartsWith("no ", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Bae_has_its_published_numbers()
    {
        var attack = AttackRecipe.Bae(Resources with { Encoder = new HashEncoder() }).Build();
        var swap = Assert.IsType<BaeSwap>(attack.Transformation);
        Assert.Equal((50, 5e-4), (swap.Count, swap.MinProbability));
        Assert.Equal("greedy-word-ranking (delete)", attack.Search.Name);
        Assert.Equal(["sentence-similarity"], attack.Constraints.Select(c => c.Name));
        Assert.Contains(
            attack.Lines,
            l => l.Item == "part of speech" && l.Source.StartsWith("no ", StringComparison.Ordinal)
        );
        Assert.Contains(
            attack.Lines,
            l => l.Value.Contains("cosine >= 0.936338023, window 15", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData(TextAttackVersion.V034)]
    [InlineData(TextAttackVersion.Head)]
    public void Pairs_of_four_classes_are_attacked_in_both_columns_and_every_change_is_within_bounds(
        TextAttackVersion version
    )
    {
        // Neither recipe has a column rule: TextAttack's BERT-Attack and BAE change premises too.
        var inputs = MadeUp.Inputs(60, classes: 4, seed: 12);
        var options = new AttackOptions(Candidates: 10, Version: version, Precision: ScorePrecision.Double);
        var bae = AttackRecipe.Bae(Resources, options).Build();
        var likely = Assert.IsType<BaeSwap>(bae.Transformation);
        Attack[] attacks =
        [
            AttackRecipe.BertAttack(Resources, options).Build(),
            bae with
            {
                Transformation = likely with { MinProbability = 1e-6 },
            },
        ];
        foreach (var attack in attacks)
        {
            var outcomes = GoldenAttacks.Run(attack, new HashVictim(4), inputs);
            var pairs = outcomes.Where(o => o.Original.Count == 2).ToList();
            Assert.Contains(pairs, o => o.Original[0].Value != o.Perturbed[0].Value);
            Assert.Contains(pairs, o => o.Original[1].Value != o.Perturbed[^1].Value);
            Assert.Equal(["premise", "hypothesis"], pairs[0].Perturbed.Select(c => c.Key));
            Assert.True(
                outcomes.Where(o => o.Result == AttackResult.Success).Select(o => o.PerturbedOutput).Distinct().Count()
                    > 2
            );
            foreach (var o in outcomes)
            {
                Assert.All(
                    o.OriginalMarks,
                    p => Assert.False(MadeUp.StopWords.Contains(AttackedText.Create(o.Original, version).Words[p]))
                );
                if (attack.Name == "bert-attack")
                    Assert.True(o.WordsChanged <= Math.Ceiling(0.4 * o.Words));
            }
        }
    }
}
