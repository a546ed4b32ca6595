using RobustTickets;
using RobustTickets.Attacks;

/// <summary>
/// From a published recipe to the report of an attack: searches a robust ticket of a pre-trained
/// BERT, trains it, asks it, attacks it.
/// </summary>
public static class TrainAndAttack
{
    public static async Task<AttackReport> Run(string model, string data, string output, TextWriter log)
    {
        var recipe = Recipe.Preset("early-robust", task: "sst2") with { Seed = 7 };
        var run = recipe.Train(model, data, output);
        using var classifier = run.LoadClassifier();
        Prediction answer = classifier.Predict("a warm and thoughtful film");
        log.WriteLine($"{answer.Label}: {answer.Score:0.00}");
        var attack = AttackRecipe.DeepWordBug(AttackResources.FromUserFolder());
        return await classifier.AttackAsync(attack, run.Evaluation.Sample(20));
    }
}
