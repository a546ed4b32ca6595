// Data options, the same for every command that reads data.
using System.CommandLine;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Cli.Options;

/// <summary>Values of the data options.</summary>
/// <param name="Path">File or folder.</param>
/// <param name="Task">Name of the task as in the catalogue.</param>
/// <param name="Options">Columns, labels, limit.</param>
public sealed record DataArguments(string Path, string Task, DataOptions Options);

/// <summary>The data options of one command.</summary>
internal sealed class DataOptionSet
{
    private readonly Option<string> _data = new("--data")
    {
        Description =
            "a file, or a folder with train/dev/test files (GLUE TSV, AG News CSV, aclImdb folder or tar.gz, "
            + "CSV, TSV, JSONL, Parquet)",
        HelpName = "PATH",
    };
    private readonly Option<string> _task = new("--task")
    {
        Description =
            $"task: {string.Join(", ", TaskCatalog.Tasks.Select(t => t.Name))} (the last four for your own files)",
        HelpName = "NAME",
    };
    private readonly Option<string?> _text = new("--text-column")
    {
        Description =
            "text column; a+b joins columns with a space; default: the task's, or text or sentence in your own "
            + "files",
        HelpName = "NAME",
    };
    private readonly Option<string?> _pair = new("--pair-column")
    {
        Description = "column of the second text; empty: none; default: the task's",
        HelpName = "NAME",
    };
    private readonly Option<string?> _label = new("--label-column")
    {
        Description = "label column; default: the task's, or label or class in your own files",
        HelpName = "NAME",
    };
    private readonly Option<string?> _labels = new("--labels")
    {
        Description =
            "label values in class order (negative,positive) or with their index (neg=0,pos=1); default: inferred",
        HelpName = "LIST",
    };
    private readonly Option<string?> _separator = SeparatorOption();
    private readonly Option<string?> _escape = EscapeOption();
    private readonly Option<string?> _unpacked = new("--max-unpacked")
    {
        Description = "maximum unpacked size of a compressed file (gz, tar), such as 64m or 1g; default 512m",
        HelpName = "SIZE",
    };
    private readonly Option<bool> _noHeader = new("--no-header")
    {
        Description = "the first row is data; columns are numbered from 0",
    };
    private readonly Option<int?> _limit;
    private readonly string _instead;
    private readonly Option[] _ofLabelled;
    private readonly Option<bool> _skip = new("--skip-bad-rows")
    {
        Description =
            "skip invalid rows (malformed, not UTF-8, label missing or unknown) with a note instead of rejecting "
            + "the file",
    };

    /// <param name="command">The command they belong to.</param>
    /// <param name="limit">Description of <c>--limit</c> for this command.</param>
    /// <param name="required">Whether data and task are required by the parser; otherwise
    /// <see cref="Read"/> throws if they are missing.</param>
    /// <param name="instead">Alternative to data, named in the error if both are missing.</param>
    public DataOptionSet(
        Command command,
        string limit = "keep only the first N examples of each split",
        bool required = true,
        string instead = ""
    )
    {
        _instead = instead;
        _data.Required = _task.Required = required;
        _limit = CommonOptions.Count("--limit", 1, limit);
        _ofLabelled = [_data, _task, _text, _pair, _label, _labels, _separator, _escape, _noHeader, _limit, _skip];
        foreach (var option in _ofLabelled.Append(_unpacked))
            command.Add(option);
    }

    /// <summary>Whether an option that applies only to labelled data was given.</summary>
    public bool AnyGiven(ParseResult parsed) => _ofLabelled.Any(o => parsed.GetResult(o) is { Implicit: false });

    /// <summary>Whether the unpacking limit, which resources share, was given.</summary>
    public bool LimitGiven(ParseResult parsed) => parsed.GetResult(_unpacked) is { Implicit: false };

    /// <summary>Reads the values from a parsed command line.</summary>
    /// <exception cref="UsageException">Data or task are missing; labels or separator are
    /// malformed.</exception>
    /// <exception cref="RobustTickets.Attacks.DataException">The task is unknown.</exception>
    public DataArguments Read(ParseResult parsed)
    {
        var (separator, escape) = Characters(parsed.GetValue(_separator), parsed.GetValue(_escape));
        return new(
            parsed.GetValue(_data) ?? throw new UsageException($"--data is missing{_instead}"),
            TaskCatalog.TryFind(parsed.GetValue(_task) ?? throw new UsageException("--task is missing"), out var task)
                ? task.Name
                : throw new UsageException(
                    $"--task {parsed.GetValue(_task)}: not known; "
                        + NearestNames.Hint(parsed.GetValue(_task)!, [.. TaskCatalog.Tasks.Select(t => t.Name)])
                        + " (the last four for your own files)"
                ),
            new DataOptions(
                parsed.GetValue(_text),
                parsed.GetValue(_pair),
                parsed.GetValue(_label),
                Labels(parsed.GetValue(_labels)),
                separator,
                Header: !parsed.GetValue(_noHeader),
                Limit: parsed.GetValue(_limit),
                SkipBadRows: parsed.GetValue(_skip),
                Escape: escape,
                MaxUnpackedBytes: MaxUnpacked(parsed)
            )
        );
    }

    /// <summary>The column separator option.</summary>
    internal static Option<string?> SeparatorOption() =>
        new("--separator")
        {
            Description = "column separator of CSV and TSV files: one character, or tab",
            HelpName = "CHAR",
        };

    /// <summary>The escape character option.</summary>
    internal static Option<string?> EscapeOption() =>
        new("--escape")
        {
            Description =
                "character that escapes quotes and separators in CSV and TSV files, \\ in many exports; default: "
                + "quotes are doubled",
            HelpName = "CHAR",
        };

    /// <summary>Parses separator and escape character.</summary>
    /// <exception cref="UsageException">A value is not such a character.</exception>
    internal static (char? Separator, char? Escape) Characters(string? separator, string? escape) =>
        (
            Value<char?>("--separator", separator, text => DataOptionText.Separator(text)),
            Value<char?>("--escape", escape, text => DataOptionText.Escape(text))
        );

    /// <summary>Maximum unpacked size of a compressed file or resource.</summary>
    public long MaxUnpacked(ParseResult parsed) =>
        Value<long?>("--max-unpacked", parsed.GetValue(_unpacked), text => DataOptionText.Bytes(text))
        ?? DataOptions.UnpackedBytes;

    internal static LabelMap? Labels(string? list) => Value("--labels", list, DataOptionText.Labels);

    private static T? Value<T>(string option, string? text, Func<string, T> read)
    {
        try
        {
            return text is null ? default : read(text);
        }
        catch (Exception e) when (e is FormatException or DataException)
        {
            throw new UsageException($"{option} {text}: {e.Message}");
        }
    }
}
