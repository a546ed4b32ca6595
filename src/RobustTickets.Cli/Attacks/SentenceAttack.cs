// Attacks sentences interactively: one from the command line, or lines of standard input until it
// ends. The true class is the model's prediction unless given.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Cli.Attacks;

/// <summary>Attacks on single sentences.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Classifier">The victim.</param>
/// <param name="Label">Class index of every sentence; null: the model's prediction.</param>
/// <param name="Engine">Engine options.</param>
/// <param name="Json">Whether to print one JSON line per sentence, as in examples.jsonl.</param>
internal sealed record SentenceAttack(
    Attack Attack,
    ITextClassifier Classifier,
    int? Label,
    AttackEngineOptions Engine,
    bool Json
)
{
    /// <summary>Index of a class name.</summary>
    /// <exception cref="UsageException">The model has no such class.</exception>
    public static int? ClassOf(string? name, IReadOnlyList<string> classes)
    {
        if (name is null)
            return null;
        var index = classes.ToList().FindIndex(c => c.Equals(name, StringComparison.OrdinalIgnoreCase));
        return index >= 0
            ? index
            : throw new UsageException($"--label {name}: the model's classes are {string.Join(", ", classes)}");
    }

    /// <summary>Attacks one sentence or pair and prints the outcome.</summary>
    public AttackOutcome Run(CliContext context, string id, string text, string? pair)
    {
        var sentence = new TextPair(text, pair);
        var label = Label ?? Classifier.Predict([sentence])[0].ArgMax();
        var input = new Example(id, sentence, label);
        var outcome = new AttackEngine(Attack, Classifier, Engine)
            .RunAsync([input], context.Stop.Token)
            .ToBlockingEnumerable(context.Stop.Token)
            .Single();
        if (Json)
            context.Out.WriteLine(AttackJson.Line(outcome));
        else if (outcome.Error is null)
            AttackPrinter.Print(context.Out, outcome, Classifier.Labels, Attack.Version, context.ColorResults);
        context.Out.Flush();
        return outcome;
    }

    /// <summary>
    /// Attacks each line of standard input until it ends; blank lines are skipped. Only failed
    /// outcomes are kept, as the input may be endless.
    /// </summary>
    /// <returns>The outcomes with an error, and the number of all.</returns>
    public (IReadOnlyList<AttackOutcome> Failed, int Count) RunLines(CliContext context)
    {
        var failed = new List<AttackOutcome>();
        var (number, count) = (0, 0);
        while (true)
        {
            context.Stop.Token.ThrowIfCancellationRequested();
            if (context.Terminal.IsTerminal)
                context.Error.Write("text> ");
            if (context.In.ReadLine() is not { } line)
                break;
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            count++;
            var outcome = Run(context, $"line:{number}", line.Trim(), null);
            if (outcome.Error is not { } error)
                continue;
            failed.Add(outcome);
            context.Error.WriteLine($"line {number}: {error.Message}");
        }
        return (failed, count);
    }
}
