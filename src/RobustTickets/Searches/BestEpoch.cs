// The scores of the search epoch with the best development accuracy (the authors' script draws from
// the directory of that epoch). The ticket may be drawn long after it, so its scores are saved in
// every checkpoint.
using System.Globalization;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Tickets;
using RobustTickets.Training;

namespace RobustTickets.Searches;

/// <summary>Keeps the scores of the best epoch so far.</summary>
internal sealed class BestEpoch(HardConcreteMasks masks) : ICheckpointPart
{
    private const string File = "best-epoch.safetensors",
        AccuracyKey = "accuracy",
        StepKey = "step",
        EpochKey = "epoch";

    private Dictionary<string, float[]> _scores = [];

    /// <summary>Accuracy of that epoch; below 0 before the first.</summary>
    internal double Accuracy { get; private set; } = -1;

    /// <summary>Step at the end of that epoch.</summary>
    internal long Step { get; private set; }

    /// <summary>Epochs completed at that step.</summary>
    internal double Epoch { get; private set; }

    /// <summary>
    /// Saves the current scores if their accuracy is higher than any before; ties keep the earlier
    /// epoch.
    /// </summary>
    internal bool Offer(double accuracy, StageTally tally)
    {
        if (accuracy <= Accuracy)
            return false;
        (Accuracy, Step, Epoch) = (accuracy, tally.Steps, tally.Epochs);
        _scores = masks.Sites.ToDictionary(site => site, site => masks.Scores(site).host<float>().ToArray());
        return true;
    }

    /// <summary>Replaces the current scores by those of the best epoch.</summary>
    internal void Restore()
    {
        foreach (var (site, scores) in _scores)
        {
            using var values = masks.Scores(site).edit<float>();
            scores.CopyTo(values.Span);
        }
    }

    public void Write(string folder)
    {
        if (_scores.Count == 0)
            return;
        SafetensorsWriter.Write(
            Path.Combine(folder, File),
            _scores.Select(s => NamedTensor.FromFloats(s.Key, masks.Scores(s.Key).shape, s.Value)),
            new Dictionary<string, string>
            {
                [AccuracyKey] = Accuracy.ToString("R", CultureInfo.InvariantCulture),
                [StepKey] = Step.ToString(CultureInfo.InvariantCulture),
                [EpochKey] = Epoch.ToString("R", CultureInfo.InvariantCulture),
            }
        );
    }

    public void Read(string folder)
    {
        var path = Path.Combine(folder, File);
        if (!System.IO.File.Exists(path))
            return; // written before the end of the first epoch
        using var file = SafetensorsFile.Open(path);
        Accuracy = double.Parse(file.Metadata[AccuracyKey], CultureInfo.InvariantCulture);
        Step = long.Parse(file.Metadata[StepKey], CultureInfo.InvariantCulture);
        Epoch = double.Parse(file.Metadata[EpochKey], CultureInfo.InvariantCulture);
        _scores = file.Tensors.ToDictionary(t => t.Name, t => file.ReadFloats(t.Name));
    }
}
