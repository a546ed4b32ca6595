// attack: runs an attack recipe on a classifier, with TextAttack's metrics and files, or on single
// sentences. The same command resumes an interrupted attack.
using System.CommandLine;
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Attacks;
using RobustTickets.Cli.Options;
using RobustTickets.OnnxRuntime;
using RobustTickets.Pipeline.Attacks;
using RobustTickets.Pipeline.Models;

namespace RobustTickets.Cli.Commands;

/// <summary>The command and its options.</summary>
internal sealed class AttackCommand
{
    private static readonly Dictionary<string, SampleRule> Ways = new()
    {
        ["stratified"] = SampleRule.Stratified,
        ["first-n"] = SampleRule.FirstN,
    };
    private readonly CliContext _context;
    private readonly Option<string> _model = CommonOptions.Model(
        "victim: a run, its model/ folder, any Hugging Face BERT classifier, or an ONNX classifier (FILE.onnx, or a "
            + "folder with model.onnx)"
    );
    private readonly Option<string?> _split = CommonOptions.Split();
    private readonly Option<int?> _count = CommonOptions.Count(
        "--num-examples",
        1,
        "number of examples to attack; default: the whole split"
    );
    private readonly Option<string> _sample = new("--sample")
    {
        Description =
            "a seeded sample with the class shares of the file, or its first N examples (as in the papers' scripts)",
        DefaultValueFactory = _ => "stratified",
    };
    private readonly Option<string?> _ids = new("--ids")
    {
        Description = "attack the examples listed in a file, one id per line (ids.txt of another attack)",
        HelpName = "FILE",
    };
    private readonly Option<int?> _seed = CommonOptions.Count(
        "--seed",
        0,
        "seed of a stratified sample, and of the recipes that draw random numbers (textbugger, deepwordbug); default 42"
    );
    private readonly Option<string?> _length = new("--max-length")
    {
        Description =
            "maximum number of word pieces the victim sees, including special tokens; training: as in the victim's "
            + "run; default: that of the tokenizer (512 for BERT, as in TextAttack)",
        HelpName = "N|training",
    };
    private readonly Option<string?> _temperature = new("--temperature")
    {
        Description =
            "divide the victim's logits by T; fit: the T with the lowest negative log likelihood on held-out rows, "
            + "never those attacked; grid: 0.25,1,4,16; of several values, the one with the lowest Aua counts",
        HelpName = "T",
    };
    private readonly Option<bool> _fullSplit = new("--full-split-accuracy")
    {
        Description = "also measure the accuracy on the whole split (Clean in the papers)",
    };
    private readonly Option<bool> _safeCsv = new("--safe-csv")
    {
        Description = "results.csv for spreadsheets: adds an apostrophe before texts that begin with =, +, - or @",
    };
    private readonly Option<string?> _shard = new("--shard")
    {
        Description = "attack one shard of the examples, into DIR/shard-I-of-N; 'attack merge DIR' merges the shards",
        HelpName = "I/N",
    };
    private readonly Option<string?> _augment = new("--augment")
    {
        Description = "also write training data: the split's examples and the adversarial text of each success",
        HelpName = "FILE",
    };
    private readonly Option<string?> _output = new("--out")
    {
        Description = "output folder; default: attacks/RECIPE in the run of the model",
        HelpName = "DIR",
    };
    private readonly Option<string?> _text = new("--text")
    {
        Description = "attack this sentence and show the difference; needs no data",
        HelpName = "TEXT",
    };
    private readonly Option<string?> _pair = new("--text-pair")
    {
        Description = "second sentence of a pair, with --text",
        HelpName = "TEXT",
    };
    private readonly Option<string?> _label = new("--label")
    {
        Description = "true class of --text or --interactive; default: the model's prediction",
        HelpName = "NAME",
    };
    private readonly Option<bool> _interactive = new("--interactive")
    {
        Description = "attack each line of standard input until it ends",
    };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly AttackOptionSet _attack;
    private readonly DataOptionSet _data;
    private readonly ExecutionOptionSet _execution;

    private AttackCommand(CliContext context)
    {
        _context = context;
        _sample.AcceptOnlyFromAmong([.. Ways.Keys]);
        _length.Validators.Add(result =>
        {
            var value = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (
                value != "training"
                && !(int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= 3)
            )
                result.AddError($"--max-length {value}: expected a whole number of at least 3, or training");
        });
        _shard.Validators.Add(result =>
        {
            try
            {
                _ = AttackShard.Parse(result.Tokens.Count == 1 ? result.Tokens[0].Value : "");
            }
            catch (RequestException e)
            {
                result.AddError($"--shard {e.Value}: {e.Reason}");
            }
        });
        Command = new Command(
            "attack",
            "attack a classifier on data and report Clean, Aua, Suc and #Query; or attack one sentence (--text) "
                + "or a stream of sentences (--interactive)"
        )
        {
            _model,
            AttackRecipesCommand.Create(context),
            AttackMergeCommand.Create(context),
        };
        foreach (var option in new Option[] { _text, _pair, _label, _interactive })
            Command.Add(option);
        _attack = new AttackOptionSet(Command);
        _data = new DataOptionSet(
            Command,
            "read only the first N examples of the split",
            required: false,
            "; --text attacks one sentence, --interactive each line of standard input"
        );
        foreach (var option in OfData)
            Command.Add(option);
        Command.Add(_seed);
        Command.Add(_length);
        Command.Add(_json);
        _execution = new ExecutionOptionSet(Command);
        Command.SetAction(Run);
    }

    private Command Command { get; }

    private Option[] OfData =>
        [_split, _count, _sample, _ids, _shard, _temperature, _fullSplit, _safeCsv, _augment, _output];

    /// <summary>The command.</summary>
    public static Command Create(CliContext context) => new AttackCommand(context).Command;

    private int Run(ParseResult parsed)
    {
        var sentences = parsed.GetValue(_text) is not null || parsed.GetValue(_interactive);
        Refuse(parsed, sentences);
        if (_attack.Lacking(parsed) is { } lacking)
            _context.Error.WriteLine($"note: {lacking}");
        var recipe = _attack.Read(parsed, parsed.GetValue(_seed) ?? 42, _data.MaxUnpacked(parsed));
        if (sentences)
            return RunSentences(parsed, recipe);
        var data = _data.Read(parsed);
        var request = new AttackRequest(
            recipe,
            parsed.GetRequiredValue(_model),
            data.Path,
            data.Task,
            parsed.GetValue(_output),
            data.Options,
            parsed.GetValue(_split),
            new AttackSample(
                parsed.GetValue(_count),
                Ways[parsed.GetValue(_sample)!],
                parsed.GetValue(_seed) ?? 42,
                parsed.GetValue(_ids)
            ),
            Length(parsed),
            parsed.GetValue(_fullSplit),
            parsed.GetValue(_augment),
            _attack.Engine(parsed),
            _execution.Read(parsed),
            parsed.GetValue(_safeCsv) ? CsvCells.Guarded : CsvCells.AsTextAttack,
            parsed.GetValue(_temperature) is { } text ? VictimTemperature.Parse(text) : null,
            Loader(data.Options.Labels),
            parsed.GetValue(_shard) is { } shard ? AttackShard.Parse(shard) : null
        );
        var report = AttackProgressView.Run(_context, view => request.Run(view, _context.Stop.Token));
        if (parsed.GetValue(_json))
            _context.Out.Write(AttackJson.Write(report.Summary));
        else if (report.Summary.Examples > 0)
            AttackPrinter.Print(_context.Out, report.Summary, report.Folder!);
        report.ThrowIfErrors();
        return ExitCodes.Ok;
    }

    private int RunSentences(ParseResult parsed, AttackRecipe recipe)
    {
        using var victim = LoadedVictim.Load(
            new NamedModel(parsed.GetRequiredValue(_model)),
            recipe,
            Length(parsed),
            _execution.Read(parsed),
            Loader(null)
        );
        foreach (var note in victim.Notes)
            _context.Error.WriteLine($"note: {note}");
        var single = new SentenceAttack(
            victim.Attack,
            victim.Classifier,
            SentenceAttack.ClassOf(parsed.GetValue(_label), victim.Classifier.Labels),
            _attack.Engine(parsed),
            parsed.GetValue(_json)
        );
        var (outcomes, count) = parsed.GetValue(_interactive)
            ? single.RunLines(_context)
            : ([single.Run(_context, "text", parsed.GetValue(_text)!, parsed.GetValue(_pair))], 1);
        AttackReport.ThrowIfErrors(outcomes, count);
        return ExitCodes.Ok;
    }

    private static OnnxModels Loader(LabelMap? labels) => new(new OnnxOptions(DefaultLabels: labels?.Names));

    private VictimLength Length(ParseResult parsed) =>
        parsed.GetValue(_length) switch
        {
            null => default,
            "training" => VictimLength.Training,
            { } pieces => VictimLength.Of(int.Parse(pieces, CultureInfo.InvariantCulture)),
        };

    // Options that the chosen mode does not use are errors, never ignored.
    private void Refuse(ParseResult parsed, bool sentences)
    {
        bool Given(Option option) => parsed.GetResult(option) is { Implicit: false };
        if (sentences)
        {
            if (Given(_text) && Given(_interactive))
                throw new UsageException("--text and --interactive cannot be combined");
            if (Given(_pair) && Given(_interactive))
                throw new UsageException("--text-pair requires --text");
            if (OfData.FirstOrDefault(Given) is { } option)
                throw new UsageException($"{option.Name} requires --data; it is not for --text or --interactive");
            if (_data.AnyGiven(parsed))
                throw new UsageException(
                    "--data, --task and their options cannot be combined with --text or --interactive"
                );
            return;
        }
        foreach (var option in new Option[] { _pair, _label }.Where(Given))
            throw new UsageException($"{option.Name} requires --text");
        if (Given(_ids) && (Given(_count) || Given(_sample)))
            throw new UsageException("--ids names the examples; remove --num-examples and --sample");
    }
}
