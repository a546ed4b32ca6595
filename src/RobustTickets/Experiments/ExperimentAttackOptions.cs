// The parsed options of an attack in an experiment file.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;

namespace RobustTickets.Experiments;

/// <summary>Options of one attack.</summary>
/// <param name="Attack">Options of the recipe.</param>
/// <param name="Resources">Paths of resource files, by resource name.</param>
/// <param name="Data">Data options.</param>
/// <param name="Split">The attacked split, or null for the reported one.</param>
/// <param name="Sample">The attacked examples.</param>
/// <param name="Length">Maximum sequence length of the victim.</param>
/// <param name="WholeSet">Whether accuracy on the whole split is measured as well.</param>
/// <param name="Augment">Output file of training data with the adversarial texts, or null.</param>
/// <param name="Engine">Batches and concurrency.</param>
/// <param name="Temperature">Temperatures of the victim, or null.</param>
internal sealed record ExperimentAttackOptions(
    AttackOptions Attack,
    IReadOnlyDictionary<string, string> Resources,
    DataOptions Data,
    string? Split,
    AttackSample Sample,
    VictimLength Length,
    bool WholeSet,
    string? Augment,
    AttackEngineOptions Engine,
    VictimTemperature? Temperature
)
{
    /// <summary>Reads the options of an attack.</summary>
    /// <param name="attack">The attack.</param>
    /// <param name="data">Options of its data set.</param>
    /// <param name="maxLength">Maximum sequence length of training.</param>
    /// <param name="place">Path of the options, for errors.</param>
    /// <exception cref="RecipeException">An option is unknown or invalid.</exception>
    public static ExperimentAttackOptions Read(ExperimentAttack attack, DataOptions data, int maxLength, string place)
    {
        var options = new ExperimentOptions(attack.Options, place);
        var seed = options.Integer("seed") ?? 42;
        var resources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in ResourceFiles.Names)
            if (options.Take(name) is { } path)
                resources[name] = path;
        var read = new ExperimentAttackOptions(
            options.Attack(seed),
            resources,
            options.Data(data),
            options.Take("split"),
            options.Sample(attack.Examples, seed),
            options.Length(maxLength),
            options.Flag("full-split-accuracy"),
            options.Take("augment"),
            options.Engine(),
            options.Temperature()
        );
        options.Rest();
        return read;
    }
}
