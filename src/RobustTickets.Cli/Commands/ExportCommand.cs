// export: exports a trained model for other programs; the export is loaded and compared before the
// command succeeds.
using System.CommandLine;
using System.Text.Json.Nodes;
using RobustTickets.Checkpoints;
using RobustTickets.Checkpoints.Files;
using RobustTickets.Cli.Onnx;
using RobustTickets.Cli.Options;
using RobustTickets.Export;
using RobustTickets.OnnxRuntime;
using RobustTickets.Pipeline.Models;
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Cli.Commands;

/// <summary>The command and its options.</summary>
internal sealed class ExportCommand
{
    private static readonly Dictionary<string, HuggingFaceLayout> Layouts = new()
    {
        ["hf-dense"] = HuggingFaceLayout.Dense,
        ["hf-compact"] = HuggingFaceLayout.Compact,
        ["hf-pruned-heads"] = HuggingFaceLayout.PrunedHeads,
        ["hf-sparse"] = HuggingFaceLayout.Sparse,
    };
    private static readonly Dictionary<string, OnnxHead> Heads = new()
    {
        ["classifier"] = OnnxHead.SequenceClassification,
        ["masked-lm"] = OnnxHead.MaskedLM,
        ["encoder"] = OnnxHead.Encoder,
    };
    private static readonly string[] Formats = [.. Layouts.Keys, "onnx"];

    private readonly CliContext _context;
    private readonly Option<string> _model = CommonOptions.Model(
        "a run, its model/ folder, or any Hugging Face BERT; for onnx also a masked language model or an encoder"
    );
    private readonly Option<string> _format = new("--format")
    {
        Description =
            "hf-dense: original shapes with zeros, loads in any program; hf-compact: sliced shapes, with a Python "
            + "loader; hf-pruned-heads: pruned heads in the format of transformers before version 5; hf-sparse: a "
            + "ticket of single weights without its zeros, with a script that restores them; onnx: sliced shapes in "
            + "one file for ONNX Runtime and others",
        HelpName = "NAME",
        Required = true,
    };
    private readonly Option<string?> _head = new("--head")
    {
        Description = "onnx: output of the file; default: the head of the model, a classifier first",
    };
    private readonly Option<bool> _optimize = new("--optimize")
    {
        Description = "onnx: fused operators, which only ONNX Runtime supports",
    };
    private readonly Option<string?> _quantize = new("--quantize")
    {
        Description = "onnx: 8-bit matrix products in the layers; with --data, the loss of accuracy is measured",
    };
    private readonly Option<string> _output = new("--out")
    {
        Description = "output folder; must be new or empty",
        HelpName = "DIR",
        Required = true,
    };
    private readonly Option<bool> _json = CommonOptions.Json();
    private readonly QuantizationLossOptions _loss;

    private ExportCommand(CliContext context)
    {
        _context = context;
        _head.AcceptOnlyFromAmong([.. Heads.Keys]);
        _quantize.AcceptOnlyFromAmong("int8");
        Command = new Command(
            "export",
            "export a model for other programs, reload it and compare its logits (exit code 5 if they differ)"
        )
        {
            _model,
            _format,
            _output,
            _head,
            _optimize,
            _quantize,
        };
        _loss = new QuantizationLossOptions(Command);
        Command.Add(_json);
        Command.SetAction(Run);
    }

    private Command Command { get; }

    /// <summary>The command.</summary>
    public static Command Create(CliContext context) => new ExportCommand(context).Command;

    private int Run(ParseResult parsed)
    {
        var format = parsed.GetRequiredValue(_format);
        if (!Formats.Contains(format))
            throw new UsageException($"--format {format}: not supported; possible: {string.Join(", ", Formats)}");
        Refuse(parsed, format);
        var source = new NamedModel(parsed.GetRequiredValue(_model)).Path;
        using (var folder = BertFiles.Open(source))
        {
            foreach (var note in folder.Notes)
                _context.Error.WriteLine($"note: {note}");
        }
        return format == "onnx" ? RunOnnx(parsed, source) : RunHuggingFace(parsed, source, format);
    }

    private int RunHuggingFace(ParseResult parsed, string source, string format)
    {
        var target = parsed.GetRequiredValue(_output);
        var difference = HuggingFaceExport.Write(source, target, Layouts[format], _context.Stop.Token);
        var bytes = BytesOf(target);
        if (parsed.GetValue(_json))
            JsonOutput.Write(_context.Out, Json(source, format, target, bytes, difference));
        else
            _context.Out.WriteLine(
                Text(
                    $"{target}: {format}, {bytes / 1048576.0:0.0} MiB, logits equal to the source's within ",
                    $"{difference:0.0e+0}"
                )
            );
        return ExitCodes.Ok;
    }

    private int RunOnnx(ParseResult parsed, string source)
    {
        var target = parsed.GetRequiredValue(_output);
        var options = new OnnxExportOptions(
            parsed.GetValue(_head) is { } head ? Heads[head] : null,
            parsed.GetValue(_quantize) is null ? OnnxPrecision.Float32 : OnnxPrecision.Int8,
            parsed.GetValue(_optimize) ? OnnxFusion.OnnxRuntime : OnnxFusion.None
        );
        using var measure = _loss.Read(_context, parsed, source);
        var result = OnnxExport.Write(source, target, options, OnnxNetwork.Open, _context.Stop.Token);
        var loss = measure is null ? null : Measured(measure, target);
        if (parsed.GetValue(_json))
        {
            var json = Json(source, "onnx", target, result.Bytes, result.LargestDifference);
            json["head"] = Heads.First(h => h.Value == result.Head).Key;
            json["texts_compared"] = result.Texts;
            json["shortest_text"] = result.ShortestText;
            json["longest_text"] = result.LongestText;
            if (loss is not null)
                json["quantization"] = loss.Json();
            JsonOutput.Write(_context.Out, json);
            return ExitCodes.Ok;
        }
        var equal = options.Precision == OnnxPrecision.Int8 ? "close to" : "equal to";
        _context.Out.WriteLine(
            Text(
                $"{target}: onnx, {result.Bytes / 1048576.0:0.0} MiB, outputs of ONNX Runtime {equal} the source's ",
                $"within {result.LargestDifference:0.0e+0} ({result.Texts} texts of {result.ShortestText} to ",
                $"{result.LongestText} pieces, padded)"
            )
        );
        if (loss is not null)
            _context.Out.WriteLine(loss);
        return ExitCodes.Ok;
    }

    // If a requested measurement fails, the export is deleted, so that the same command can be
    // repeated.
    private static QuantizationLoss Measured(QuantizationMeasure measure, string target)
    {
        try
        {
            var loss = measure.Of(target);
            var card = Path.Combine(target, "README.md");
            AtomicFile.WriteAllText(card, $"{File.ReadAllText(card)}\nMeasured at export: {loss}\n");
            return loss;
        }
        catch
        {
            Directory.Delete(target, recursive: true);
            throw;
        }
    }

    private void Refuse(ParseResult parsed, string format)
    {
        bool Given(Option option) => parsed.GetResult(option) is { Implicit: false };
        if (format != "onnx" && new Option[] { _head, _optimize, _quantize }.FirstOrDefault(Given) is { } option)
            throw new UsageException($"{option.Name} requires --format onnx");
        if (parsed.GetValue(_quantize) is null && _loss.AnyGiven(parsed))
            throw new UsageException("--data and its options require --quantize, whose loss they measure");
    }

    private static JsonObject Json(string source, string format, string target, long bytes, double difference) =>
        new()
        {
            ["model"] = source,
            ["format"] = format,
            ["out"] = target,
            ["bytes"] = bytes,
            ["largest_logit_difference"] = difference,
        };

    private static long BytesOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
}
