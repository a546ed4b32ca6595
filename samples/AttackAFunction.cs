using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Recipes;
using RobustTickets.Attacks.Resources;

/// <summary>
/// Attacks a function of this program: a sentiment model of two word lists. No libtorch, no model
/// file; references RobustTickets.Attacks alone.
/// </summary>
public sealed class WordListVictim : IVictim
{
    public int ClassCount => 2;

    public double[][] Predict(IReadOnlyList<VictimInput> inputs) =>
        [
            .. inputs.Select(input =>
            {
                var words = input.Text.Split(' ');
                var score =
                    words.Count(w => w is "good" or "moving" or "warm") - words.Count(w => w is "dull" or "flat");
                var positive = 1 / (1 + Math.Exp(-score));
                return new[] { 1 - positive, positive };
            }),
        ];

    public static async Task Run(TextWriter output)
    {
        var neighbours = new NeighbourTable(
            new()
            {
                ["good"] = ["fine", "great"],
                ["moving"] = ["touching"],
                ["warm"] = ["tepid"],
            }
        );
        var attack = TextFooler.Create(new AttackResources(neighbours, StopWords.English, null, null, []));
        var reviews = new[]
        {
            AttackInput.Of("a", "a good and moving film", 1),
            AttackInput.Of("b", "a dull story", 0),
        };
        await foreach (var outcome in new AttackEngine(attack, new WordListVictim()).RunAsync(reviews))
        {
            output.WriteLine(
                $"{outcome.Id}: {outcome.Result} after {outcome.Asked} queries: {outcome.Perturbed[0].Value}"
            );
        }
    }
}
