// pretrain: trains a small BERT from text files by masked language modelling.
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RobustTickets.Attacks.Tokens;
using RobustTickets.Checkpoints;
using RobustTickets.Cli.Options;
using RobustTickets.Cli.Ranks;
using RobustTickets.Cli.Terminal;
using RobustTickets.Pretraining;
using RobustTickets.Training;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Commands;

internal static class PretrainCommand
{
    private const string Positive = "must be a number greater than 0";

    public static Command Create(CliContext context)
    {
        var corpus = new Option<string[]>("--corpus")
        {
            Description = "text files with one text per line, plain or .gz, or folders of them; read on demand",
            HelpName = "FILE|FOLDER",
            Required = true,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var config = new Option<string>("--config")
        {
            Description = "config.json of the model to train",
            HelpName = "CONFIG.json",
            Required = true,
        };
        var vocab = new Option<string>("--vocab")
        {
            Description = "vocab.txt, a folder with a tokenizer, or a name from 'models list'",
            HelpName = "VOCAB",
            Required = true,
        };
        var output = new Option<string>("--out")
        {
            Description = "Hugging Face folder to write",
            HelpName = "DIR",
            Required = true,
        };
        var cased = new Option<bool>("--cased") { Description = "keep case and accents (only with a vocab.txt)" };
        var epochs = CommonOptions.Number(
            "--epochs",
            "N",
            "passes over the corpus; default 1; no limit with --time-budget",
            x => x > 0,
            Positive
        );
        var budget = CommonOptions.Number(
            "--time-budget",
            "MINUTES",
            "time limit of the whole run in minutes; the learning-rate schedule then follows elapsed time, or the "
                + "steps of --epochs if they end first",
            x => x is > 0 and <= 10_000_000,
            "must be a number greater than 0 and at most 10,000,000"
        );
        var batch = CommonOptions.Count("--batch-size", 1, "texts per step; default 32");
        var length = CommonOptions.Count(
            "--max-length",
            3,
            "maximum word pieces per text; default 128, or less if the model has fewer positions"
        );
        var rate = CommonOptions.Number(
            "--learning-rate",
            "X",
            "peak learning rate; default 5e-4",
            x => x > 0,
            Positive
        );
        var mask = CommonOptions.Number(
            "--mask-fraction",
            "X",
            "share of word pieces to predict; default 0.15",
            x => x is > 0 and < 1,
            "must be a number greater than 0 and less than 1"
        );
        var masking = CommonOptions.OneOf(
            "--masking",
            "mask new positions in each epoch, or the same ones",
            "dynamic",
            "dynamic",
            "static"
        );
        var window = CommonOptions.Count(
            "--shuffle-window",
            1,
            "texts held in memory and shuffled together; default 131072"
        );
        var every = CommonOptions.Count(
            "--checkpoint-every",
            0,
            "steps between checkpoints, 0: only when stopped; default 500"
        );
        var resume = new Option<bool>("--resume") { Description = "resume from the newest checkpoint, if any" };
        var seed = CommonOptions.Count("--seed", 0, "seed of weights, order, masks and dropout; default 42");
        var logging = new Option<string?>("--logging-dir")
        {
            Description = "folder for events.jsonl, metrics.csv and a TensorBoard event file, written during the run",
            HelpName = "DIR",
        };
        var json = CommonOptions.Json();
        var command = new Command("pretrain", "masked-language-model pre-training from text files")
        {
            corpus,
            config,
            vocab,
            output,
            cased,
            epochs,
            budget,
            batch,
            length,
            rate,
            mask,
            masking,
            window,
            seed,
            resume,
            every,
            logging,
            json,
        };
        var execution = new ExecutionOptionSet(command);
        var ranks = RankArguments.Option();
        command.Add(ranks);
        command.SetAction(parsed =>
        {
            var shape = HuggingFaceConfig.Load(parsed.GetRequiredValue(config));
            var positions = shape.MaxPositionEmbeddings;
            var defaults = new PretrainRequest(
                [],
                shape,
                Tokenizer(parsed.GetRequiredValue(vocab), parsed.GetValue(cased), positions),
                parsed.GetRequiredValue(output)
            );
            var here = RankArguments.Here();
            if (RankArguments.ToStart(parsed.GetValue(ranks), here) is > 1 and var processes)
            {
                RankShare.Require(processes, parsed.GetValue(batch) ?? defaults.BatchSize);
                return RankProcesses.Run(context, processes);
            }
            RankProcesses.Obey(context);
            execution.Apply(parsed);
            if (parsed.GetValue(length) is { } asked && asked > positions && here is not { Rank: > 0 })
                context.Error.WriteLine(
                    $"note: --max-length {asked} exceeds the {positions} positions of the model "
                        + "(max_position_embeddings); longer texts are truncated to these"
                );
            var request = defaults with
            {
                Ranks = here,
                Corpus = parsed.GetRequiredValue(corpus),
                Epochs = parsed.GetValue(epochs) ?? (parsed.GetValue(budget) is null ? defaults.Epochs : int.MaxValue),
                Budget = parsed.GetValue(budget) is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
                BatchSize = parsed.GetValue(batch) ?? defaults.BatchSize,
                MaxLength = Math.Min(parsed.GetValue(length) ?? defaults.MaxLength, positions),
                LearningRate = parsed.GetValue(rate) ?? defaults.LearningRate,
                MaskFraction = parsed.GetValue(mask) ?? defaults.MaskFraction,
                Masking = parsed.GetValue(masking) == "static" ? MaskingMode.Static : MaskingMode.Dynamic,
                Seed = parsed.GetValue(seed) ?? defaults.Seed,
                ShuffleWindow = parsed.GetValue(window) ?? defaults.ShuffleWindow,
                CheckpointEverySteps = parsed.GetValue(every) ?? defaults.CheckpointEverySteps,
                Resume = parsed.GetValue(resume),
                LoggingFolder = parsed.GetValue(logging),
            };
            if (here is { Rank: > 0 })
            {
                _ = request.Run(stop: context.Stop.Token);
                return ExitCodes.Ok;
            }
            var view = new PretrainView(context);
            using var kept = context.Stop.Keeping(StopSignal.Checkpoint);
            PretrainResult result;
            try
            {
                result = request.Run(view, context.Stop.Token);
            }
            finally
            {
                view.Finish();
            }
            Print(context.Out, request.Output, result, parsed.GetValue(json));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Print(TextWriter output, string folder, PretrainResult result, bool json)
    {
        if (json)
        {
            JsonOutput.Write(
                output,
                new JsonObject
                {
                    ["out"] = folder,
                    ["steps"] = result.Steps,
                    ["tokens"] = result.Tokens,
                    ["seconds"] = result.Seconds,
                    ["first_loss"] = JsonOutput.Number(result.FirstLoss),
                    ["last_loss"] = JsonOutput.Number(result.LastLoss),
                }
            );
            return;
        }
        output.WriteLine(
            Text(
                $"{folder}: {result.Steps:N0} steps, {result.Tokens:N0} word pieces in ",
                $"{ProgressPrinter.Duration(TimeSpan.FromSeconds(result.Seconds))}, masked loss ",
                $"{result.FirstLoss:0.000} at the start, {result.LastLoss:0.000} at the end"
            )
        );
    }

    private static WordPieceTokenizer Tokenizer(string vocab, bool cased, int positions)
    {
        var store = ModelStore.OfUser();
        var folder =
            File.Exists(vocab) ? null
            : KnownModel.TryFind(vocab) is null ? store.Locate(vocab)
            : store.Resolve(vocab);
        if (!Directory.Exists(folder))
            return new WordPieceTokenizer(
                Vocabulary.Load(vocab),
                new TokenizerOptions(DoLowerCase: !cased, ModelMaxLength: positions)
            );
        if (cased)
            throw new UsageException(
                $"--cased: {folder} has a tokenizer with its own setting of case; remove the option, or pass a "
                    + "vocab.txt as --vocab"
            );
        return WordPieceTokenizer.Load(folder);
    }

    private sealed class PretrainView(CliContext context) : IProgress<PretrainProgress>
    {
        private readonly ProgressPrinter _printer = new(context.Error, context.Terminal);

        public void Report(PretrainProgress value) =>
            _printer.Report(
                new ProgressState(
                    "pretrain",
                    value.Step,
                    value.TotalSteps ?? 0,
                    Text(
                        $"loss {value.Loss:0.000}  lr {value.LearningRate:0.00e+0}  ",
                        $"{value.TokensPerSecond:N0} tokens/s"
                    ),
                    value.Remaining
                )
            );

        public void Finish() => _printer.Finish();
    }
}
