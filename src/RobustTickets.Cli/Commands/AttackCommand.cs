// attack: a classifier against an attack recipe, with TextAttack's figures and files; or one
// sentence, or sentences as they come. A killed attack is continued by the same command.
using System.CommandLine;
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Cli.Attacks;
using RobustTickets.Evaluation;
using RobustTickets.Training;

namespace RobustTickets.Cli.Commands;

/// <summary>The command and its options.</summary>
internal sealed class AttackCommand
{
    private readonly CliContext _context;
    private readonly Option<string> _model = CommonOptions.Model(
        "victim: a run's model/ folder or any Hugging Face BERT classifier"
    );
    private readonly Option<string?> _split = CommonOptions.Split();
    private readonly Option<int?> _count = CommonOptions.Count(
        "--num-examples",
        1,
        "examples attacked; default: all of the split"
    );
    private readonly Option<string> _sample = new("--sample")
    {
        Description =
            "a seeded sample with the file's class shares, or the first N of the file (as the papers' scripts)",
        DefaultValueFactory = _ => "stratified",
    };
    private readonly Option<string?> _ids = new("--ids")
    {
        Description = "attack the examples that a file names, one id a line (the ids.txt of another attack)",
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
            "most word pieces the victim sees, special tokens included, or training: as in the victim's run; "
            + "default: the tokenizer's own (512 for BERT, as TextAttack)",
        HelpName = "N|training",
    };
    private readonly Option<bool> _whole = new("--whole-set")
    {
        Description = "also measure the accuracy on the whole split, the papers' Clean",
    };
    private readonly Option<string?> _augment = new("--augment")
    {
        Description = "also write training data: the split's examples and the adversarial text of each success",
        HelpName = "FILE",
    };
    private readonly Option<string?> _output = new("--out")
    {
        Description = "folder of the results; default: attacks/RECIPE in the run the model belongs to",
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
        Description = "true class of --text or --interactive; default: what the model says",
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
        _sample.AcceptOnlyFromAmong(AttackSample.Ways);
        _length.Validators.Add(result =>
        {
            var value = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (
                value != "training"
                && !(int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= 3)
            )
                result.AddError($"--max-length {value}: a number of at least 3, or training");
        });
        Command = new Command(
            "attack",
            "attack a classifier and report Clean, Aua, Suc and #Query; or one sentence (--text), or sentences "
                + "as they come (--interactive)"
        )
        {
            _model,
            AttackRecipesCommand.Create(context),
        };
        foreach (var option in new Option[] { _text, _pair, _label, _interactive })
            Command.Add(option);
        _attack = new AttackOptionSet(Command);
        _data = new DataOptionSet(Command, "read only the first N examples of the split", required: false);
        foreach (var option in OfData)
            Command.Add(option);
        Command.Add(_seed);
        Command.Add(_length);
        Command.Add(_json);
        _execution = new ExecutionOptionSet(Command);
        Command.SetAction(Run);
    }

    private Command Command { get; }

    private Option[] OfData => [_split, _count, _sample, _ids, _whole, _augment, _output];

    /// <summary>The command.</summary>
    public static Command Create(CliContext context) => new AttackCommand(context).Command;

    private int Run(ParseResult parsed)
    {
        // What building the attack loads lives until the command ends.
        using var loaded = _attack;
        var sentences = parsed.GetValue(_text) is not null || parsed.GetValue(_interactive);
        Refuse(parsed, sentences);
        var victim = new VictimFolder(parsed.GetRequiredValue(_model));
        // Options, resources and data first: they are refused before the model is loaded.
        var arguments = sentences ? null : _data.Read(parsed);
        var target = sentences ? null : parsed.GetValue(_output) ?? victim.ResultsOf(_attack.Recipe(parsed).Name);
        var encoderFolder = _attack.WantsSimilarity(parsed) ? _attack.Encoder(parsed) ?? victim.Pretrained() : null;
        var length = victim.Length(parsed.GetValue(_length));
        var resources = _attack.Resources(parsed);
        using var classifier = Classifier.Load(victim.Path, _execution.Apply(parsed), length);
        using var encoder = encoderFolder is null ? null : BertSentenceEncoder.Load(encoderFolder);
        var attack = _attack.Attack(parsed, resources, encoder, parsed.GetValue(_seed) ?? 42);
        if (sentences)
            return RunSentences(parsed, attack, classifier);

        var examples = EvaluationData.Load(arguments!, parsed.GetValue(_split), classifier.Labels);
        EvaluationData.Tell(_context, examples);
        var picked = Pick(parsed, examples, out var rule);
        var run = new List<RecipeLine>
        {
            new(
                "data",
                $"{arguments!.Task} {examples.Name}, sha256 {examples.Sha256}",
                Path.GetFileName(examples.Source)
            ),
            new("sample", rule, $"of {examples.Examples.Count}; ids in ids.txt"),
            new(
                "victim length",
                $"{classifier.MaxLength} word pieces, special tokens included",
                parsed.GetValue(_length) switch
                {
                    null => "the tokenizer's own",
                    "training" => "as in training",
                    _ => "option",
                }
            ),
            new("victim mode", "evaluation (no dropout)", "always"),
            new(
                "victim weights",
                $"sha256 {VictimFolder.Hash(victim.Path)}",
                "configuration, tokenizer and weight files"
            ),
        };
        if (encoderFolder is not null)
            run.Add(
                new(
                    "sentence encoder",
                    $"sha256 {VictimFolder.Hash(encoderFolder)}",
                    Path.GetFileName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(encoderFolder)))
                )
            );
        var inputs = picked.ToList();
        var result = AttackRun.Run(
            _context,
            new AttackJob(
                attack,
                new TorchVictim(classifier),
                victim.Name,
                inputs,
                target!,
                run,
                _attack.Engine(parsed)
            ),
            parsed.GetValue(_whole) ? () => WholeSet(classifier, examples) : null
        );
        if (parsed.GetValue(_json))
            _context.Out.Write(AttackJson.Write(result.Summary));
        else
            AttackPrinter.Print(_context.Out, result.Summary, target!);
        if (parsed.GetValue(_augment) is { } file)
        {
            var made = AugmentFile.Write(file, examples.Examples, result.Outcomes, classifier.Labels, attack.Name);
            _context.Error.WriteLine($"{examples.Examples.Count} examples and {made} adversarial ones in {file}");
        }
        result.ThrowIfErrors();
        return ExitCodes.Ok;
    }

    private int RunSentences(ParseResult parsed, Attack attack, Classifier classifier)
    {
        var single = new SentenceAttack(
            attack,
            classifier,
            SentenceAttack.ClassOf(parsed.GetValue(_label), classifier.Labels),
            _attack.Engine(parsed),
            parsed.GetValue(_json)
        );
        var outcomes = parsed.GetValue(_interactive)
            ? single.RunLines(_context)
            : [single.Run(_context, "text", parsed.GetValue(_text)!, parsed.GetValue(_pair))];
        new AttackRunResult(AttackSummary.From(outcomes, AttackSettings.Of(attack, "")), outcomes).ThrowIfErrors();
        return ExitCodes.Ok;
    }

    // What one way of attacking has no use for is refused: nothing given is silently passed over.
    private void Refuse(ParseResult parsed, bool sentences)
    {
        bool Given(Option option) => parsed.GetResult(option) is { Implicit: false };
        if (sentences)
        {
            if (Given(_text) && Given(_interactive))
                throw new UsageException("--text and --interactive: one of them");
            if (Given(_pair) && Given(_interactive))
                throw new UsageException("--text-pair goes with --text");
            if (OfData.FirstOrDefault(Given) is { } option)
                throw new UsageException($"{option.Name} goes with --data, not with --text or --interactive");
            if (_data.AnyGiven(parsed))
                throw new UsageException("--data, --task and their options do not go with --text or --interactive");
            return;
        }
        foreach (var option in new Option[] { _pair, _label }.Where(Given))
            throw new UsageException($"{option.Name} goes with --text");
        if (Given(_ids) && (Given(_count) || Given(_sample)))
            throw new UsageException("--ids names the examples; leave --num-examples and --sample out");
    }

    private IReadOnlyList<Example> Pick(ParseResult parsed, Split examples, out string rule)
    {
        IReadOnlyList<Example> picked;
        if (parsed.GetValue(_ids) is { } file)
        {
            picked = AttackSample.Named(examples.Examples, file);
            rule = $"{picked.Count}, named by ids";
        }
        else
        {
            var (way, seed) = (parsed.GetValue(_sample)!, parsed.GetValue(_seed) ?? 42);
            picked = AttackSample.Pick(examples.Examples, way, parsed.GetValue(_count), seed);
            rule =
                picked.Count == examples.Examples.Count ? "all"
                : way == "first-n" ? $"first {picked.Count}"
                : $"{picked.Count}, stratified, seed {seed}";
            if (
                way == "first-n"
                && picked.Count < examples.Examples.Count
                && Splits.ClassGroupedWarning(examples) is { } warning
            )
                _context.Error.WriteLine($"warning: {warning}; see --sample stratified");
        }
        var counts = examples.Labels.Names.Select((name, i) => $"{name} {picked.Count(e => e.Label == i)}");
        _context.Error.WriteLine($"attacking {picked.Count} examples: {string.Join(", ", counts)}");
        return picked;
    }

    private double WholeSet(Classifier classifier, Split examples)
    {
        _context.Error.WriteLine($"measuring the accuracy on all {examples.Examples.Count} examples");
        return 100
            * classifier
                .Evaluate(EncodedSplit.From(examples.Examples, classifier.Tokenizer, classifier.MaxLength).Examples)
                .Accuracy;
    }
}
