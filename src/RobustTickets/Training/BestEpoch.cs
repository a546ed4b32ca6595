// The tensors of the best epoch of a stage: the scores of a mask search (the authors' script draws
// from the directory of that epoch), or the weights of retraining. The stage goes on to its end, so
// they are saved in every checkpoint.
using System.Globalization;
using RobustTickets.Checkpoints.Safetensors;
using RobustTickets.Checkpoints.Tensors;
using RobustTickets.Torch;

namespace RobustTickets.Training;

/// <summary>Keeps the tensors of the best epoch so far.</summary>
/// <param name="tensors">The tensors by name.</param>
/// <param name="latest">Whether of equal epochs the latest is kept; otherwise the first.</param>
internal sealed class BestEpoch(Func<IEnumerable<(string Name, Tensor Values)>> tensors, bool latest = false)
    : ICheckpointPart
{
    private const string File = "best-epoch.safetensors",
        AccuracyKey = "accuracy",
        StepKey = "step",
        EpochKey = "epoch";

    private Dictionary<string, float[]> _kept = [];

    /// <summary>
    /// Accuracy of that epoch, as it was offered; below 0 before the first.
    /// </summary>
    internal double Accuracy { get; private set; } = -1;

    /// <summary>Step at the end of that epoch.</summary>
    internal long Step { get; private set; }

    /// <summary>Epochs completed at that step.</summary>
    internal double Epoch { get; private set; }

    /// <summary>Keeps the current tensors if their accuracy is the best so far.</summary>
    internal bool Offer(double accuracy, StageTally tally)
    {
        if (latest ? accuracy < Accuracy : accuracy <= Accuracy)
            return false;
        (Accuracy, Step, Epoch) = (accuracy, tally.Steps, tally.Epochs);
        _kept = tensors().ToDictionary(t => t.Name, t => t.Values.host<float>().ToArray());
        return true;
    }

    /// <summary>Replaces the current values by those of the best epoch.</summary>
    internal void Restore()
    {
        foreach (var (name, tensor) in tensors())
        {
            if (!_kept.TryGetValue(name, out var kept))
                continue;
            using var values = tensor.edit<float>();
            kept.CopyTo(values.Span);
        }
    }

    public void Write(string folder)
    {
        if (_kept.Count == 0)
            return;
        SafetensorsWriter.Write(
            Path.Combine(folder, File),
            tensors().Select(t => NamedTensor.FromFloats(t.Name, t.Values.shape, _kept[t.Name])),
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
        _kept = file.Tensors.ToDictionary(t => t.Name, t => file.ReadFloats(t.Name));
    }
}
