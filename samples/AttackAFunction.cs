using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;

/// <summary>
/// Attacks a function of this program: a sentiment model of two word lists. No libtorch, no model
/// file; references RobustTickets.Attacks alone.
/// </summary>
public sealed class WordListVictim : IVictim
{
    public int ClassCount => 2;

    public double[][] Predict(IReadOnlyList<TextPair> inputs) => [.. inputs.Select(i => Probabilities(i.First))];

    private static double[] Probabilities(string text)
    {
        var words = text.Split(' ');
        var score = words.Count(w => w is "good" or "moving" or "warm") - words.Count(w => w is "dull" or "flat");
        var positive = 1 / (1 + Math.Exp(-score));
        return [1 - positive, positive];
    }

    public static async Task Run(TextWriter output)
    {
        var neighbours = new NeighbourTable(new() { ["good"] = ["fine", "great"], ["moving"] = ["touching"] });
        var attack = AttackRecipe.TextFooler(new AttackParts(neighbours, StopWords.English)).Build();
        var good = new Example("a", "a good and moving film", 1);
        var dull = new Example("b", "a dull story", 0);
        await foreach (var o in new AttackEngine(attack, new WordListVictim()).RunAsync([good, dull]))
            output.WriteLine($"{o.Id}: {o.Result} after {o.Queries} queries: {o.Perturbed[0].Value}");
    }
}
