// Rewords errors about invalid option values: the parser's messages name .NET types.
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Cli.Terminal;

/// <summary>Rewords errors about values.</summary>
internal static class WrongValue
{
    /// <summary>The reworded error; null if the parser's message is fine.</summary>
    public static string? Of(ParseError error)
    {
        if (error.SymbolResult is not { Tokens: [.., var token] } result)
            return null;
        if (result is OptionResult { IdentifierTokenCount: > 1 } twice && !TakesSeveral(twice.Option))
            return $"{twice.Option.Name} is given {twice.IdentifierTokenCount} times "
                + $"({string.Join(", ", twice.Tokens.Select(t => t.Value))}); it takes one value";
        Symbol? symbol = result switch
        {
            OptionResult option => option.Option,
            ArgumentResult { Parent: OptionResult option } => option.Option,
            ArgumentResult argument => argument.Argument,
            _ => null,
        };
        if (symbol is null)
            return null;
        if (HelpPrinter.Possible(symbol) is { Count: > 0 } possible)
            return possible.Contains(token.Value)
                ? null
                : $"{symbol.Name} {token.Value}: not known; {NearestNames.Hint(token.Value, possible)}";
        return symbol is Option { ValueType: var type } && Expected(type, symbol.Name, token.Value) is { } expected
            ? $"{symbol.Name} {token.Value}: {expected}"
            : null;
    }

    private static bool TakesSeveral(Option option) => option.Arity.MaximumNumberOfValues > 1;

    private static string? Expected(Type type, string name, string text)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(bool))
            return bool.TryParse(text, out _) ? null : "expected true or false";
        if (type != typeof(int) || int.TryParse(text, CultureInfo.InvariantCulture, out _))
            return null;
        if (text.TrimStart('-').All(char.IsAsciiDigit) && text.Any(char.IsAsciiDigit))
            return Invariant.Text($"expected a whole number of at most {int.MaxValue:N0}");
        var parts = text.Split(',');
        var isList = parts.Length > 1 && parts.All(p => int.TryParse(p, CultureInfo.InvariantCulture, out _));
        // train and experiment accept a list under this name.
        return name == "--seeds" && isList
                ? $"expected the number of seeds, such as {parts.Length}; a list of seeds is accepted by "
                    + "train and experiment"
            : isList ? "expected a whole number, without commas"
            : "expected a whole number";
    }
}
