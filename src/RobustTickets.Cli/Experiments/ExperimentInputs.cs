// Where the things lie that an experiment file only names: --model, --data NAME=PATH, --resource
// NAME=PATH. The same places are given to training and attacks.
using System.CommandLine;
using System.Globalization;
using RobustTickets.Attacks.Data;
using RobustTickets.Experiments;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;

namespace RobustTickets.Cli.Experiments;

/// <summary>The places of one invocation.</summary>
/// <param name="Model">Pre-trained Hugging Face folder.</param>
/// <param name="Data">Path of each data set.</param>
/// <param name="Resources">Path of each resource option of <c>attack</c>.</param>
internal sealed record ExperimentInputs(
    string Model,
    IReadOnlyDictionary<string, string> Data,
    IReadOnlyDictionary<string, string> Resources
)
{
    // These are the experiment's business; an option list that repeats one would be ambiguous.
    private static readonly string[] Own =
    [
        "model",
        "data",
        "task",
        "out",
        "recipe",
        "num-examples",
        "json",
        "help",
        "device",
        "precision",
        "threads",
    ];

    /// <summary>Reads <c>NAME=PATH</c> options.</summary>
    /// <exception cref="UsageException">One is no such pair, or a name occurs twice.</exception>
    public static IReadOnlyDictionary<string, string> Pairs(string option, IReadOnlyList<string> values)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var value in values)
        {
            var cut = value.IndexOf('=');
            if (cut <= 0 || cut == value.Length - 1)
                throw new UsageException($"{option} {value}: expected NAME=PATH");
            if (!pairs.TryAdd(value[..cut], value[(cut + 1)..]))
                throw new UsageException($"{option} {value[..cut]}: is given twice");
        }
        return pairs;
    }

    /// <summary>
    /// Refuses names that the experiment does not have, and data sets without a path.
    /// </summary>
    /// <exception cref="UsageException">By name, with what is possible.</exception>
    public void Require(ExperimentPlan plan, IReadOnlyList<ExperimentCell> cells)
    {
        var data = plan.Experiment.Data.Select(d => d.Name).ToArray();
        var afterEpochs = plan
            .Cells.Select(c => c.Recipe.Evaluate.EpochAttack)
            .OfType<EpochAttackOptions>()
            .Distinct()
            .SelectMany(EpochAttackSource.FileNames);
        var resources = plan
            .Experiment.Attacks.SelectMany(a => a.Resources ?? [])
            .Concat(afterEpochs)
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToArray();
        foreach (var name in Data.Keys.Except(data))
            throw new UsageException(
                $"--data {name}: the experiment has no such data; possible: {string.Join(", ", data)}"
            );
        foreach (var name in Resources.Keys.Except(resources))
            throw new UsageException(
                $"--resource {name}: no attack of the experiment takes it; possible: "
                    + $"{(resources.Length == 0 ? "none" : string.Join(", ", resources))}"
            );
        var missing = cells
            .Select(c => c.Data.Name)
            .Distinct()
            .Where(name => !Data.ContainsKey(name))
            .Select(name => $"--data {name}=PATH")
            .ToArray();
        if (missing.Length > 0)
            throw new UsageException($"missing: {string.Join(" ", missing)}");
    }

    /// <summary>The training request of a cell.</summary>
    public TrainRequest Request(
        ExperimentCell cell,
        string run,
        Execution execution,
        int checkpointEvery,
        RunDataCache cache
    ) =>
        new(
            cell.Recipe,
            Model,
            Data[cell.Data.Name],
            run,
            DataOptionsOf(cell.Data),
            Execution: execution,
            CheckpointEverySteps: checkpointEvery,
            Cache: cache
        );

    /// <summary>The command line of an attack on a cell.</summary>
    public string[] AttackArguments(
        ExperimentCell cell,
        ExperimentAttack attack,
        ExperimentFolder folder,
        Execution execution
    )
    {
        List<string> arguments =
        [
            "attack",
            "--model",
            folder.Model(cell),
            "--data",
            Data[cell.Data.Name],
            "--task",
            cell.Data.Task,
            .. Options(cell.Data.Options, $"data {cell.Data.Name}"),
            $"--recipe={attack.Recipe}",
            .. ResourceArguments(attack),
            .. Options(attack.Options, $"attack {attack.Name}"),
            "--out",
            folder.Attack(cell, attack),
            "--device",
            execution.Device.ToString(),
            "--precision",
            ExecutionOptionSet.NameOf(execution.Precision),
        ];
        if (attack.Examples is { } n)
            arguments.AddRange(["--num-examples", Text(n)]);
        if (execution.Threads is { } threads)
            arguments.AddRange(["--threads", Text(threads)]);
        // A victim sees what its training saw; TextAttack's wrapper would give it up to 512 word
        // pieces.
        if (!Has(attack, "max-length"))
            arguments.AddRange(["--max-length", Text(cell.Recipe.MaxLength)]);
        return [.. arguments];
    }

    /// <summary>The options of an attack that name its recipe and its files.</summary>
    public string[] RecipeArguments(ExperimentAttack attack) =>
        [
            $"--recipe={attack.Recipe}",
            .. ResourceArguments(attack),
            .. Options(attack.Options, $"attack {attack.Name}"),
        ];

    /// <summary>The sentence encoder of an attack, or null when it takes none.</summary>
    public string? Encoder(ExperimentAttack attack) =>
        attack.Resources?.Contains("encoder") == true ? Resources.GetValueOrDefault("encoder", Model) : null;

    /// <summary>
    /// The attack after each epoch that a recipe names. Its encoder, too, is the checkpoint when
    /// nobody names one.
    /// </summary>
    public EpochAttackSource EpochAttack(EpochAttackOptions options) =>
        EpochAttackSource.Named(
            options,
            new Dictionary<string, string>(Resources) { ["encoder"] = Resources.GetValueOrDefault("encoder", Model) },
            Model
        );

    private IEnumerable<string> ResourceArguments(ExperimentAttack attack)
    {
        foreach (var name in attack.Resources ?? [])
        {
            // The encoder that nobody names is the checkpoint that everything is trained from.
            var path = name == "encoder" ? Encoder(attack) : Resources.GetValueOrDefault(name);
            if (path is not null)
                yield return $"--{name}={path}";
        }
    }

    private static DataOptions? DataOptionsOf(ExperimentData data)
    {
        if (data.Options is null)
            return null;
        var command = new Command("data");
        var options = new DataOptionSet(command);
        var parsed = command.Parse(["--data", "-", "--task", data.Task, .. Options(data.Options, $"data {data.Name}")]);
        return parsed.Errors.Count == 0
            ? options.Read(parsed).Options
            : throw new UsageException($"data {data.Name}: {parsed.Errors[0].Message}");
    }

    private static IEnumerable<string> Options(IReadOnlyList<string>? options, string place) =>
        (options ?? []).Select(option =>
            Own.Contains(option.Split('=')[0])
                ? throw new UsageException($"{place}: the option \"{option}\" is the experiment's own; leave it out")
                : $"--{option}"
        );

    private static bool Has(ExperimentAttack attack, string name) =>
        attack.Options?.Any(o => o.Split('=')[0] == name) == true;

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
