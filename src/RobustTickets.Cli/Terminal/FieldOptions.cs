// Maps request fields of the library to the command-line options that set them.
using RobustTickets.Attacks;
using RobustTickets.Cli.Attacks;
using RobustTickets.Recipes.Json;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Terminal;

/// <summary>Rewords library errors in command-line terms.</summary>
internal static class FieldOptions
{
    private static readonly Dictionary<string, (string Option, string Does)> Options = new(
        StringComparer.OrdinalIgnoreCase
    )
    {
        ["Attacks"] = ("--attacks", "names other attacks"),
        ["Base"] = ("--base", "names the checkpoint to train from"),
        ["Budget"] = ("--budget", "gives more time"),
        ["CleanLoss"] = ("--clean-loss", "allows another loss"),
        ["Device"] = ("--device", "picks another device"),
        ["LeaseTimeout"] = ("--lease-timeout", "gives other processes more or less time"),
        ["Model"] = ("--model", "names another checkpoint"),
        ["Only"] = ("--only", "picks cells"),
        ["Output"] = ("--out", "names another folder"),
        ["Plans"] = ("FILE", "names experiments"),
        ["Precision"] = ("--precision", "picks another precision"),
        ["Ranks"] = ("--ranks", "picks another number of processes"),
        ["Resume"] = ("--resume", "continues the run"),
        ["ShuffleWindow"] = ("--shuffle-window", "buffers fewer texts"),
        ["Threads"] = ("--threads", "picks another number of threads"),
    };

    /// <summary>The option of a field; the field itself if there is none.</summary>
    public static string Of(string field) =>
        Options.TryGetValue(field, out var known) ? known.Option : OptionNames.Of(field);

    /// <summary>The message of an exception, with options in place of fields.</summary>
    public static string Message(Exception e) =>
        e switch
        {
            RequestException r => $"{Of(r.Field)}{(r.Value is null ? "" : " " + r.Value)}{Join(r)}{Told(r)}",
            RecipeException { Origin: RecipeOverrides.Origin } => "--set" + e.Message[RecipeOverrides.Origin.Length..],
            IRemedied remedied => Told(remedied),
            _ => e.Message,
        };

    private static string Told(IRemedied e) =>
        e.Remedy is { } remedy ? $"{e.Problem}; {OptionNames.Spell(remedy)}" : e.Problem;

    // "--out is missing", but "--out DIR: is a file".
    private static string Join(RequestException e) =>
        e.Value is null && e.Reason.StartsWith("is missing", StringComparison.Ordinal) ? " " : ": ";

    /// <summary>A hint that names the options that would help, or null.</summary>
    public static string? Hint(Exception e) =>
        e is RunFolderException { Fields: { Count: > 0 } fields }
            ? string.Join("; ", fields.Select(f => $"{Options[f].Option} {Options[f].Does}"))
        : e is RecipeException { Settings: { Count: > 0 } settings }
            ? string.Join(" or ", settings.Distinct().Select(s => $"--set {s}"))
        : OptionNames.Hint(e);
}
