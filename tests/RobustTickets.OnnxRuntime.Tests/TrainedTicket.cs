using RobustTickets.Attacks;
using RobustTickets.Cli;
using RobustTickets.Pipeline;
using RobustTickets.Recipes;
using RobustTickets.Tests.Resume;
using RobustTickets.Torch;
using Xunit;

namespace RobustTickets.OnnxRuntime.Tests;

/// <summary>A ticket trained once for all tests that export one.</summary>
public sealed class TrainedTicket : IDisposable
{
    private readonly TinyTask _task = new();
    private int _folders;

    public TrainedTicket()
    {
        // On a busy machine two threads of so small a model wait for each other.
        torch.set_num_threads(1);
        Run = _task.NewRun("ticket");
        var recipe = TinyTask.SearchRecipe with { BatchSize = 16, Retrain = TinyTask.LearningRecipe.Retrain };
        RecipeRunner.Run(_task.Request(recipe, Run), null, CancellationToken.None);
        Neighbours = Below("neighbours.json");
        var words = TinyTask.Good.Concat(TinyTask.Bad).ToArray();
        var table = words.Select((w, i) => $"\"{w}\": [\"{words[(i + 5) % 16]}\", \"{words[(i + 9) % 16]}\"]");
        File.WriteAllText(Neighbours, $"{{{string.Join(", ", table)}}}");
    }

    public string Run { get; }

    public string Model => Path.Combine(Run, "model");

    public string Data => _task.Data;

    /// <summary>The pre-trained network, which has a pooler and no classifier.</summary>
    public string Base => _task.Model;

    /// <summary>Substitutes, some of the other class.</summary>
    public string Neighbours { get; }

    public string Below(string name) => _task.Below(name);

    /// <summary>A folder that does not exist yet.</summary>
    public string New(string name) => _task.Below($"{name}-{Interlocked.Increment(ref _folders)}");

    /// <summary>Runs the command line in this process.</summary>
    public static (int Code, string Out, string Error) Command(params string[] args)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = CliApp.Run(args, output, error, TextReader.Null);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>The same, which must end well; what it printed.</summary>
    public static string Ok(params string[] args)
    {
        var (code, output, error) = Command(args);
        Assert.True(code == 0, $"{string.Join(' ', args)}: exit code {code}\n{error}");
        return output;
    }

    public void Dispose() => _task.Dispose();
}

/// <summary>Tests that compute with libtorch: one after another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TorchCollection : ICollectionFixture<TrainedTicket>
{
    public const string Name = "libtorch";
}
