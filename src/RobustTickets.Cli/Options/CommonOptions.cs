// Options shared by several commands, with the same meaning everywhere.
using System.CommandLine;
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Resources;
using RobustTickets.Recipes.Validation;

namespace RobustTickets.Cli.Options;

internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "print the result as JSON" };

    public static Option<string> Model(string description) =>
        new("--model")
        {
            Description = $"{description}, or a name from 'models list'",
            HelpName = "DIR",
            Required = true,
        };

    public static Option<string?> Split()
    {
        var option = new Option<string?>("--split")
        {
            Description =
                $"{string.Join(", ", DataSet.SplitNames)}; default: the reported rows of the model's run; for "
                + "other data, the split that papers evaluate. Training rows are measured only with train",
            HelpName = "NAME",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var name] && !DataSet.IsSplitName(name.Value))
                result.AddError(
                    $"--split {name.Value}: not known; {NearestNames.Hint(name.Value, [.. DataSet.SplitNames])}"
                );
        });
        return option;
    }

    /// <summary>An option that takes one value and may be repeated.</summary>
    public static Option<string[]> Repeated(string name, string description, string help) =>
        new(name)
        {
            Description = description + "; may be repeated",
            HelpName = help,
            Arity = ArgumentArity.OneOrMore,
        };

    /// <summary>Resource files of attacks, see <see cref="ReadResources"/>.</summary>
    public static Option<string[]> Resources(string purpose = "") =>
        Repeated(
            "--resource",
            $"file or folder of an attack resource{purpose}; NAME is a resource option of 'attack', e.g. "
                + "neighbours=table.json, or a kind of 'resources list' (word-vectors, sentence-encoder)",
            "NAME=PATH"
        );

    /// <summary>Reads <c>NAME=PATH</c> options.</summary>
    /// <exception cref="UsageException">A value is not such a pair, or a name occurs
    /// twice.</exception>
    public static IReadOnlyDictionary<string, string> ReadPairs(string option, IReadOnlyList<string> values)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var value in values)
        {
            var cut = value.IndexOf('=', StringComparison.Ordinal);
            if (cut <= 0 || cut == value.Length - 1)
                throw new UsageException($"{option} {value}: expected NAME=PATH");
            if (!pairs.TryAdd(value[..cut], value[(cut + 1)..]))
                throw new UsageException($"{option} {value[..cut]}: is given twice");
        }
        return pairs;
    }

    /// <summary>The resource files of --resource.</summary>
    /// <exception cref="UsageException">A value is not such a pair, or names no
    /// resource.</exception>
    public static ResourceFiles ReadResources(string[]? values) => ResourceFiles.Named(ReadResourcePlaces(values));

    /// <summary>
    /// Paths of resources by <see cref="ResourceFiles.Names"/>; the names of <c>resources list</c>
    /// are accepted too.
    /// </summary>
    /// <exception cref="UsageException">A value is not a pair NAME=PATH, names no resource, or is
    /// given twice.</exception>
    public static IReadOnlyDictionary<string, string> ReadResourcePlaces(string[]? values)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, path) in ReadPairs("--resource", values ?? []))
        {
            var field =
                ResourceField.TryFind(name)
                ?? throw new UsageException(
                    $"--resource {name}: unknown resource; {NearestNames.Hint(name, [.. ResourceField.AllNames])}"
                );
            if (!places.TryAdd(field.Name, path))
                throw new UsageException($"--resource {name}: {field.Name} is given twice");
        }
        return places;
    }

    /// <summary>An integer option with a minimum; null if not given.</summary>
    public static Option<int?> Count(string name, int least, string description)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(result =>
        {
            // The parser reports values that are not numbers.
            if (
                result.Tokens.Count == 1
                && int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var value)
                && value < least
            )
            {
                result.AddError($"{name} must be at least {least}, found {value}");
            }
        });
        return option;
    }

    /// <summary>A number option; null if not given. A decimal comma is not accepted.</summary>
    /// <param name="name">Name of the option.</param>
    /// <param name="help">Placeholder of the number in the help.</param>
    /// <param name="description">Its description.</param>
    /// <param name="possible">Whether a number is allowed; null: all finite ones.</param>
    /// <param name="rule">The allowed numbers as text, after the name.</param>
    public static Option<double?> Number(
        string name,
        string help,
        string description,
        Func<double, bool>? possible = null,
        string rule = "must be a number"
    ) =>
        new(name)
        {
            Description = description,
            HelpName = help,
            CustomParser = result =>
            {
                if (result.Tokens.Count == 0)
                    return null;
                var text = result.Tokens[^1].Value;
                var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value);
                if (isNumber && double.IsFinite(value) && possible?.Invoke(value) != false)
                    return value;
                var form = isNumber ? "" : ", which is no number (a point before decimals, no unit)";
                result.AddError($"{name} {rule}, found {text}{form}");
                return null;
            },
        };

    /// <summary>A list of seeds, see <see cref="ReadSeeds"/>.</summary>
    public static Option<string?> Seeds(string description) =>
        new("--seeds") { Description = $"{description}, e.g. 1,2,3", HelpName = "LIST" };

    /// <summary>Distinct seeds separated by commas; null if not given.</summary>
    /// <exception cref="UsageException">The text is not such a list.</exception>
    public static IReadOnlyList<int>? ReadSeeds(string? text)
    {
        if (text is null)
            return null;
        var seeds = new List<int>();
        foreach (var part in text.Split(','))
        {
            if (
                !int.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
                || seeds.Contains(seed)
            )
            {
                throw new UsageException(
                    $"--seeds {text}: expected different whole numbers, 0 or more, separated by commas, as in 1,2,3"
                );
            }
            seeds.Add(seed);
        }
        return seeds;
    }

    /// <summary>An option that takes one of several names.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">Its description.</param>
    /// <param name="standard">The default.</param>
    /// <param name="possible">The names.</param>
    public static Option<string> OneOf(string name, string description, string standard, params string[] possible)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => standard };
        option.AcceptOnlyFromAmong(possible);
        return option;
    }

    /// <summary>
    /// Metric files to write next to a run's log, see <see cref="MetricFilesOf"/>.
    /// </summary>
    public static Option<string> ReportTo() =>
        OneOf(
            "--report-to",
            "metric files written next to events.jsonl during the run: metrics.csv, a TensorBoard event "
                + "file, both (all) or none",
            "all",
            "all",
            "csv",
            "tensorboard",
            "none"
        );

    /// <summary>As <see cref="ReportTo"/>, for metrics of existing runs.</summary>
    public static Option<string> ReportToFiles() =>
        OneOf(
            "--report-to",
            "metric files of each run: metrics.csv, a TensorBoard event file, or both (all)",
            "all",
            "all",
            "csv",
            "tensorboard"
        );

    /// <summary>The metric files that a value of <see cref="ReportTo"/> selects.</summary>
    public static MetricFiles MetricFilesOf(string value) => Enum.Parse<MetricFiles>(value, ignoreCase: true);

    public static Option<string[]> Set() =>
        Repeated("--set", "change a field of the recipe, e.g. --set retrain.epochs=3", "path=value");
}
