// Resource paths of the attack after each epoch, from --resource NAME=PATH.

using RobustTickets.Pipeline;

namespace RobustTickets.Cli.Options;

internal static class EpochAttackArguments
{
    /// <summary>
    /// The source of a recipe's epoch attack with the resource paths of the command line; null when
    /// the recipe has no such attack.
    /// </summary>
    /// <exception cref="UsageException">A named resource is not used.</exception>
    public static EpochAttackSource? Source(Recipe recipe, IReadOnlyDictionary<string, string> places, string model)
    {
        var options = recipe.Evaluate.EpochAttack;
        var possible = options is null ? [] : EpochAttackSource.FileNames(options);
        var source = options is null ? null : EpochAttackSource.Named(options, places, model);
        var augment = AugmentTables.FileNames(recipe);
        foreach (var name in places.Keys.Except(possible).Except(augment))
        {
            source?.Dispose();
            throw new UsageException(
                options is null && augment.Count == 0
                    ? $"--resource {name}: not used, because the recipe has neither an epoch attack nor "
                        + "augmentation; see --epoch-attack"
                    : $"--resource {name}: {NoTaker(options, augment)} use it; possible: "
                        + string.Join(", ", possible.Concat(augment).Distinct())
            );
        }
        return source;
    }

    private static string NoTaker(EpochAttackOptions? options, IReadOnlyList<string> augment) =>
        (options, augment.Count) switch
        {
            (null, _) => "augment does not",
            (_, 0) => $"the attack {options.Recipe} does not",
            _ => $"the attack {options.Recipe} and augment do not",
        };
}
