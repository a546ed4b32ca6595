// Explains command-line errors and suggests the command, option or name that was probably meant.
using System.CommandLine;
using System.CommandLine.Parsing;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Cli.Terminal;

/// <summary>Rewords command-line errors.</summary>
internal static class ParseProblems
{
    // Help names of values that are files and folders.
    private static readonly string[] Places = ["DIR", "FILE", "FOLDER", "PATH", "RUN", "CONFIG", "VOCAB", "VECTORS"];

    /// <summary>One sentence per error.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // An option without its value consumes the next option, which makes all later errors
        // misleading.
        var valueless = parsed.Errors.Count > 0 ? Valueless(parsed).ToList() : [];
        if (valueless.Count > 0)
            return valueless;
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
            // A misspelt command was not recognised as a command.
            if (error.SymbolResult is CommandResult && commands.Count > 0 && unknown.Count > 0)
                continue;
            messages.Add(WrongValue.Of(error) ?? Missing(error, commands) ?? error.Message);
        }
        messages.AddRange(Empty(parsed));
        return [.. messages.Distinct(StringComparer.Ordinal)];
    }

    private static string? Missing(ParseError error, IReadOnlyList<string> commands) =>
        error.SymbolResult switch
        {
            CommandResult { Command.Action: null } when commands.Count > 0 =>
                $"a command is missing; possible: {string.Join(", ", commands)}",
            OptionResult { Implicit: true, Option: var option } => $"{option.Name} is missing",
            ArgumentResult { Tokens.Count: 0, Parent: CommandResult } result => Missing(result.Argument),
            _ => null,
        };

    private static string Missing(Argument argument)
    {
        var what = (argument.Description ?? "").Split(';', 2)[0];
        return HelpPrinter.Possible(argument) is { Count: > 0 } possible
            ? $"{argument.Name} is missing; possible: {string.Join(", ", possible)}"
            : $"{argument.Name} is missing" + (what.Length > 0 ? $": {what}" : "");
    }

    private static IEnumerable<string> Valueless(ParseResult parsed)
    {
        var options = parsed.CommandResult.Command.Options.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var result in parsed.CommandResult.Children.OfType<OptionResult>())
        {
            if (result.Implicit || result.Option.Arity.MinimumNumberOfValues == 0)
                continue;
            var help = result.Option.HelpName is { } name ? $" ({name})" : "";
            if (result.Tokens.Count == 0)
                yield return $"{result.Option.Name}: a value is missing{help}";
            else if (result.Tokens.FirstOrDefault(t => options.Contains(t.Value)) is { } other)
                yield return $"{result.Option.Name}: a value is missing{help}, found the option {other.Value}";
        }
    }

    // An empty path is never valid: usually an unset variable of a script.
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

    // The argument after an unknown option is taken as its value.
    private static IEnumerable<string> Unknown(IReadOnlyList<string> tokens) =>
        tokens.Where((t, i) => i == 0 || IsOption(t) || !IsOption(tokens[i - 1]));

    // An argument may consume a misspelt option, which is valid only after --.
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
        if (ForeignOptions.Hint(token, command) is { } hint)
            return $"unknown option '{token}'; {hint}";
        var options = command.Options.Where(o => !o.Hidden).Select(o => o.Name).Append("--help").ToList();
        var near = NearestNames.Near(token, options);
        return $"unknown option '{token}'" + (near.Count > 0 ? $"; did you mean {string.Join(" or ", near)}?" : "");
    }
}
