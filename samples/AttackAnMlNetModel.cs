using Microsoft.ML;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;

/// <summary>
/// Attacks a transformer of ML.NET as a function of texts; references RobustTickets.Attacks and
/// Microsoft.ML.
/// </summary>
public static class AttackAnMlNetModel
{
    public sealed record Review(string Text, bool Label);

    public sealed class Answer
    {
        public float Probability { get; set; }
    }

    public static async Task Run(IReadOnlyList<Review> reviews, TextWriter output)
    {
        var ml = new MLContext(seed: 1);
        ITransformer model = ml
            .Transforms.Text.FeaturizeText("Features", nameof(Review.Text))
            .Append(ml.BinaryClassification.Trainers.SdcaLogisticRegression())
            .Fit(ml.Data.LoadFromEnumerable(reviews));
        double[][] Predict(IReadOnlyList<string> texts)
        {
            var rows = ml.Data.LoadFromEnumerable(texts.Select(text => new Review(text, false)));
            var answers = ml.Data.CreateEnumerable<Answer>(model.Transform(rows), reuseRowObject: false);
            return [.. answers.Select(a => new double[] { 1 - a.Probability, a.Probability })];
        }
        var attack = AttackRecipe.DeepWordBug(AttackResources.FromUserFolder()).Build();
        var examples = reviews.Select((r, i) => new Example($"{i}", new TextPair(r.Text), r.Label ? 1 : 0));
        await foreach (var o in new AttackEngine(attack, new FunctionVictim(2, Predict)).RunAsync([.. examples]))
            output.WriteLine($"{o.Id}: {o.Result} after {o.Queries} queries: {o.Perturbed[0].Value}");
    }
}
