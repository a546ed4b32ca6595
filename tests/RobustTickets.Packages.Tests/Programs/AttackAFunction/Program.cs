using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Resources;

var neighbours = new NeighbourTable(new() { ["good"] = ["fine"], ["moving"] = ["touching"] });
var attack = AttackRecipe.TextFooler(new AttackParts(neighbours, StopWords.English)).Build();
var review = new Example("a", "a good and moving film", 1);
await foreach (var outcome in new AttackEngine(attack, new WordVictim()).RunAsync([review]))
    Console.WriteLine($"{outcome.Result}: {outcome.Perturbed[0].Value}");

/// <summary>Positive as far as a text says "good" and "moving".</summary>
internal sealed class WordVictim : IVictim
{
    public int ClassCount => 2;

    public double[][] Predict(IReadOnlyList<TextPair> inputs) =>
        [.. inputs.Select(input => Scores(input.First.Split(' ').Count(word => word is "good" or "moving") / 3.0))];

    private static double[] Scores(double positive) => [1 - positive, positive];
}
