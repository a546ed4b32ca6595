// Export options that select the rows and the attack for measuring the loss by quantization.
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Options;
using RobustTickets.OnnxRuntime;
using RobustTickets.Pipeline.Models;

namespace RobustTickets.Cli.Onnx;

/// <summary>Options of the measurement.</summary>
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
        _data.AnyGiven(parsed)
        || _data.LimitGiven(parsed)
        || _attack.AnyGiven(parsed)
        || new Option[] { _split, _count }.Any(o => parsed.GetResult(o) is { Implicit: false });

    /// <summary>
    /// Reads and checks everything before anything is written; null without data.
    /// </summary>
    /// <param name="context">Receives a note about the rows.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="source">Folder to export.</param>
    public QuantizationMeasure? Read(CliContext context, ParseResult parsed, string source)
    {
        if (!AnyGiven(parsed))
            return null;
        var stop = context.Stop.Token;
        var arguments = _data.Read(parsed);
        var recipe = _attack.Read(parsed, 42, _data.MaxUnpacked(parsed));
        var victim = new NamedModel(source);
        var models = new AttackModels(victim.BaseModel);
        Classifier? before = null;
        try
        {
            var attack = recipe.Build(models);
            before = Classifier.Load(source);
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
            context.Error.WriteLine(rows.Split.Summary());
            foreach (var note in rows.Split.Notes)
                context.Error.WriteLine($"note: {note}");
            var examples = rows.Split.Examples;
            var sample = new AttackSample(parsed.GetValue(_count) ?? 100).Pick(examples, rows.LeftOut);
            return new QuantizationMeasure(models, before, attack, _attack.Engine(parsed), examples, sample, stop);
        }
        catch
        {
            before?.Dispose();
            models.Dispose();
            throw;
        }
    }
}
