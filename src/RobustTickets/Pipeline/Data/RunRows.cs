// Records the parts of a run as rows of hashed files, and the rows used for its base weights.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;

namespace RobustTickets.Pipeline.Data;

/// <summary>Records which rows a run trains on, holds out and reports.</summary>
/// <param name="Request">The request.</param>
/// <param name="File">The training split as read.</param>
/// <param name="Trained">Its examples used for training.</param>
/// <param name="HeldOut">Its held-out part, or null.</param>
/// <param name="HeldOutName">Name of that part.</param>
/// <param name="Own">The data's own development split, or null.</param>
/// <param name="Reported">The data's own reported split, or null.</param>
/// <param name="Evaluated">The reported examples of it.</param>
/// <param name="EvaluationName">Name of that part.</param>
internal sealed record RunRows(
    TrainRequest Request,
    Split File,
    IReadOnlyList<Example> Trained,
    HeldOutSplit? HeldOut,
    string? HeldOutName,
    Split? Own,
    Split? Reported,
    IReadOnlyList<Example>? Evaluated,
    string EvaluationName
)
{
    public TrainingRows Make()
    {
        var whole = Request.DataOptions?.Limit is null;
        var untouched = whole && Trained.Count + (HeldOut?.Dev.Count ?? 0) == File.Examples.Count;
        var train = new RowPart(
            "train",
            File.Name,
            Path.GetFileName(File.Source),
            File.Sha256,
            Trained.Count,
            untouched ? null : RowPart.Write(Trained.Select(e => e.Id)),
            untouched && HeldOut is not null ? RowPart.Write(HeldOut.DevIds) : null
        );
        var carved = HeldOut is null
            ? null
            : train with
            {
                Name = HeldOutName!,
                Examples = HeldOut.Dev.Count,
                Rows = RowPart.Write(HeldOut.DevIds),
                Except = null,
            };
        var origins = Origins().ToArray();
        whole &= origins.Length == 0;
        var reported = Reported is null
            ? carved!
            : Of(Reported, EvaluationName, Evaluated!, whole && Evaluated!.Count == Reported.Examples.Count);
        var development = Own is null ? carved ?? reported : Of(Own, Own.Name, Own.Examples, whole);
        var earlier = new NamedModel(Request.Model).Training?.TrainedOn ?? [];
        return new TrainingRows(
            TrainingRows.CurrentSchema,
            Request.Recipe.Task,
            BaseCheckpoint.Of(Request.Model).Name,
            train,
            development,
            reported,
            [.. earlier, .. origins]
        );
    }

    /// <summary>
    /// Notes for the user on reported and development rows that are or may be seen in training.
    /// </summary>
    /// <param name="rows">The parts, from <see cref="Make"/>.</param>
    public IEnumerable<string> Notes(TrainingRows rows)
    {
        var (here, data, model) = (SeenRows.Of(rows), rows.Evaluation.Sha256, Request.Model);
        var reported = Evaluated ?? HeldOut!.Dev;
        var start = new NamedModel(model);
        var before = start.Training is null ? SeenRows.Nothing : SeenRowsReader.Read(start);
        bool Before(Example e) => here.HasRow(e, data) || before.HasText(e);
        if (reported.Count(Before) is > 0 and var seen)
            yield return $"{seen} of the {reported.Count} reported rows were trained on, here or by the checkpoint "
                + $"{model}: their accuracy is not that of unseen texts";
        if (!here.HasFile(data) && !before.IsKnown)
            yield return $"not known whether {model} was trained on any of the {reported.Count} reported rows";
        // Other rows with equal texts; the parts themselves stay those of splits.json.
        var texts = TrainedTexts.Of(Trained, File.Sha256);
        if (reported.Count(e => texts.Contain(e) && !Before(e)) is > 0 and var repeated)
            yield return $"{repeated} of the {reported.Count} reported rows have the text of a row that is trained "
                + "on: their accuracy is not that of unseen texts";
        var development = Own?.Examples ?? (Evaluated is null ? null : HeldOut?.Dev);
        if (development?.Count(texts.Contain) is > 0 and var known)
            yield return $"{known} of the {development.Count} development rows have the text of a row that is trained "
                + "on";
        if (reported.Count(e => e.Origin is { } origin && origin != e.Row) is > 0 and var twins)
            yield return $"{twins} of the {reported.Count} reported rows come from augmented data; originals and "
                + "their adversarial texts are held out together";
    }

    private static RowPart Of(Split split, string name, IReadOnlyList<Example> examples, bool isWhole) =>
        new(
            name,
            split.Name,
            Path.GetFileName(split.Source),
            split.Sha256,
            examples.Count,
            isWhole ? null : RowPart.Write(examples.Select(e => e.Id))
        );

    // Rows of other files that are in the training data, as originals or as adversarial texts.
    private IEnumerable<RowPart> Origins() =>
        Trained
            .Select(e => e.Origin)
            .OfType<RowKey>()
            .Distinct()
            .GroupBy(o => o.Data)
            .Select(g => new RowPart(
                $"origins of {Path.GetFileName(File.Source)}",
                "train",
                "",
                g.Key,
                g.Count(),
                RowPart.Write(g.Select(o => o.Row))
            ));
}
