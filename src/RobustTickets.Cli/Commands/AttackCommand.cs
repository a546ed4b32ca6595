// attack: a classifier against an attack recipe, with TextAttack's figures and files. A killed attack is continued by the same command.
using System.CommandLine;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Terminal;
using RobustTickets.Evaluation;
using RobustTickets.Runs;
using RobustTickets.Text.Attacks;
using RobustTickets.Text.Data;
using RobustTickets.Text.Metrics;

namespace RobustTickets.Cli.Commands;

internal static class AttackCommand
{
    public static Command Create(CliContext context)
    {
        var model = CommonOptions.Model("victim: a run's model/ folder or any Hugging Face BERT classifier");
        var split = CommonOptions.Split();
        var count = CommonOptions.Count("--num-examples", 1, "examples attacked; default: all of the split");
        var sample = new Option<string>("--sample") { Description = "a seeded sample with the file's class shares, or the first N of the file (as the papers' scripts)", DefaultValueFactory = _ => "stratified" };
        sample.AcceptOnlyFromAmong(AttackSample.Ways);
        var seed = CommonOptions.Count("--seed", 0, "seed of a stratified sample, and of the recipes that draw random numbers (textbugger, deepwordbug); default 42");
        var length = CommonOptions.Count("--max-length", 3, "most word pieces the victim sees, special tokens included; default: the tokenizer's own");
        var output = new Option<string?>("--out") { Description = "folder of the results; default: attacks/RECIPE in the run the model belongs to", HelpName = "DIR" };
        var json = CommonOptions.Json();
        var command = new Command("attack", "attack a classifier and report Clean, Aua, Suc and #Query") { model };
        var attack = new AttackOptionSet(command);
        var data = new DataOptionSet(command, "read only the first N examples of the split");
        foreach (var option in new Option[] { split, count, sample, seed, length, output, json }) command.Add(option);
        var execution = new ExecutionOptionSet(command);
        command.SetAction(parsed =>
        {
            var folder = parsed.GetRequiredValue(model);
            var arguments = data.Read(parsed);
            var target = parsed.GetValue(output) ?? DefaultOutput(folder, attack.Recipe(parsed).Name);
            var encoderFolder = attack.WantsSimilarity(parsed) ? attack.Encoder(parsed) ?? PretrainedOf(folder) : null;
            // Resources and data first: they are refused before the model is loaded.
            var resources = attack.Resources(parsed);
            using var classifier = Classifier.Load(folder, execution.Apply(parsed), parsed.GetValue(length));
            var examples = EvaluationData.Load(arguments, parsed.GetValue(split), classifier.Labels);
            EvaluationData.Tell(context, examples);
            var way = parsed.GetValue(sample)!;
            var picked = AttackSample.Pick(examples.Examples, way, parsed.GetValue(count), parsed.GetValue(seed) ?? 42);
            Warn(context, examples, picked, way);

            using var encoder = encoderFolder is null ? null : BertSentenceEncoder.Load(encoderFolder);
            var built = attack.Attack(parsed, resources, encoder, parsed.GetValue(seed) ?? 42);
            var run = new List<RecipeLine>
            {
                new("data", $"{arguments.Task} {examples.Name}, sha256 {examples.Sha256}", Path.GetFileName(examples.Source)),
                new("sample", picked.Count == examples.Examples.Count ? "all" : way == "first-n" ? $"first {picked.Count}" : $"{picked.Count}, stratified, seed {parsed.GetValue(seed) ?? 42}", $"of {examples.Examples.Count}"),
                new("victim length", $"{classifier.MaxLength} word pieces", "special tokens included"),
            };
            var summary = AttackRun.Run(context, new AttackJob(
                built, new TorchVictim(classifier), Name(folder), [.. picked.Select(e => AttackSample.Input(e, examples.Task))], target, run, attack.Engine(parsed)));
            if (parsed.GetValue(json)) context.Out.Write(AttackJson.Write(summary));
            else Print(context.Out, summary, target);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Print(TextWriter output, AttackSummary s, string folder)
    {
        output.WriteLine(Figures.Text($"{s.Settings.Recipe} on {s.Settings.Victim}: {s.Examples:N0} examples, {s.Succeeded:N0} succeeded, {s.Failed:N0} failed, {s.Skipped:N0} skipped; in {folder}"));
        output.WriteLine(Figures.Text($"  Clean   {s.Clean:0.00} %"));
        output.WriteLine(Figures.Text($"  Aua     {s.Aua:0.00} %  (95 % interval {s.AuaLow:0.0} to {s.AuaHigh:0.0})"));
        output.WriteLine(Figures.Text($"  Suc     {s.Suc:0.00} %"));
        output.WriteLine(Figures.Text($"  #Query  {s.QueriesAsked:0.00} asked, {s.QueriesForwarded:0.00} forwarded, an attacked example"));
        output.WriteLine(Figures.Text($"  words   {s.WordsChangedPercent:0.00} % changed in successes, {s.WordsChanged:0.00} on average"));
        foreach (var c in s.Constraints) output.WriteLine(Figures.Text($"  refused {c.RejectedPercent:0.0} % of {c.Offered:N0} by {c.Name}"));
        foreach (var line in s.Settings.Composition.Where(l => l.Source.StartsWith("substitute", StringComparison.Ordinal) || l.Source.StartsWith("no ", StringComparison.Ordinal)))
        {
            output.WriteLine($"  note    {line.Item}: {line.Value} ({line.Source})");
        }
    }

    private static void Warn(CliContext context, Split split, IReadOnlyList<Example> picked, string way)
    {
        if (way == "first-n" && picked.Count < split.Examples.Count && Splits.ClassGroupedWarning(split) is { } warning) context.Error.WriteLine($"warning: {warning}; see --sample stratified");
        context.Error.WriteLine($"attacking {picked.Count} examples: {string.Join(", ", split.Labels.Names.Select((name, i) => $"{name} {picked.Count(e => e.Label == i)}"))}");
    }

    /// <summary>The attacks/ folder of the run a model lies in.</summary>
    private static string DefaultOutput(string model, string recipe) => RunOf(model) is { } run
        ? run.AttackFolder(recipe)
        : throw new UsageException($"--out is missing, and {model} does not lie in a run folder whose attacks/ could take the results");

    /// <summary>The checkpoint that a run's model was trained from, for sentence similarity.</summary>
    private static string PretrainedOf(string model)
    {
        if (RunOf(model) is { } run && File.Exists(run.EnvironmentFile))
        {
            var line = EnvironmentStamp.Load(run.EnvironmentFile).CommandLine;
            var at = line.ToList().IndexOf("--model");
            if (at >= 0 && at + 1 < line.Count && Directory.Exists(line[at + 1])) return line[at + 1];
        }
        throw new UsageException($"which checkpoint {model} was trained from is not known here; name a sentence encoder with --encoder DIR (any BERT folder), or attack without one with --no-similarity");
    }

    private static RunFolder? RunOf(string model)
    {
        var parent = Path.GetDirectoryName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(model)));
        if (parent is null || !Directory.Exists(parent)) return null;
        try
        {
            return RunFolder.Open(parent);
        }
        catch (RunFolderException)
        {
            return null;
        }
    }

    private static string Name(string model) => RunOf(model) is { } run
        ? $"{Path.GetFileName(run.Path)}/{Path.GetFileName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(model)))}"
        : Path.GetFileName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(model)));
}
