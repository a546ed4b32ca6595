using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Searches;
using RobustTickets.Attacks.Transformations;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>
/// What of a text the sentence encoder sees: the recipe's window, or on request the whole text, of
/// which the description then says that it is no published number.
/// </summary>
public sealed class SimilarityWindowTests
{
    private const int Published = 15;

    [Theory]
    [InlineData("textfooler")]
    [InlineData("bae")]
    [InlineData("bert-attack-released")]
    public void A_recipe_takes_the_whole_text_where_it_is_asked_to_and_says_so(string recipe)
    {
        var (rule, line) = Built(recipe, new AttackOptions());
        Assert.Equal(Published, rule.Window);
        Assert.Contains($"window {Published}", line.Value, StringComparison.Ordinal);
        Assert.NotEqual("option", line.Source);

        var (whole, other) = Built(recipe, new AttackOptions(Window: SimilarityWindow.WholeText));
        Assert.Null(whole.Window);
        Assert.Contains("whole text", other.Value, StringComparison.Ordinal);
        Assert.Equal("option", other.Source);
        Assert.Equal("option", Built(recipe, new AttackOptions(SimilarityThreshold: 0.5)).Line.Source);
    }

    [Fact]
    public void A_whole_text_is_encoded_whole_however_short_or_long()
    {
        foreach (var words in new[] { 5, 40 })
        {
            var text = AttackedText.Create(string.Join(' ', MadeUp.Words[..words]));
            string[] both = [text.Text, text.Replace(2, "other").Text];
            Assert.Equal(both, Encoded(SimilarityWindow.WholeText, text));
            // A short text is exempt from the window, of a long one a part is seen.
            var published = Encoded(SimilarityWindow.AsPublished, text);
            Assert.Equal(words < Published ? 0 : 2, published.Count);
            Assert.All(published, seen => Assert.Equal(Published, seen.Split(' ').Length));
        }

        static IReadOnlyList<string> Encoded(SimilarityWindow window, AttackedText text)
        {
            var (rule, _) = Built("textfooler", new AttackOptions(Window: window));
            var requests = rule.Filter(text, [new Candidate(text.Replace(2, "other"))])
                .OfType<EncodeRequest>()
                .Select(request =>
                {
                    request.Vectors = [.. request.Texts.Select(_ => new double[] { 1, 0 })];
                    return request;
                });
            return [.. requests.SelectMany(request => request.Texts)];
        }
    }

    private static (SentenceSimilarity Rule, RecipeLine Line) Built(string recipe, AttackOptions options)
    {
        var masked = new RobustTickets.Testing.ToyMaskedLanguageModel([
            "[PAD]",
            "[UNK]",
            "[MASK]",
            .. MadeUp.Words.Distinct(),
        ]);
        var parts = new AttackParts(MadeUp.Neighbours, MadeUp.StopWords)
        {
            Encoder = new HashEncoder(),
            MaskedLM = masked,
        };
        var attack = (AttackRecipe.Find(recipe) with { Resources = parts, Options = options }).Build();
        return (
            Assert.Single(attack.Constraints.OfType<SentenceSimilarity>()),
            Assert.Single(attack.Lines, line => line.Item == "sentence similarity")
        );
    }
}
