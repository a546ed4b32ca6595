using RobustTickets;
using RobustTickets.Attacks;

/// <summary>
/// From a published recipe to a report of an attack: searches a robust ticket of a pre-trained
/// BERT,
/// trains it, asks it, attacks it.
/// </summary>
public static class TrainAndAttack
{
    public static async Task<AttackReport> Run(string model, string data, string output, Attack attack)
    {
        var recipe = Recipe.Preset("early-robust", task: "sst2") with { Seed = 7 };
        var run = recipe.Train(model, data, output);
        using var classifier = run.LoadClassifier();
        Prediction answer = classifier.Predict("a warm and thoughtful film");
        Report.WriteLine($"{answer.Label} ({answer.Score:0.00})");
        return await classifier.AttackAsync(attack, run.Evaluation.Sample(20));
    }

    public static TextWriter Report { get; set; } = TextWriter.Null;
}
