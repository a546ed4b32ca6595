using RobustTickets.Attacks.Resources;
using RobustTickets.Augmentation;
using RobustTickets.Kernels.Randomness;
using Xunit;
using static RobustTickets.Tests.Augmentation.AugmentFixture;

namespace RobustTickets.Tests.Augmentation;

public class NgramCountsTests
{
    [Fact]
    public void Pairs_count_before_words()
    {
        var counts = new NgramCounts();
        counts.Add(["a", "good", "film"]);
        counts.Add(["a", "good", "end"]);
        counts.Add(["good"]);
        Assert.Equal((3, 3), counts.Of("a", "good", "film"));
        Assert.Equal((2, 3), counts.Of("a", "good", null));
        Assert.Equal((0, 3), counts.Of(null, "good", "a"));
        Assert.Equal((0, 0), counts.Of("a", "warm", "film"));
    }

    [Fact]
    public void The_rarer_of_two_drawn_substitutes_is_taken()
    {
        // Of the four neighbours of w0, "w0a" is frequent; two draws give it in one case of 16.
        var texts = Enumerable.Range(0, 60).Select(i => Text($"t{i}", i < 30 ? "w0" : "w0a")).ToArray();
        Assert.InRange(Share(SubstituteChoice.Uniform), 0.19, 0.31);
        Assert.InRange(Share(SubstituteChoice.Rarer), 0.03, 0.10);

        double Share(SubstituteChoice choice)
        {
            var augmentation = Of(new AugmentOptions(NeighbourRate: 1, Choice: choice), texts);
            var changed = Enumerable
                .Range(0, 2000)
                .Select(i => augmentation.Change(texts[0], RandomKey.FromSeed(i))!.Value.First);
            return changed.Count(t => t == "w0a") / 2000.0;
        }
    }

    [Fact]
    public void The_place_in_the_text_decides_between_equally_frequent_words()
    {
        var table = new NeighbourTable(new() { ["fine"] = ["good", "warm"] });
        var texts = new[] { Text("a", "a fine film"), Text("b", "a good film"), Text("c", "warm good warm") };
        var augmentation = Of(
            new AugmentOptions(NeighbourRate: 1, Choice: SubstituteChoice.Rarer),
            texts,
            Sources(table)
        );
        var made = Enumerable
            .Range(0, 400)
            .Select(i => augmentation.Change(texts[0], RandomKey.FromSeed(i))!.Value.First)
            .ToArray();
        // "a warm film" has no pair of the texts, "a good film" has both.
        Assert.InRange(made.Count(t => t == "a good film") / 400.0, 0.18, 0.32);
    }
}
