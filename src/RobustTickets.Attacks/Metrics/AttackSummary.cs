// Figures of an attack (docs/methods/attacks.md, Figures). S successes, F failures, K skips,
// N = S + F + K: Clean = 100 (S+F)/N, Aua = 100 F/N, Suc = 100 S/(S+F). Errors are counted
// separately; with N = 0 the figures are NaN here and null in files.

using System.Text.Json.Serialization;

namespace RobustTickets.Attacks.Metrics;

/// <summary>Rejections of a constraint over all examples.</summary>
/// <param name="Name">The constraint.</param>
/// <param name="Offered">Positions or candidates checked.</param>
/// <param name="Rejected">How many were rejected.</param>
/// <param name="RejectedPercent">100 x rejected / offered; 0 when none was checked.</param>
public sealed record ConstraintSummary(string Name, long Offered, long Rejected, double RejectedPercent);

/// <summary>Number of examples of a class.</summary>
/// <param name="Label">The class.</param>
/// <param name="Count">Examples.</param>
public sealed record LabelCount(int Label, int Count);

/// <summary>Accuracy under attack at one temperature of the victim.</summary>
/// <param name="Temperature">T.</param>
/// <param name="Fitted">Whether the temperature was fitted on held-out rows.</param>
/// <param name="Aua">Accuracy under attack, percent.</param>
/// <param name="AuaLow">Lower end of its 95 % Wilson interval.</param>
/// <param name="AuaHigh">Upper end.</param>
public sealed record TemperatureAua(
    double Temperature,
    bool Fitted,
    [property: JsonConverter(typeof(NanAsNull))] double Aua,
    [property: JsonConverter(typeof(NanAsNull))] double AuaLow,
    [property: JsonConverter(typeof(NanAsNull))] double AuaHigh
);

/// <summary>The figures of one attack; all can be recomputed from examples.jsonl.</summary>
/// <param name="Examples">N.</param>
/// <param name="Succeeded">S.</param>
/// <param name="Failed">F.</param>
/// <param name="Skipped">K.</param>
/// <param name="Errors">Examples that could not be attacked; not counted in N.</param>
/// <param name="StoppedByTime">How many of the S + F searches the time limit ended.</param>
/// <param name="Clean">Accuracy before the attack, percent of N; NaN when N is 0.</param>
/// <param name="Aua">Accuracy under attack, percent of N; NaN when N is 0.</param>
/// <param name="AuaLow">Lower end of Aua's 95 % Wilson interval; NaN when N is 0.</param>
/// <param name="AuaHigh">Upper end.</param>
/// <param name="Suc">Attack success rate, percent of S + F; 0 when that is 0, NaN when N is
/// 0.</param>
/// <param name="MeanQueries">#Query: mean queries of the attacked examples as TextAttack counts
/// them.</param>
/// <param name="MeanUniqueForwards">Mean unique forwards of the attacked examples: distinct texts
/// that needed a forward pass of the victim.</param>
/// <param name="TotalQueries">All queries, skipped examples included.</param>
/// <param name="TotalUniqueForwards">All unique forwards, skipped examples included.</param>
/// <param name="WordsChangedPercent">Mean percentage of changed words over successes.</param>
/// <param name="WordsChanged">Mean number of changed words over successes.</param>
/// <param name="MostWordsChanged">Largest number of changed words of a success.</param>
/// <param name="AverageWords">Mean words of all examples.</param>
/// <param name="WholeSetClean">Accuracy on the whole evaluation set, percent, when the attacked
/// examples are a sample of it.</param>
/// <param name="Labels">Examples per class, ascending.</param>
/// <param name="Constraints">Rejection rates, position constraints first.</param>
/// <param name="Settings">Everything that determined the figures.</param>
/// <param name="Temperatures">For an attack at several temperatures, the Aua at each; the other
/// figures are those of the lowest Aua. Null otherwise.</param>
public sealed record AttackSummary(
    int Examples,
    int Succeeded,
    int Failed,
    int Skipped,
    int Errors,
    int StoppedByTime,
    [property: JsonConverter(typeof(NanAsNull))] double Clean,
    [property: JsonConverter(typeof(NanAsNull))] double Aua,
    [property: JsonConverter(typeof(NanAsNull))] double AuaLow,
    [property: JsonConverter(typeof(NanAsNull))] double AuaHigh,
    [property: JsonConverter(typeof(NanAsNull))] double Suc,
    [property: JsonPropertyName("queries_asked")] double MeanQueries,
    [property: JsonPropertyName("queries_forwarded")] double MeanUniqueForwards,
    [property: JsonPropertyName("total_asked")] long TotalQueries,
    [property: JsonPropertyName("total_forwarded")] long TotalUniqueForwards,
    double WordsChangedPercent,
    double WordsChanged,
    int MostWordsChanged,
    double AverageWords,
    double? WholeSetClean,
    IReadOnlyList<LabelCount> Labels,
    IReadOnlyList<ConstraintSummary> Constraints,
    AttackSettings Settings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        IReadOnlyList<TemperatureAua>? Temperatures = null
)
{
    /// <summary>Computes the summary of outcomes.</summary>
    public static AttackSummary From(
        IEnumerable<AttackOutcome> outcomes,
        AttackSettings settings,
        double? wholeSetClean = null
    )
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        var given = outcomes.ToList();
        var all = given.Where(o => o.Result != AttackResult.Error).ToList();
        var n = all.Count;
        var attacked = all.Where(o => o.Result != AttackResult.Skipped).ToList();
        var succeeded = attacked.Where(o => o.Result == AttackResult.Success).ToList();
        var failed = attacked.Count - succeeded.Count;
        var changed = succeeded.Where(o => o.WordsChanged > 0 && o.Words > 0).ToList();
        var interval = n == 0 ? new WilsonInterval(double.NaN, double.NaN) : WilsonInterval.Of(failed, n);
        return new AttackSummary(
            n,
            succeeded.Count,
            failed,
            n - attacked.Count,
            given.Count - n,
            all.Count(o => o.StoppedByTime),
            Percent(attacked.Count, n),
            Percent(failed, n),
            100 * interval.Low,
            100 * interval.High,
            n > 0 && attacked.Count == 0 ? 0 : Percent(succeeded.Count, attacked.Count),
            Mean(attacked, o => o.Queries),
            Mean(attacked, o => o.UniqueForwards),
            all.Sum(o => (long)o.Queries),
            all.Sum(o => (long)o.UniqueForwards),
            Mean(changed, o => o.WordsChanged * 100.0 / o.Words),
            Mean(succeeded, o => o.WordsChanged),
            succeeded.Select(o => o.WordsChanged).DefaultIfEmpty().Max(),
            Mean(all, o => o.Words),
            wholeSetClean,
            [.. all.GroupBy(o => o.Label).OrderBy(g => g.Key).Select(g => new LabelCount(g.Key, g.Count()))],
            Sum(all),
            settings
        );
    }

    private static double Percent(int part, int whole) => whole == 0 ? double.NaN : part * 100.0 / whole;

    private static double Mean(List<AttackOutcome> outcomes, Func<AttackOutcome, double> value) =>
        outcomes.Count == 0 ? 0 : outcomes.Average(value);

    // Constraints keep the attack's order; those with the same name are summed.
    private static List<ConstraintSummary> Sum(List<AttackOutcome> outcomes)
    {
        var sums = new OrderedDictionary<string, (long Offered, long Rejected)>(StringComparer.Ordinal);
        foreach (var c in outcomes.SelectMany(o => o.Constraints))
        {
            var (offered, rejected) = sums.GetValueOrDefault(c.Name);
            sums[c.Name] = (offered + c.Offered, rejected + c.Rejected);
        }
        return
        [
            .. sums.Select(s => new ConstraintSummary(
                s.Key,
                s.Value.Offered,
                s.Value.Rejected,
                s.Value.Offered == 0 ? 0 : s.Value.Rejected * 100.0 / s.Value.Offered
            )),
        ];
    }
}
