// Reads the training rows of a model from its folder, its run and the run's data.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Runs;

namespace RobustTickets.Pipeline.Models;

/// <summary>Reads <see cref="SeenRows"/>.</summary>
internal static class SeenRowsReader
{
    /// <summary>
    /// Reads the records of a model folder or of its run. If the folder has no text hashes, texts
    /// are read from the run's data, provided that these are unchanged.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Columns of the data.</param>
    /// <param name="stop">Cancels reading.</param>
    /// <exception cref="DataException">A record is corrupt.</exception>
    public static SeenRows Read(NamedModel model, DataOptions? options = null, CancellationToken stop = default)
    {
        if (model.Training is not { } training)
            return new SeenRows([], TrainedTexts.None, isWrittenDown: false);
        RowPart[] parts = [.. training.TrainedOn];
        var texts = model.Texts;
        if (!texts.Cover(training.Train.Sha256))
            texts = texts.And(FromData(model, training.Train, options, stop));
        // The training texts of the base checkpoint may be recorded in its own folder.
        if (!parts.All(p => texts.Cover(p.Sha256)) && model.BaseModel is { } start)
            texts = texts.And(Read(new NamedModel(start), options, stop).Texts);
        return new SeenRows(parts, texts, isWrittenDown: true);
    }

    // The texts of training rows, if the data file still has its SHA-256.
    private static TrainedTexts FromData(NamedModel model, RowPart train, DataOptions? options, CancellationToken stop)
    {
        if (model.DataOfRun is not var (place, task) || !Path.Exists(place))
            return TrainedTexts.None;
        var named = (options ?? new DataOptions()) with { Labels = null, Limit = null };
        foreach (var way in named == new DataOptions() ? [named] : new[] { named, new DataOptions() })
        {
            try
            {
                var split = DataSet.Load(place, task, train.Split, way, stop);
                if (split.Sha256 != train.Sha256)
                    return TrainedTexts.None;
                var isPart = train.Membership();
                return TrainedTexts.Of([.. split.Examples.Where(e => isPart(RowKey.RowOf(e.Id)))], train.Sha256);
            }
            catch (Exception e) when (e is DataException or IOException or UnauthorizedAccessException)
            {
                // The options do not fit; try the next ones.
            }
        }
        return TrainedTexts.None;
    }
}
