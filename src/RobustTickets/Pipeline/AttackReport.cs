using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets;

/// <summary>
/// What an attack found. Percentages are of all examples that could be attacked; those with an
/// error are in no figure.
/// </summary>
/// <param name="Summary">The figures, with the settings that determine them.</param>
/// <param name="Outcomes">Every example's outcome, in order.</param>
public sealed record AttackReport(AttackSummary Summary, IReadOnlyList<AttackOutcome> Outcomes)
{
    /// <summary>Accuracy before the attack, in percent.</summary>
    public double Clean => Summary.Clean;

    /// <summary>Accuracy under attack, in percent.</summary>
    public double Aua => Summary.Aua;

    /// <summary>Share of the attacked examples on which the attack succeeded, in percent.</summary>
    public double Suc => Summary.Suc;

    /// <summary>Mean queries of the attacked examples, as TextAttack counts them.</summary>
    public double Queries => Summary.MeanQueries;

    /// <summary>Mean unique forwards of the attacked examples.</summary>
    public double UniqueForwards => Summary.MeanUniqueForwards;

    /// <summary>Examples that could not be attacked, each with its reason.</summary>
    public IEnumerable<AttackOutcome> Errors => Outcomes.Where(o => o.Error is not null);

    /// <summary>The figures on one line.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Summary.Settings.Recipe}: clean {Clean:0.0} %, under attack {Aua:0.0} %, {Suc:0.0} % of attacks "
                + $"succeeded, {Queries:0.0} queries an example"
        );
}
