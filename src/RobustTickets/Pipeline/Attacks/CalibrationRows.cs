// The rows used to fit a victim's temperature, never attacked ones: the development part of the
// victim's run, or without one the split's rows outside the sample.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Evaluation;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;

namespace RobustTickets;

/// <summary>Held-out rows of a victim.</summary>
/// <param name="Examples">The rows, labelled with the victim's class indices.</param>
/// <param name="Description">Where the rows come from.</param>
internal sealed record CalibrationRows(IReadOnlyList<Example> Examples, string Description)
{
    /// <summary>Minimum number of rows to fit a temperature.</summary>
    public const int Least = 20;

    private const int Most = 1000;
    private const ulong Seed = 42;

    /// <summary>Selects the rows for an attack.</summary>
    /// <param name="victim">The victim.</param>
    /// <param name="request">The attack.</param>
    /// <param name="measured">The rows from which the sample was taken.</param>
    /// <param name="attacked">The sample.</param>
    /// <param name="classes">The victim's classes.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="RequestException">There are too few rows.</exception>
    public static CalibrationRows Of(
        NamedModel victim,
        AttackRequest request,
        Split measured,
        IReadOnlyList<Example> attacked,
        IReadOnlyList<string> classes,
        CancellationToken stop
    )
    {
        var texts = attacked.Select(e => e.Text).ToHashSet();
        IReadOnlyList<Example> Others(IEnumerable<Example> rows) =>
            Splits.Stratified([.. rows.Where(e => !texts.Contains(e.Text))], Most, Seed);

        if (victim.Training?.Development is { } part && Read(part, request, classes, stop) is { } split)
        {
            var isPart = part.Membership();
            var rows = Others(split.Examples.Where(e => isPart(RowKey.RowOf(e.Id))));
            if (rows.Count >= Least)
                return new CalibrationRows(rows, $"{rows.Count} rows of the run's {part.Name}, none of them attacked");
        }
        var beside = Others(measured.Examples);
        return beside.Count >= Least
            ? new CalibrationRows(beside, $"{beside.Count} rows of {measured.Name} beside those attacked")
            : throw new RequestException(
                nameof(AttackRequest.Temperature),
                "fit",
                $"needs at least {Least} held-out rows that are not attacked, found {beside.Count}; attack a sample, "
                    + "or give a number"
            );
    }

    private static Split? Read(
        RowPart part,
        AttackRequest request,
        IReadOnlyList<string> classes,
        CancellationToken stop
    )
    {
        if (!DataSet.IsOneTable(request.Data) && !DataSet.HasSplit(request.Data, request.Task, part.Split))
            return null;
        var all = (request.DataOptions ?? new DataOptions()) with { Limit = null };
        var split = EvaluationData.Load(request.Data, request.Task, all, part.Split, classes, stop);
        return split.Sha256 == part.Sha256 ? split : null;
    }
}
