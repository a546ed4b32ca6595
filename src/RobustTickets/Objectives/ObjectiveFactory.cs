// Which class implements which options.
using RobustTickets.Models;

namespace RobustTickets.Objectives;

/// <summary>Makes objectives from their options.</summary>
internal static class ObjectiveFactory
{
    /// <summary>The objective of some options.</summary>
    /// <param name="options">The options.</param>
    /// <param name="hulls">Hulls of the words, which <see cref="HullOptions"/> needs.</param>
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
