using RobustTickets.Attacks;
using RobustTickets.OnnxRuntime;

/// <summary>
/// Attacks a classifier in an ONNX file, whoever exported it; references RobustTickets.OnnxRuntime
/// alone. No libtorch, any operating system.
/// </summary>
public static class AttackAnOnnxModel
{
    public static async Task Run(string model, IEnumerable<(string Text, string Label)> rows, TextWriter output)
    {
        // FILE.onnx, or a folder with model.onnx; tokenizer and config.json beside it.
        using var classifier = OnnxClassifier.Load(model, new OnnxOptions(MaxLength: 128));
        var labels = classifier.Labels.ToList();
        var examples = rows.Select((row, i) => new Example($"{i}", new TextPair(row.Text), labels.IndexOf(row.Label)));
        var attack = AttackRecipe.DeepWordBug(AttackResources.FromUserFolder());
        var report = await classifier.AttackAsync(attack, [.. examples]);
        foreach (var o in report.Outcomes)
            output.WriteLine($"{o.Id}: {o.Result} after {o.Queries} queries: {o.Perturbed[0].Value}");
        output.WriteLine($"{report.Summary.Failed} right under attack");
    }
}
