// Loss by quantization: accuracy and accuracy under attack of source and export, on the same
// held-out rows.
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Terminal;
using RobustTickets.OnnxRuntime;

namespace RobustTickets.Cli.Onnx;

/// <summary>Everything a measurement needs except the export.</summary>
/// <param name="Models">Models of the attack; disposed with this.</param>
/// <param name="Source">The source model; disposed with this.</param>
/// <param name="Attack">The attack.</param>
/// <param name="Engine">Engine options of the attack.</param>
/// <param name="Examples">Rows to measure accuracy on.</param>
/// <param name="Attacked">The subset of rows to attack.</param>
/// <param name="Stop">Cancels the measurement.</param>
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
    /// <param name="export">The exported folder.</param>
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

/// <summary>Figures before and after quantization.</summary>
/// <param name="Examples">Number of examples.</param>
/// <param name="CorrectBefore">Number correct before.</param>
/// <param name="CorrectAfter">Number correct after.</param>
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
    /// <summary>The figures as text.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"quantization: accuracy {Figures.Percent((double)CorrectBefore / Examples)} -> "
                + $"{Figures.Percent((double)CorrectAfter / Examples)} of {Examples:N0} examples; under "
                + $"{Before.Settings.Recipe} {Before.Aua:0.0} % [{Before.AuaLow:0.0}, {Before.AuaHigh:0.0}] -> "
                + $"{After.Aua:0.0} % [{After.AuaLow:0.0}, {After.AuaHigh:0.0}] of {Before.Examples:N0}"
        );

    /// <summary>The figures as JSON.</summary>
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

    // NaN means that no example was judged.
    private static JsonNode? Figure(double value) => double.IsNaN(value) ? null : JsonValue.Create(value);
}
