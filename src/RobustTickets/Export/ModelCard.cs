// README.md of an export as a Hugging Face model card: what the model is, where it comes from and
// its measured results, read from the run around the source and from the source's configuration;
// anything not recorded is listed as unknown.
using System.Text;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Checkpoints.Store;
using RobustTickets.Runs;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Export;

/// <summary>Writes model cards.</summary>
internal sealed class ModelCard
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "README.md";

    private const int LongestFact = 160;

    private readonly HuggingFaceConfig _config;
    private readonly string _name;
    private readonly RunFolder? _run;
    private readonly RunResult? _result;
    private readonly EnvironmentStamp? _environment;

    private ModelCard(string source, HuggingFaceConfig config)
    {
        _config = config;
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(source));
        _run = RunFolder.Around(path);
        _name = _run is null ? Path.GetFileName(path) : $"{Path.GetFileName(_run.Path)}/{Path.GetFileName(path)}";
        if (_run is null)
            return;
        if (_run.IsFinished)
            _result = RunResult.Load(_run.ResultFile);
        if (File.Exists(_run.EnvironmentFile))
            _environment = EnvironmentStamp.Load(_run.EnvironmentFile);
    }

    /// <summary>The card of a model.</summary>
    /// <param name="source">Its folder; if it belongs to a run, the run is read.</param>
    /// <param name="config">Its configuration.</param>
    /// <exception cref="DataException">A file of the run is corrupt.</exception>
    public static ModelCard Of(string source, HuggingFaceConfig config) => new(source, config);

    /// <summary>Hugging Face's name of a task.</summary>
    public static string PipelineOf(OnnxHead head) =>
        head switch
        {
            OnnxHead.SequenceClassification => "text-classification",
            OnnxHead.MaskedLM => "fill-mask",
            _ => "feature-extraction",
        };

    /// <summary>The card of a Hugging Face folder.</summary>
    /// <param name="form">How it is stored and used.</param>
    public string HuggingFace(string form) =>
        Write(PipelineOf(OnnxHead.SequenceClassification), "transformers", form, Index());

    /// <summary>The card of an ONNX file.</summary>
    public string Onnx(OnnxExportResult result, OnnxExportOptions options) =>
        Write(
            PipelineOf(result.Head),
            "onnx",
            OnnxCardText.Of(result, options, _config),
            // What was measured is the float32 classifier.
            result.Head == OnnxHead.SequenceClassification
            && options.Precision == OnnxPrecision.Float32
                ? Index()
                : ""
        );

    private string Index() => CardIndex.Of(_name, _result, Clean, [.. Attacks().Select(a => a.Summary)]);

    private string Write(string pipeline, string library, string form, string index)
    {
        var text = new StringBuilder("---\n");
        var license = License();
        if (license.Name is not null)
            text.Append(Text($"license: {license.Name}\n"));
        if (Base() is { } from)
            text.Append(Text($"base_model: {CardIndex.Quoted(from)}\n"));
        text.Append(Text($"pipeline_tag: {pipeline}\nlibrary_name: {library}\n"));
        text.Append("tags:\n- bert\n- robustness\n- robust-tickets\n");
        text.Append(index).Append("---\n\n");
        text.Append(Text($"# {_name}\n\n"));
        text.Append(Origin(license.Text));
        text.Append(TicketTable());
        text.Append(Measured());
        text.Append(Limits());
        text.Append(form);
        return text.ToString();
    }

    private string Origin(string license)
    {
        var text = new StringBuilder("| | |\n|---|---|\n");
        void Row(string what, string value) => text.Append(Text($"| {what} | {Cell(value)} |\n"));
        Row("classes", string.Join(", ", _config.Labels));
        if (_result is { } result)
        {
            Row("method", $"{result.Name}, task {result.Task}, seed {result.Seed}");
            Row("recipe", result.RecipeSource);
            Row(
                "trained",
                string.Join(
                    "; ",
                    result.Stages.Select(s => Text($"{s.Stage}: {s.Epochs:0.##} epochs, {s.Steps} steps"))
                )
            );
        }
        else
            Row("method", "unknown: the model does not belong to a finished run");
        Row("base model", Base() ?? "unknown");
        Row("licence of the base model", license);
        if (_result is not null)
            Row("compute time", string.Join("; ", _result.Stages.Select(s => Text($"{s.Stage}: {s.Seconds:N0} s"))));
        if (_environment is { } e)
        {
            var facts = new[] { EnvironmentFacts.Device, EnvironmentFacts.Precision, EnvironmentFacts.Threads }
                .Where(e.Extra.ContainsKey)
                .Select(name => $", {name} {e.Extra[name]}");
            Row(
                "hardware",
                Text($"{e.Cpu}, {e.Cores} logical processors, {e.MemoryBytes / (double)(1 << 30):0.#} GiB of memory")
                    + string.Concat(facts)
            );
            Row("made by", $"robust-tickets {e.Version}{(e.Commit is null ? "" : $", commit {e.Commit}")}");
        }
        return text.ToString();
    }

    private string TicketTable()
    {
        var layers = Enumerable.Range(0, _config.NumHiddenLayers).ToArray();
        if (_config.Ticket is null)
        {
            return "\n## Ticket\n\nThe network is dense: "
                + Text($"{_config.NumHiddenLayers} layers, {_config.NumAttentionHeads} heads and ")
                + Text($"{_config.IntermediateSize} feed-forward neurons each.{WeightTicket()}\n");
        }
        var text = new StringBuilder("\n## Ticket\n\n| layer | heads | of | neurons | of |\n|---|---|---|---|---|\n");
        foreach (var layer in layers)
        {
            text.Append(
                Text(
                    $"| {layer} | {_config.HeadsOf(layer)} | {_config.NumAttentionHeads} | ",
                    $"{_config.IntermediateOf(layer)} | {_config.IntermediateSize} |\n"
                )
            );
        }
        int heads = layers.Sum(_config.HeadsOf),
            neurons = layers.Sum(_config.IntermediateOf);
        double allHeads = (double)layers.Length * _config.NumAttentionHeads,
            allNeurons = (double)layers.Length * _config.IntermediateSize;
        // Parameters of a layer: 4 H d per head, 2 H per neuron.
        var left =
            ((4.0 * heads * _config.HeadSize) + (2.0 * neurons))
            / ((4.0 * allHeads * _config.HeadSize) + (2.0 * allNeurons));
        text.Append(
            Text(
                $"\n{heads} of {allHeads:0} heads and {neurons} of {allNeurons:0} neurons are kept, ",
                $"{100 * left:0.0} % of the encoder's matrices.\n"
            )
        );
        return text.ToString();
    }

    private string WeightTicket() =>
        _result?.Ticket is { Kind: "weights" } ticket
            ? Text(
                $" {ticket.WeightsKept} of {ticket.WeightsTotal} single weights are kept; the others are ",
                $"zeros in the matrices."
            )
            : "";

    private string Measured()
    {
        var text = new StringBuilder("\n## Measured\n\n");
        if (_result is { } result && Clean is { } clean)
        {
            var n = result.EvaluatedExamples;
            var interval = WilsonInterval.Of((int)Math.Round(clean * n), n);
            text.Append(
                Text(
                    $"Clean: {100 * clean:0.0} % of {n} examples ({result.EvaluatedSplit}), 95 % interval ",
                    $"{interval.Percent}.\n"
                )
            );
        }
        else
            text.Append("No accuracy is available: the model does not belong to a finished run.\n");
        var attacks = Attacks();
        if (attacks.Count == 0)
        {
            text.Append("No attack on this model is recorded.\n");
            return text.ToString();
        }
        text.Append("\n| attack | n | Clean | Aua | 95 % interval | Suc | #Query |\n|---|---|---|---|---|---|---|\n");
        foreach (var (_, s) in attacks)
        {
            text.Append(
                Text(
                    $"| {Cell(s.Settings.Recipe)} | {s.Examples} | {s.Clean:0.0} | {s.Aua:0.0} | {s.AuaLow:0.0} ",
                    $"to {s.AuaHigh:0.0} | {s.Suc:0.0} | {s.MeanQueries:0.0} |\n"
                )
            );
        }
        text.Append("\nClean and Aua (accuracy under attack) in percent of the n examples. Settings:\n\n");
        foreach (var (name, s) in attacks)
        {
            var facts = s.Settings.Run.Concat(s.Settings.Composition).Select(l => $"{l.Item}: {Short(l.Value)}");
            text.Append(
                Text($"- {Cell(name)}: TextAttack {VersionOf(s.Settings)}; {Cell(string.Join("; ", facts))}\n")
            );
        }
        return text.ToString();
    }

    private static string Limits() =>
        """

            ## Limits

            - Accuracy under attack holds for the attack, settings and examples named above, not for stronger
              attacks; it is not a certificate.
            - Texts unlike those it was trained on (another language, domain or length) are not covered by any
              figure here.
            - Longer texts are truncated to the model's maximum length; the rest is ignored.
            - A model reproduces the biases of its base model and of its training data.

            """;

    // The run's attacks on this model; attacks on the control are in their own folder.
    private IReadOnlyList<(string Name, AttackSummary Summary)> Attacks()
    {
        if (_run is null || !Directory.Exists(_run.AttacksFolder) || IsControl)
            return [];
        return
        [
            .. Directory
                .GetDirectories(_run.AttacksFolder)
                .Order(StringComparer.Ordinal)
                .Select(folder => (Path.GetFileName(folder), File: Path.Combine(folder, AttackFiles.Summary)))
                .Where(a => FinishedAttack.Exists(Path.GetDirectoryName(a.File)!))
                .Select(a => (a.Item1, Summary: AttackJson.LoadSummary(a.File)))
                // An attack without judged examples has no figures.
                .Where(a => a.Summary.Examples > 0),
        ];
    }

    private static string VersionOf(AttackSettings settings) =>
        TextAttackVersions.ByName.First(v => v.Value == settings.Compat).Key;

    private bool IsControl => _run is not null && _name.EndsWith("/control", StringComparison.Ordinal);

    private double? Clean => IsControl ? _result?.Control?.Accuracy : _result?.Clean;

    private string? Base() => _result?.Model.Base ?? _environment?.Base?.Name;

    // The licence as text and as the card's identifier: from the known base model's package, or
    // from its own card ("license: apache-2.0" in the front matter).
    private (string Text, string? Name) License()
    {
        const string unknown = "not stated in its folder; check it before use";
        if (_environment?.BaseFolder() is not { } folder)
            return (unknown, null);
        var (card, origin) = (Path.Combine(folder, FileName), Path.Combine(folder, ModelPackage.OriginFile));
        if (File.Exists(origin))
        {
            using var json = GuardedJson.Parse(origin, SourceFile.ReadAllBytes(origin));
            if (json.RootElement.Member("licence")?.Text() is { } text)
            {
                var from = json.RootElement.Member("origin")?.Text();
                return (from is null ? text : $"{text}; {from}", NameOf(text.Split(' ')[0].ToLowerInvariant()));
            }
        }
        if (!File.Exists(card))
            return (unknown, null);
        var line = SourceFile
            .ReadAllText(card)
            .ReplaceLineEndings("\n")
            .Split('\n')
            .Skip(1)
            .TakeWhile(l => l != "---")
            .FirstOrDefault(l => l.StartsWith("license:", StringComparison.Ordinal));
        return NameOf(line?["license:".Length..].Trim().Trim('"', '\'')) is { } name ? (name, name) : (unknown, null);

        static string? NameOf(string? name) =>
            string.IsNullOrEmpty(name) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') ? null : name;
    }

    private static string Short(string text) => text.Length <= LongestFact ? text : text[..LongestFact] + " ...";

    // Escapes bars, line ends and HTML tags, which would break the table.
    private static string Cell(string text) =>
        text.ReplaceLineEndings(" ")
            .Replace("|", "\\|", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal);
}
