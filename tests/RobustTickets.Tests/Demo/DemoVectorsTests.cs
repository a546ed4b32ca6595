using System.Globalization;
using RobustTickets.Cli.Demo;
using RobustTickets.Cli.Demo.Corpus;
using RobustTickets.Recipes.Presets;
using Xunit;

namespace RobustTickets.Tests.Demo;

public sealed class DemoVectorsTests
{
    private static double Cosine(float[] x, float[] y)
    {
        double xy = 0,
            xx = 0,
            yy = 0;
        for (var i = 0; i < x.Length; i++)
            (xy, xx, yy) = (xy + x[i] * y[i], xx + x[i] * x[i], yy + y[i] * y[i]);
        return xy / Math.Sqrt(xx * yy);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(42)]
    public void Synonyms_are_near_others_far_and_opposites_apart(int seed)
    {
        var vectors = DemoVectors.Create(seed);
        Assert.Equal(DemoLexicon.Groups.Sum(g => g.Members.Count), vectors.Count);
        var groups = vectors.Select(v => DemoLexicon.GroupOf(v.Word)!).ToArray();
        for (var i = 0; i < vectors.Count; i++)
        {
            for (var j = i + 1; j < vectors.Count; j++)
            {
                var cosine = Cosine(vectors[i].Vector, vectors[j].Vector);
                if (groups[i] == groups[j])
                    Assert.True(cosine >= 0.7, $"{vectors[i].Word} {vectors[j].Word} {cosine}");
                else if (groups[i].Antonym == groups[j].Name || groups[j].Antonym == groups[i].Name)
                    Assert.True(cosine < 0.1, $"{vectors[i].Word} {vectors[j].Word} {cosine}");
                else
                    Assert.True(cosine < 0.4, $"{vectors[i].Word} {vectors[j].Word} {cosine}");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(42)]
    public void What_training_substitutes_means_the_same(int seed)
    {
        var vectors = DemoVectors.Create(seed);
        Assert.True(Synonyms(new DemoPlan().HardenedTicket.Retrain.Augment!.Neighbours) > 0.97);
        // The number of a vocabulary of real size takes in words of any meaning.
        Assert.True(Synonyms(RecipePresets.Get("hardened-ticket", "sst2").Retrain.Augment!.Neighbours) < 0.6);

        double Synonyms(int neighbours) =>
            vectors.Average(word =>
                vectors
                    .Where(other => other.Word != word.Word)
                    .OrderByDescending(other => Cosine(word.Vector, other.Vector))
                    .Take(neighbours)
                    .Average(other => DemoLexicon.GroupOf(other.Word) == DemoLexicon.GroupOf(word.Word) ? 1.0 : 0.0)
            );
    }

    [Fact]
    public void File_is_the_standard_text_format_and_the_same_for_a_seed()
    {
        var file = Path.GetTempFileName();
        try
        {
            DemoVectors.Write(file, 5);
            var first = File.ReadAllLines(file);
            DemoVectors.Write(file, 5);
            Assert.Equal(first, File.ReadAllLines(file));
            var vectors = DemoVectors.Create(5);
            Assert.Equal(vectors.Count, first.Length);
            for (var i = 0; i < first.Length; i++)
            {
                var parts = first[i].Split(' ');
                Assert.Equal(vectors[i].Word, parts[0]);
                Assert.Equal(DemoVectors.Dimensions, parts.Length - 1);
                Assert.InRange(
                    float.Parse(parts[4], CultureInfo.InvariantCulture) - vectors[i].Vector[3],
                    -6e-6f,
                    6e-6f
                );
            }
        }
        finally
        {
            File.Delete(file);
        }
    }
}
