// Help at 80 columns: a command's purpose, an example, and its options in groups. Options with a
// fixed set of values show <NAME>, listed after the description.
using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text;

namespace RobustTickets.Cli.Terminal;

/// <summary>Prints the help of a command.</summary>
/// <param name="output">Output writer.</param>
internal sealed class HelpPrinter(TextWriter output)
{
    private const int Width = 80,
        Indent = 2,
        MostOfNames = 28;

    /// <summary>Prints the help.</summary>
    public void Print(Command command)
    {
        foreach (var line in (command.Description ?? "").Split('\n'))
            Wrapped(line, first: 0, indent: 0);
        output.WriteLine();
        output.WriteLine("Usage:");
        Wrapped($"robust-tickets {Path(command)}{Usage(command)}", first: Indent, indent: 6);
        if (HelpExamples.Of(Path(command).TrimEnd()) is { } example)
        {
            output.WriteLine();
            output.WriteLine("Example:");
            Shell(example);
        }
        Section("Arguments:", [.. Visible(command.Arguments).Select(a => (Label(a), Describe(a)))]);
        Section("Commands:", [.. Visible(command.Subcommands).Select(c => (c.Name, c.Description ?? ""))]);
        foreach (
            var group in Options(command)
                .GroupBy(o => HelpGroups.Of(command.Name, o.Name))
                .OrderBy(g => HelpGroups.Order(g.Key))
        )
            Section($"{group.Key}:", [.. group.Select(o => (Label(o), Describe(o)))]);
        if (command.Subcommands.Count > 0)
        {
            output.WriteLine();
            Wrapped($"robust-tickets {Path(command)}COMMAND --help lists the options of a command.", 0, 0);
        }
    }

    /// <summary>The values that an option or argument accepts; empty for any value.</summary>
    public static IReadOnlyList<string> Possible(Symbol symbol) =>
        symbol switch
        {
            Option o when o.ValueType == typeof(string) || o.ValueType == typeof(string[]) => Names(o),
            Argument a when a.ValueType == typeof(string) =>
            [
                .. a.GetCompletions(CompletionContext.Empty).Select(c => c.Label),
            ],
            _ => [],
        };

    /// <summary>The path of a command, each name followed by a space.</summary>
    public static string Path(Command command) =>
        command is RootCommand ? "" : Path((Command)command.Parents.First()) + command.Name + " ";

    private static string[] Names(Option option) =>
        [.. option.GetCompletions(CompletionContext.Empty).Select(c => c.Label)];

    private static IEnumerable<T> Visible<T>(IEnumerable<T> symbols)
        where T : Symbol => symbols.Where(s => !s.Hidden);

    private static IEnumerable<Option> Options(Command command) =>
        Visible(command.Options.Concat(command is RootCommand ? [] : Recursive(command)));

    private static IEnumerable<Option> Recursive(Command command) =>
        command.Parents.OfType<Command>().SelectMany(p => p.Options.Where(o => o.Recursive).Concat(Recursive(p)));

    private static string Usage(Command command)
    {
        var parts = Visible(command.Options)
            .Where(o => o.Required)
            .Select(Label)
            .Concat(Visible(command.Arguments).Select(Label));
        var rest =
            command.Subcommands.Count == 0 ? "[options]"
            : command.Action is null ? "COMMAND"
            : "[COMMAND] [options]";
        return string.Join(' ', parts.Append(rest));
    }

    private static string Label(Argument argument) =>
        $"<{(Possible(argument).Count > 0 ? argument.Name : argument.HelpName ?? argument.Name).ToUpperInvariant()}>"
        + (argument.Arity.MaximumNumberOfValues > 1 ? "..." : "");

    private static string Label(Option option)
    {
        var name = option is HelpOption ? "-h, --help" : option.Name;
        if (option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool))
            return name;
        return $"{name} <{(Possible(option).Count > 0 ? "NAME" : option.HelpName ?? "VALUE")}>";
    }

    private static string Describe(Argument argument) => Told(argument.Description, Possible(argument), null);

    private static string Describe(Option option)
    {
        var value =
            option is { HasDefaultValue: true } && option.ValueType != typeof(bool) ? option.GetDefaultValue() : null;
        return (option.Required ? "required; " : "") + Told(option.Description, Possible(option), value?.ToString());
    }

    private static string Told(string? description, IReadOnlyList<string> possible, string? value)
    {
        var text = new StringBuilder(description);
        // Some descriptions already explain each value.
        if (possible.Any(name => description?.Contains(name, StringComparison.Ordinal) != true))
            text.Append("; one of ").AppendJoin(", ", possible);
        if (!string.IsNullOrEmpty(value))
            text.Append("; default ").Append(value);
        return text.ToString();
    }

    private void Section(string title, IReadOnlyList<(string Name, string Text)> rows)
    {
        if (rows.Count == 0)
            return;
        output.WriteLine();
        output.WriteLine(title);
        var column = Indent + Math.Min(MostOfNames, rows.Max(r => r.Name.Length)) + 2;
        foreach (var (name, text) in rows)
        {
            var fits = Indent + name.Length + 2 <= column;
            output.Write(new string(' ', Indent) + name);
            if (fits)
                output.Write(new string(' ', column - Indent - name.Length));
            else
                output.WriteLine();
            Wrapped(text, fits ? 0 : column, column, room: Width - column);
        }
    }

    /// <summary>Wraps words at <paramref name="room"/> columns.</summary>
    private void Wrapped(string text, int first, int indent, int? room = null)
    {
        var (line, start, most) = (new StringBuilder(), first, room ?? Width - first);
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > most)
            {
                output.WriteLine(new string(' ', start) + line);
                line.Clear();
                (start, most) = (indent, room ?? Width - indent);
            }
            if (line.Length > 0)
                line.Append(' ');
            line.Append(word);
        }
        output.WriteLine(new string(' ', start) + line);
    }

    /// <summary>A command line, with backslash continuations before options.</summary>
    private void Shell(string example)
    {
        var line = new StringBuilder("  ");
        foreach (var part in example.Split(" --").Select((p, i) => i == 0 ? p : "--" + p))
        {
            if (line.Length + part.Length + 3 > Width)
            {
                output.WriteLine($"{line.ToString().TrimEnd()} \\");
                line.Clear().Append("      ");
            }
            line.Append(part).Append(' ');
        }
        output.WriteLine(line.ToString().TrimEnd());
    }
}

/// <summary>The action of <c>--help</c>.</summary>
internal sealed class PrintHelp(CliContext context) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        new HelpPrinter(context.Out).Print(parseResult.CommandResult.Command);
        return ExitCodes.Ok;
    }
}
