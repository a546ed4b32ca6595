// Options that several commands share, so that they mean and read the same everywhere.
using System.CommandLine;

namespace RobustTickets.Cli.Commands;

internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "print the result as JSON" };

    public static Option<string[]> Set() => new("--set")
    {
        Description = "change a field of the recipe, e.g. --set retrain.epochs=3; may be repeated",
        HelpName = "path=value",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
}
