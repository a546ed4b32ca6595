// What quantization costs: accuracy and accuracy under attack of the source and of the export, on
// the same held-out rows.
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Terminal;
using RobustTickets.OnnxRuntime;

namespace RobustTickets.Cli.Onnx;

/// <summary>All that a measurement needs but the export.</summary>
/// <param name="Models">Models of the attack; disposed with this.</param>
/// <param name="Source">The model that is exported; disposed with this.</param>
/// <param name="Attack">The attack.</param>
/// <param name="Engine">How it runs.</param>
/// <param name="Examples">Rows whose accuracy is measured.</param>
/// <param name="Attacked">Those of them that are attacked.</param>
/// <param name="Stop">Breaks it off.</param>
internal sealed record QuantizationMeasure(
    AttackModels Models,
    Classifier Source,
    Attack Attack,
    AttackEngineOptions Engine,
    IReadOnlyList<Example> Examples,
    IReadOnlyList<Example> Attacked,
    CancellationToken Stop
) : IDisposable
{
    /// <summary>Measures both models.</summary>
    /// <param name="export">Folder that was written.</param>
    public QuantizationLoss Of(string export)
    {
        using var after = OnnxClassifier.Load(export);
        return new QuantizationLoss(
            Examples.Count,
            Correct(Source),
            Correct(after),
            UnderAttack(Source),
            UnderAttack(after)
        );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Source.Dispose();
        Models.Dispose();
    }

    private AttackSummary UnderAttack(ITextClassifier model) =>
        AttackSummary.From(
            new AttackEngine(Attack, model, Engine).RunAsync(Attacked, Stop).ToBlockingEnumerable(Stop),
            AttackSettings.Of(Attack, model.Name)
        );

    private int Correct(ITextClassifier model)
    {
        var correct = 0;
        foreach (var group in Examples.Chunk(256))
        {
            Stop.ThrowIfCancellationRequested();
            var rows = model.Logits([.. group.Select(e => e.Text)], Stop);
            correct += group.Zip(rows).Count(p => p.Second.ArgMax() == p.First.Label);
        }
        return correct;
    }
}

/// <summary>Figures before and after.</summary>
/// <param name="Examples">Examples whose accuracy was measured.</param>
/// <param name="CorrectBefore">Of them right before.</param>
/// <param name="CorrectAfter">Of them right after.</param>
/// <param name="Before">The attack on the source.</param>
/// <param name="After">The attack on the export.</param>
internal sealed record QuantizationLoss(
    int Examples,
    int CorrectBefore,
    int CorrectAfter,
    AttackSummary Before,
    AttackSummary After
)
{
    /// <summary>For people.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"quantization: accuracy {Figures.Percent((double)CorrectBefore / Examples)} -> "
                + $"{Figures.Percent((double)CorrectAfter / Examples)} of {Examples:N0} examples; under "
                + $"{Before.Settings.Recipe} {Before.Aua:0.0} % [{Before.AuaLow:0.0}, {Before.AuaHigh:0.0}] -> "
                + $"{After.Aua:0.0} % [{After.AuaLow:0.0}, {After.AuaHigh:0.0}] of {Before.Examples:N0}"
        );

    /// <summary>For programs.</summary>
    public JsonObject Json() =>
        new()
        {
            ["examples"] = Examples,
            ["accuracy_before"] = (double)CorrectBefore / Examples,
            ["accuracy_after"] = (double)CorrectAfter / Examples,
            ["attack"] = Before.Settings.Recipe,
            ["attacked"] = Before.Examples,
            ["aua_before"] = Figure(Before.Aua),
            ["aua_before_interval"] = new JsonArray(Figure(Before.AuaLow), Figure(Before.AuaHigh)),
            ["aua_after"] = Figure(After.Aua),
            ["aua_after_interval"] = new JsonArray(Figure(After.AuaLow), Figure(After.AuaHigh)),
        };

    // Where no example was judged there is no figure.
    private static JsonNode? Figure(double value) => double.IsNaN(value) ? null : JsonValue.Create(value);
}
