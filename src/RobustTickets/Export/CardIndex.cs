// The part of a model card's front matter that the Hugging Face Hub shows as evaluation results:
// datasets, metrics, and model-index with Clean and one Aua per attack, as fractions.
using System.Text;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Runs;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Export;

/// <summary>Writes the machine-readable results of a model card.</summary>
internal static class CardIndex
{
    /// <summary>YAML lines; empty without results.</summary>
    /// <param name="model">Name of the model.</param>
    /// <param name="result">The run's result, or null.</param>
    /// <param name="clean">Its accuracy on the reported split, in [0, 1], or null.</param>
    /// <param name="attacks">Its attacks, each with judged examples.</param>
    public static string Of(string model, RunResult? result, double? clean, IReadOnlyList<AttackSummary> attacks)
    {
        if (result is null)
            return "";
        var text = new StringBuilder(Text($"datasets:\n- {Quoted(result.Task)}\n"));
        if (clean is null && attacks.Count == 0)
            return text.ToString();
        text.Append(Text($"metrics:\n- accuracy\nmodel-index:\n- name: {Quoted(model)}\n  results:\n"));
        if (clean is { } accuracy)
        {
            var data = $"{result.Task} {result.EvaluatedSplit}";
            text.Append(Entry(data, result.Task, Text($"Clean, {result.EvaluatedExamples} examples"), accuracy));
        }
        foreach (var attack in attacks)
        {
            var line = attack.Settings.Run.FirstOrDefault(l => l.Item == "data")?.Value;
            var data = line?.Split(", sha256 ")[0] ?? result.Task;
            var name = Text($"Aua under {attack.Settings.Recipe}, {attack.Examples} examples");
            text.Append(Entry(data, data.Split(' ')[0], name, attack.Aua / 100));
        }
        return text.ToString();
    }

    /// <summary>A YAML string in double quotes.</summary>
    public static string Quoted(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Entry(string data, string task, string metric, double value) =>
        Text(
            $"  - task:\n      type: text-classification\n",
            $"    dataset:\n      name: {Quoted(data)}\n      type: {Quoted(task)}\n",
            $"    metrics:\n    - type: accuracy\n      name: {Quoted(metric)}\n      value: {value:0.####}\n"
        );
}
