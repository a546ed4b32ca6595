// Maps objective options to implementations.
using RobustTickets.Models;

namespace RobustTickets.Objectives;

/// <summary>Creates objectives from their options.</summary>
internal static class ObjectiveFactory
{
    /// <summary>Creates the objective for the options.</summary>
    /// <param name="options">The options.</param>
    /// <param name="hulls">Creates the word hulls needed by <see cref="HullOptions"/>.</param>
    public static IObjective Create(ObjectiveOptions options, Func<HullOptions, WordHulls>? hulls = null) =>
        options switch
        {
            CleanOptions => new CleanObjective(),
            PgdOptions pgd => new Pgd(pgd),
            FreeLbOptions freelb => new FreeLb(freelb),
            InfoBertOptions infobert => new InfoBert(infobert),
            HullOptions hull when hulls is not null => new Hull(hull, hulls(hull)),
            _ => throw new ArgumentException($"no objective implements {options.GetType().Name}"),
        };
}
