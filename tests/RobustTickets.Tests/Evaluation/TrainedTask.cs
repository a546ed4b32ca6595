using RobustTickets.Pipeline;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

/// <summary>
/// A tiny classifier that has learned its task, made once for all tests of a class.
/// </summary>
public sealed class TrainedTask : IDisposable
{
    public TrainedTask()
    {
        var run = Task.NewRun();
        var result = RecipeRunner.Run(
            Task.Request(TinyTask.LearningRecipe, run, every: 0),
            null,
            CancellationToken.None
        );
        Assert.True(result.CleanDev > 0.8, $"the model did not learn: accuracy {result.CleanDev}");
        Model = Path.Combine(run, "model");
    }

    internal TinyTask Task { get; } = new();

    /// <summary>Folder of the classifier.</summary>
    public string Model { get; }

    public void Dispose() => Task.Dispose();
}
