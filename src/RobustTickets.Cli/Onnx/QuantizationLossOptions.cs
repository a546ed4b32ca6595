// What quantization costs: accuracy and accuracy under attack of the source and of the export, on
// the same held-out rows.
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Commands;
using RobustTickets.Cli.Terminal;
using RobustTickets.OnnxRuntime;

namespace RobustTickets.Cli.Onnx;

/// <summary>Options that say on what it is measured.</summary>
internal sealed class QuantizationLossOptions
{
    private readonly DataOptionSet _data;
    private readonly AttackOptionSet _attack;
    private readonly Option<string?> _split = CommonOptions.Split();
    private readonly Option<int?> _count = CommonOptions.Count(
        "--num-examples",
        1,
        "examples attacked to measure the loss in accuracy under attack; default 100"
    );

    /// <param name="command">The command they belong to.</param>
    public QuantizationLossOptions(Command command)
    {
        _data = new DataOptionSet(command, "read only the first N examples of the split", required: false);
        command.Add(_split);
        command.Add(_count);
        _attack = new AttackOptionSet(command);
    }

    /// <summary>Whether one of them was given.</summary>
    public bool AnyGiven(ParseResult parsed) =>
        _data.AnyGiven(parsed) || new Option[] { _split, _count }.Any(o => parsed.GetResult(o) is { Implicit: false });

    /// <summary>Measures both models; null without data.</summary>
    /// <param name="context">Is told which rows they are.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="source">Folder that was exported.</param>
    /// <param name="target">Folder that was written.</param>
    public QuantizationLoss? Measure(CliContext context, ParseResult parsed, string source, string target)
    {
        if (!AnyGiven(parsed))
            return null;
        var stop = context.Stop.Token;
        var arguments = _data.Read(parsed);
        var recipe = _attack.Read(parsed, 42, _data.MaxUnpacked(parsed));
        var victim = new VictimFolder(source);
        using var models = new AttackModels(victim.BaseModel);
        var attack = recipe.Build(models);
        using var before = Classifier.Load(source);
        using var after = OnnxClassifier.Load(target);
        var rows = MeasuredRows.Load(
            victim,
            arguments.Path,
            arguments.Task,
            arguments.Options,
            parsed.GetValue(_split),
            before.Labels,
            stop
        );
        context.Error.WriteLine(rows);
        var examples = rows.Split.Examples;
        var sample = new AttackSample(parsed.GetValue(_count) ?? 100).Pick(examples, rows.LeftOut);
        AttackSummary Attack(ITextClassifier model) =>
            AttackSummary.From(
                new AttackEngine(attack, model, _attack.Engine(parsed))
                    .RunAsync(sample, stop)
                    .ToBlockingEnumerable(stop),
                AttackSettings.Of(attack, model.Name)
            );
        return new QuantizationLoss(
            examples.Count,
            Correct(before, examples),
            Correct(after, examples),
            Attack(before),
            Attack(after)
        );
    }

    private static int Correct(ITextClassifier model, IReadOnlyList<Example> examples)
    {
        var correct = 0;
        foreach (var group in examples.Chunk(256))
        {
            var rows = model.Logits([.. group.Select(e => e.Text)]);
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
            ["aua_before"] = Before.Aua,
            ["aua_before_interval"] = new JsonArray(Before.AuaLow, Before.AuaHigh),
            ["aua_after"] = After.Aua,
            ["aua_after_interval"] = new JsonArray(After.AuaLow, After.AuaHigh),
        };
}
