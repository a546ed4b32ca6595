// Prints an attack's summary, and one attacked text as a coloured diff.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Terminal;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Attacks;

internal static class AttackPrinter
{
    private const string Red = "\u001b[31m",
        Green = "\u001b[32m",
        Plain = "\u001b[0m";

    // Noncharacters, which no text contains.
    private const string Begin = "\ufdd0",
        End = "\ufdd1";

    /// <summary>Prints a summary.</summary>
    public static void Print(TextWriter output, AttackSummary s, string folder)
    {
        output.WriteLine(
            Text(
                $"{s.Settings.Recipe} on {s.Settings.Victim}: {s.Examples:N0} examples, {s.Succeeded:N0} ",
                $"succeeded, {s.Failed:N0} failed, {s.Skipped:N0} skipped; in {folder}"
            )
        );
        if (s.Errors > 0)
            output.WriteLine(Text($"  errors  {s.Errors:N0} more could not be attacked and are not in the figures"));
        if (s.StoppedByTime > 0)
            output.WriteLine(
                Text(
                    $"  time    {s.StoppedByTime:N0} were stopped by the time limit of ",
                    $"{s.Settings.TimeLimitSeconds:0.###} s; the figures depend on this machine"
                )
            );
        output.WriteLine(
            Text(
                $"  Clean   {s.Clean:0.00} ",
                $"%{(s.WholeSetClean is { } whole ? Text($"  ({whole:0.00} % on the whole split)") : "")}"
            )
        );
        output.WriteLine(Text($"  Aua     {s.Aua:0.00} %  (95 % interval {s.AuaLow:0.0} to {s.AuaHigh:0.0})"));
        if (s.Temperatures is { } all)
        {
            var each = all.Select(t => Text($"{(t.Fitted ? "fit " : "")}{t.Temperature:0.###}: {t.Aua:0.00} %"));
            output.WriteLine($"          lowest of the temperatures {string.Join(", ", each)}");
        }
        output.WriteLine(Text($"  Suc     {s.Suc:0.00} %"));
        output.WriteLine(
            Text($"  #Query  {s.MeanQueries:0.00} per attacked example, {s.MeanUniqueForwards:0.00} unique forwards")
        );
        output.WriteLine(
            Text($"  words   {s.WordsChangedPercent:0.00} % changed in successes, {s.WordsChanged:0.00} on average")
        );
        foreach (var c in s.Constraints)
            output.WriteLine(Text($"  refused {c.RejectedPercent:0.0} % of {c.Offered:N0} by {c.Name}"));
        foreach (
            var line in s.Settings.Composition.Where(l =>
                l.Source.StartsWith("substitute", StringComparison.Ordinal)
                || l.Source.StartsWith("no ", StringComparison.Ordinal)
            )
        )
        {
            output.WriteLine($"  note    {line.Item}: {line.Value} ({line.Source})");
        }
    }

    /// <summary>
    /// Prints one attacked text: its result, and both texts with differing words coloured, or in
    /// double brackets without colours.
    /// </summary>
    /// <param name="output">Output writer.</param>
    /// <param name="outcome">The outcome.</param>
    /// <param name="classes">The victim's class names.</param>
    /// <param name="version">The TextAttack release whose word splitting is used.</param>
    /// <param name="color">Whether to use colours.</param>
    public static void Print(
        TextWriter output,
        AttackOutcome outcome,
        IReadOnlyList<string> classes,
        TextAttackVersion version,
        bool color
    )
    {
        var label = classes[outcome.Label];
        if (outcome.Result == AttackResult.Skipped)
        {
            output.WriteLine(
                Text(
                    $"Skipped: the model predicts {classes[outcome.OriginalOutput]}, not {label}; p({label}) ",
                    $"{1 - outcome.OriginalScore:0.000}"
                )
            );
            return;
        }
        var head =
            outcome.Result == AttackResult.Success
                ? $"Succeeded: {label} -> {classes[outcome.PerturbedOutput]}"
                : $"Failed: still {label}";
        output.WriteLine(
            Text(
                $"{head}; p({label}) {1 - outcome.OriginalScore:0.000} -> {1 - outcome.PerturbedScore:0.000}, ",
                $"{outcome.WordsChanged} of {outcome.Words} words changed, {outcome.Queries} ",
                $"queries{(outcome.StoppedByTime ? ", stopped by the time limit" : "")}"
            )
        );
        Lines("-", outcome.Original, outcome.OriginalMarks, Red);
        Lines("+", outcome.Perturbed, outcome.PerturbedMarks, Green);

        void Lines(
            string sign,
            IReadOnlyList<KeyValuePair<string, string>> columns,
            IReadOnlyList<int> marks,
            string colour
        )
        {
            // Colours are added last: the text's own control characters are escaped.
            foreach (var text in TextDifference.Mark(columns, marks, color ? Begin : "[[", color ? End : "]]", version))
            {
                var line = VisibleText.OnOneLine($"{sign} {text}");
                VisibleWriter.Raw(output).WriteLine(color ? line.Replace(Begin, colour).Replace(End, Plain) : line);
            }
        }
    }
}
