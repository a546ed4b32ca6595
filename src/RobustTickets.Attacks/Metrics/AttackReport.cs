using System.Globalization;
using RobustTickets.Attacks.Metrics;

namespace RobustTickets.Attacks;

/// <summary>
/// The result of an attack. Percentages are of all examples that could be attacked; those with an
/// error are excluded.
/// </summary>
/// <param name="Summary">The figures, with the settings that determine them.</param>
/// <param name="Outcomes">Every example's outcome, in order.</param>
/// <param name="Folder">The folder with the files of the attack; null if none were written.</param>
public sealed record AttackReport(AttackSummary Summary, IReadOnlyList<AttackOutcome> Outcomes, string? Folder = null)
{
    private const int Shown = 5;

    /// <summary>
    /// For an attack at several temperatures, the report of each; null otherwise.
    /// </summary>
    internal IReadOnlyList<AttackReport>? OfTemperatures { get; init; }

    /// <summary>Everything that determines the figures.</summary>
    public AttackSettings Settings => Summary.Settings;

    /// <summary>
    /// Accuracy before the attack, in percent; NaN if no example was attacked or skipped.
    /// </summary>
    public double Clean => Summary.Clean;

    /// <summary>
    /// Accuracy under attack, in percent; NaN if no example was attacked or skipped.
    /// </summary>
    public double Aua => Summary.Aua;

    /// <summary>
    /// Attack success rate, in percent of the attacked examples; NaN if no example was attacked or
    /// skipped.
    /// </summary>
    public double Suc => Summary.Suc;

    /// <summary>Mean queries of the attacked examples, as TextAttack counts them.</summary>
    public double Queries => Summary.MeanQueries;

    /// <summary>Mean unique forwards of the attacked examples.</summary>
    public double UniqueForwards => Summary.MeanUniqueForwards;

    /// <summary>
    /// Examples that could not be attacked, each with its error; for an attack at several
    /// temperatures those at any of them.
    /// </summary>
    public IEnumerable<AttackOutcome> Errors =>
        (OfTemperatures ?? [this]).SelectMany(r => r.Outcomes).Where(o => o.Error is not null);

    /// <summary>Reads the folder of a finished attack.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="DataException">A file is missing or corrupt.</exception>
    public static AttackReport Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var summary = Path.Combine(folder, AttackFiles.Summary);
        if (!File.Exists(summary))
            throw new DataException($"{summary}: no such file; the folder contains no finished attack");
        var figures = AttackJson.LoadSummary(summary);
        var file = Path.Combine(folder, AttackFiles.Examples);
        var outcomes = AttackLog.Read(file);
        return outcomes.Count == figures.Examples + figures.Errors
            ? new AttackReport(figures, outcomes, folder)
            : throw new DataException(
                $"{file}: contains {outcomes.Count} outcomes, but {AttackFiles.Summary} next to it counts "
                    + $"{figures.Examples + figures.Errors}; rerun the same attack into this folder to add "
                    + "missing outcomes, or to report surplus ones"
            );
    }

    /// <summary>The figures on one line, with the number of errors.</summary>
    public override string ToString()
    {
        var figures =
            Summary.Examples == 0
                ? "no example was evaluated"
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"clean {Clean:0.0} %, under attack {Aua:0.0} %, {Suc:0.0} % of attacks succeeded, "
                        + $"{Queries:0.0} queries per example"
                );
        var errors = Summary.Errors == 0 ? "" : $"; {Summary.Errors} ended in an error";
        return $"{Summary.Settings.Recipe}: {figures}{errors}";
    }

    /// <summary>
    /// Throws if any example could not be attacked, at any temperature of the attack.
    /// </summary>
    /// <exception cref="AttackFailedException">Some examples could not be attacked.</exception>
    public void ThrowIfErrors()
    {
        var errors = OfTemperatures is { } all
            ? all.SelectMany(r => r.Failed($" ({Path.GetFileName(r.Folder)})")).ToList()
            : Failed("").ToList();
        ThrowIfErrors(
            errors,
            OfTemperatures?.Sum(r => r.Outcomes.Count) ?? Outcomes.Count,
            Folder is null ? "" : "\nthe same attack, run again, repeats only these examples"
        );
    }

    /// <summary>Throws if any example could not be attacked.</summary>
    /// <inheritdoc cref="ThrowIfErrors()" path="/exception"/>
    public static void ThrowIfErrors(IReadOnlyList<AttackOutcome> outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        ThrowIfErrors(outcomes, outcomes.Count);
    }

    /// <summary>Throws if any of the outcomes is an error.</summary>
    /// <param name="outcomes">Outcomes; those without an error may be left out.</param>
    /// <param name="of">Number of all examples.</param>
    /// <inheritdoc cref="ThrowIfErrors()" path="/exception"/>
    internal static void ThrowIfErrors(IReadOnlyList<AttackOutcome> outcomes, int of) =>
        ThrowIfErrors([.. outcomes.Where(o => o.Error is not null).Select(o => (o, ""))], of, "");

    private IEnumerable<(AttackOutcome Outcome, string Place)> Failed(string place) =>
        Outcomes.Where(o => o.Error is not null).Select(o => (o, place));

    private static void ThrowIfErrors(List<(AttackOutcome Outcome, string Place)> errors, int of, string remedy)
    {
        if (errors.Count == 0)
            return;
        var lines = errors
            .Take(Shown)
            .Select(e => $"\n  example '{e.Outcome.Id}'{e.Place}: {e.Outcome.Error!.Message}");
        var more = errors.Count > Shown ? $"\n  and {errors.Count - Shown} more" : "";
        throw new AttackFailedException(
            $"{errors.Count} of {of} examples could not be attacked and are excluded "
                + $"from all figures:{string.Concat(lines)}{more}{remedy}",
            errors.Exists(e => e.Outcome.Error!.Kind == AttackErrorKind.NotFinite)
        );
    }
}

/// <summary>
/// Some examples could not be attacked; the message names them. The results of the others are
/// written.
/// </summary>
/// <param name="message">The message.</param>
/// <param name="isNumeric">Whether a non-finite number was among the causes.</param>
public sealed class AttackFailedException(string message, bool isNumeric) : Exception(message)
{
    /// <summary>Whether a model returned a number that is not finite.</summary>
    public bool IsNumeric => isNumeric;
}
