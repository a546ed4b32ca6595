using RobustTickets.Pipeline;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Resume;

/// <summary>
/// Runs that were never interrupted, each made once for all tests of a class: nothing in a run's
/// results depends on where its folder lies, so the runs of other
/// <see cref="TinyTask"/>s must equal them.
/// </summary>
public sealed class WholeRun : IDisposable
{
    private readonly TinyTask _task = new();
    private readonly Dictionary<Recipe, (string Folder, RunResult Result)> _runs = [];

    public void Dispose() => _task.Dispose();

    /// <summary>Folder and result of a recipe's run.</summary>
    public (string Folder, RunResult Result) Of(Recipe recipe)
    {
        if (_runs.TryGetValue(recipe, out var known))
            return known;
        var folder = _task.NewRun("whole");
        var result = RecipeRunner.Run(_task.Request(recipe, folder), null, CancellationToken.None);
        // Otherwise there is little to interrupt.
        Assert.All(result.Stages, s => Assert.True(s.Steps >= 6, $"{s.Stage} has {s.Steps} steps"));
        return _runs[recipe] = (folder, result);
    }
}
