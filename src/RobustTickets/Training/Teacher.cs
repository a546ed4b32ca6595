using RobustTickets.Models;
using RobustTickets.Objectives;
using RobustTickets.Torch;

namespace RobustTickets.Training;

/// <summary>The teacher of distillation.</summary>
/// <param name="model">The classifier; disposed with the teacher.</param>
/// <param name="options">Weight and temperature.</param>
internal sealed class Teacher(BertForSequenceClassification model, DistillOptions options) : IDisposable
{
    /// <summary>
    /// The teacher's logits for a batch, without dropout; they live in the enclosing scope.
    /// </summary>
    public TeacherLogits Ask(PackedBatch batch)
    {
        using var quiet = torch.no_grad();
        using var scope = torch.scope();
        var logits = model.Forward(model.Prepare(batch, training: false), PassOptions.Evaluation);
        return new TeacherLogits(scope.Keep(logits), options);
    }

    /// <summary>FLOPs of the teacher for a batch.</summary>
    public double Flops(PackedBatch batch) => FlopCount.Forward(model.Config, batch);

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();
}
