// Where the files of the attack after each epoch lie, as --resource NAME=PATH says it.

namespace RobustTickets.Cli.Attacks;

internal static class EpochAttackArguments
{
    /// <summary>
    /// The source of the attack that a recipe names with the files that a command line names, or
    /// null when the recipe has no such attack.
    /// </summary>
    /// <exception cref="UsageException">A resource is named that nothing takes.</exception>
    public static EpochAttackSource? Source(Recipe recipe, IReadOnlyDictionary<string, string> places, string model)
    {
        var options = recipe.Evaluate.EpochAttack;
        var possible = options is null ? [] : EpochAttackSource.FileNames(options);
        var source = options is null ? null : EpochAttackSource.Named(options, places, model);
        foreach (var name in places.Keys.Except(possible))
        {
            source?.Dispose();
            throw new UsageException(
                options is null
                    ? $"--resource {name}: the recipe attacks after no epoch, so nothing takes it; see --epoch-attack"
                    : $"--resource {name}: the attack {options.Recipe} does not take it; possible: "
                        + string.Join(", ", possible)
            );
        }
        return source;
    }
}
