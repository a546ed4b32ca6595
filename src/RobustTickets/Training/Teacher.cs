using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Torch;

namespace RobustTickets.Training;

/// <summary>A trained classifier that a stage learns from.</summary>
/// <param name="model">The classifier; released with the teacher.</param>
/// <param name="options">Weight and temperature.</param>
internal sealed class Teacher(BertForSequenceClassification model, DistillOptions options) : IDisposable
{
    /// <summary>What it says of a batch, without dropout; lives in the scope around.</summary>
    public TeacherLogits Ask(PackedBatch batch)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var logits = model.Forward(model.Prepare(batch, training: false), PassOptions.Evaluation);
        return new TeacherLogits(scope.Keep(logits), options);
    }

    /// <summary>FLOPs of asking about a batch.</summary>
    public double Flops(PackedBatch batch) => FlopCount.Forward(model.Config, batch);

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();
}
