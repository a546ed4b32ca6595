// Options of Hugging Face's training scripts and of TextAttack, and what they are called here
// (docs/decisions/030-records-and-names-of-others.md). They are a hint of an error, not accepted.
using System.CommandLine;

namespace RobustTickets.Cli.Terminal;

/// <summary>Names of options that users of other programs know.</summary>
internal static class ForeignOptions
{
    private const string Rate = "--set retrain.optimizer.learning-rate=NUMBER",
        Epochs = "--set retrain.epochs=N",
        Batch = "--set batch-size=N",
        Length = "--set max-length=N";

    // The first one that the command has is named.
    private static readonly Dictionary<string, string[]> Here = new(StringComparer.Ordinal)
    {
        ["--model-name-or-path"] = ["--model"],
        ["--model-from-huggingface"] = ["--model"],
        ["--tokenizer-name"] = ["--model"],
        ["--output-dir"] = ["--out"],
        ["--resume-from-checkpoint"] = ["--resume"],
        ["--task-name"] = ["--task"],
        ["--dataset-name"] = ["--data"],
        ["--dataset-from-file"] = ["--data"],
        ["--dataset-from-huggingface"] = ["--data"],
        ["--data-dir"] = ["--data"],
        ["--train-file"] = ["--data", "--corpus"],
        ["--validation-file"] = ["--data"],
        ["--test-file"] = ["--data", "--input"],
        ["--max-seq-length"] = ["--max-length", Length],
        ["--model-max-length"] = ["--max-length", Length],
        ["--num-train-epochs"] = ["--epochs", Epochs],
        ["--epochs"] = [Epochs],
        ["--learning-rate"] = [Rate],
        ["--per-device-train-batch-size"] = [Batch, "--batch-size"],
        ["--per-device-eval-batch-size"] = ["--batch-size"],
        ["--batch-size"] = [Batch],
        ["--save-steps"] = ["--checkpoint-every"],
        ["--max-train-samples"] = ["--limit"],
        ["--max-eval-samples"] = ["--limit"],
        ["--fp16"] = ["--precision bf16"],
        ["--bf16"] = ["--precision bf16"],
        ["--no-cuda"] = ["--device cpu"],
        ["--log-to-csv"] = ["--out"],
    };

    private static readonly Dictionary<string, string> Commands = new(StringComparer.Ordinal)
    {
        ["--do-train"] = "train",
        ["--do-eval"] = "evaluate",
        ["--do-predict"] = "predict",
    };

    /// <summary>What an unknown option is called here, or null.</summary>
    /// <param name="token">The option as given, with <c>_</c> or <c>-</c>, and with a value after
    /// <c>=</c> or without.</param>
    /// <param name="command">The command it was given to.</param>
    public static string? Hint(string token, Command command)
    {
        var name = token.Split('=')[0].Replace('_', '-');
        if (Commands.TryGetValue(name, out var other))
            return other == command.Name ? $"{other} does this without an option" : $"use the command {other}";
        var options = command.Options.Where(o => !o.Hidden).Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        return
            Here.TryGetValue(name, out var names)
            && names.FirstOrDefault(n => options.Contains(n.Split(' ')[0])) is { } own
            ? $"here it is {own}"
            : null;
    }
}
