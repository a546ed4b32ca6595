// What is wrong with a command line, with the command, option or name that was probably meant.
using System.CommandLine;
using System.CommandLine.Parsing;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Cli.Terminal;

/// <summary>Words the errors of a command line.</summary>
internal static class ParseProblems
{
    // What help calls the values that are files and folders.
    private static readonly string[] Places = ["DIR", "FILE", "FOLDER", "PATH", "RUN", "CONFIG", "VOCAB", "VECTORS"];

    /// <summary>One sentence an error.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var unknown = Unknown(parsed.UnmatchedTokens).Concat(Swallowed(parsed)).ToList();
        var commands = command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name).ToList();
        var messages = unknown.ConvertAll(token => Word(token, command, commands));
        var lost = parsed.UnmatchedTokens.Select(token => $"'{token}'").ToList();
        foreach (var error in parsed.Errors)
        {
            if (
                error.SymbolResult is CommandResult
                && lost.Any(t => error.Message.Contains(t, StringComparison.Ordinal))
            )
                continue;
            // A misspelt command is none that was given.
            if (error.SymbolResult is CommandResult && commands.Count > 0 && unknown.Count > 0)
                continue;
            messages.Add(Refused(error) ?? error.Message);
        }
        messages.AddRange(Empty(parsed));
        return [.. messages.Distinct(StringComparer.Ordinal)];
    }

    // No file and no folder is called by an empty name: a variable of a script was not set.
    private static IEnumerable<string> Empty(ParseResult parsed)
    {
        foreach (var result in parsed.CommandResult.Children)
        {
            var name = result switch
            {
                OptionResult { Option: { HelpName: { } help } option } when Places.Any(help.Contains) => option.Name,
                ArgumentResult argument => argument.Argument.Name,
                _ => null,
            };
            if (name is not null && result.Tokens.Any(t => t.Value.Length == 0))
                yield return $"{name}: the name is empty";
        }
    }

    // What follows an unknown option is its value.
    private static IEnumerable<string> Unknown(IReadOnlyList<string> tokens) =>
        tokens.Where((t, i) => i == 0 || IsOption(t) || !IsOption(tokens[i - 1]));

    // An argument takes a misspelt option for its value, unless a bare -- said that it may.
    private static IEnumerable<string> Swallowed(ParseResult parsed) =>
        parsed.Tokens.Any(t => t.Type == TokenType.DoubleDash)
            ? []
            : parsed
                .CommandResult.Children.OfType<ArgumentResult>()
                .SelectMany(a => a.Tokens)
                .Select(t => t.Value)
                .Where(v => v.StartsWith("--", StringComparison.Ordinal));

    private static bool IsOption(string token) => token.StartsWith('-');

    private static string Word(string token, Command command, IReadOnlyList<string> commands)
    {
        if (!IsOption(token))
            return commands.Count > 0
                ? $"unknown command '{token}'; {NearestNames.Hint(token, commands)}"
                : $"unknown argument '{token}'";
        var options = command.Options.Where(o => !o.Hidden).Select(o => o.Name).Append("--help").ToList();
        var near = NearestNames.Near(token, options);
        return $"unknown option '{token}'" + (near.Count > 0 ? $"; did you mean {string.Join(" or ", near)}?" : "");
    }

    /// <summary>A name that an option or argument does not take.</summary>
    private static string? Refused(ParseError error)
    {
        if (error.SymbolResult is not { Tokens: [.., var token] } result)
            return null;
        Symbol? symbol = result switch
        {
            OptionResult option => option.Option,
            ArgumentResult { Parent: OptionResult option } => option.Option,
            ArgumentResult argument => argument.Argument,
            _ => null,
        };
        if (
            symbol is null
            || HelpPrinter.Possible(symbol) is not { Count: > 0 } possible
            || possible.Contains(token.Value)
        )
            return null;
        return $"{symbol.Name} {token.Value}: not known; {NearestNames.Hint(token.Value, possible)}";
    }
}
