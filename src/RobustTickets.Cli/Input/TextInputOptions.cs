using System.CommandLine;
using RobustTickets.Cli.Options;

namespace RobustTickets.Cli.Input;

/// <summary>The options of commands that read texts as a stream.</summary>
internal sealed class TextInputOptions
{
    private readonly Option<string> _input = new("--input")
    {
        Description = "input file, or - for standard input (only standard input may be empty)",
        HelpName = "FILE|-",
        DefaultValueFactory = _ => "-",
    };
    private readonly Option<string?> _format = new("--format")
    {
        Description =
            "jsonl (an object {\"text\", \"text_pair\"?} per line), text (a text per line), csv or tsv (columns with a "
            + "header); default: csv or tsv by file extension, otherwise jsonl",
        HelpName = "NAME",
    };
    private readonly Option<string?> _text = new("--text-column")
    {
        Description = "field or column of the text; a+b joins two with a space; default: text",
        HelpName = "NAME",
    };
    private readonly Option<string?> _pair = new("--pair-column")
    {
        Description =
            "field or column of the second text; empty: none; default: text_pair if present and --text-column is not "
            + "given",
        HelpName = "NAME",
    };
    private readonly Option<string?> _separator = DataOptionSet.SeparatorOption();
    private readonly Option<string?> _escape = DataOptionSet.EscapeOption();
    private readonly Option<bool> _skip = new("--skip-bad-rows")
    {
        Description = "skip malformed rows, each with a note, instead of stopping at the first",
    };

    public TextInputOptions(Command command)
    {
        _format.AcceptOnlyFromAmong([.. Enum.GetNames<InputFormat>().Select(n => n.ToLowerInvariant())]);
        foreach (var option in new Option[] { _input, _format, _text, _pair, _separator, _escape, _skip })
            command.Add(option);
    }

    /// <summary>Reads the values from a parsed command line.</summary>
    /// <exception cref="UsageException">An option does not apply to the format.</exception>
    public TextInput Read(ParseResult parsed)
    {
        var path = parsed.GetValue(_input)!;
        var format = parsed.GetValue(_format) is { } name
            ? Enum.Parse<InputFormat>(name, ignoreCase: true)
            : Path.GetExtension(path).ToLowerInvariant() switch
            {
                ".csv" => InputFormat.Csv,
                ".tsv" => InputFormat.Tsv,
                _ => InputFormat.Jsonl,
            };
        var columns = new TextColumns(parsed.GetValue(_text), parsed.GetValue(_pair));
        if (format == InputFormat.Text && columns != new TextColumns(null, null))
            throw new UsageException("--text-column and --pair-column: plain lines have no columns");
        var (separator, escape) = DataOptionSet.Characters(parsed.GetValue(_separator), parsed.GetValue(_escape));
        if ((separator ?? escape) is not null && format is not (InputFormat.Csv or InputFormat.Tsv))
            throw new UsageException("--separator and --escape require --format csv or tsv");
        return new TextInput(path, format, columns, parsed.GetValue(_skip), separator, escape);
    }
}
