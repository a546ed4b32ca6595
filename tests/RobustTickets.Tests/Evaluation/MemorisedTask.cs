using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Objectives;
using RobustTickets.Tests.Resume;
using RobustTickets.Training;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

/// <summary>
/// A model that knows its training rows by heart and nothing else: one file of its own, labels by
/// the throw of a coin. Whoever measures it on training rows sees it by the accuracy.
/// </summary>
public sealed class MemorisedTask : IDisposable
{
    public const int Rows = 60,
        HeldOut = 15;

    public MemorisedTask()
    {
        File.WriteAllText(Data, Coins(Rows, 5));
        Folder = Task.NewRun("memorised");
        Run = Recipe.Train(Task.Model, Data, Folder);
        Assert.Equal(HeldOut, Run.Evaluation.Count);
    }

    internal static Recipe Recipe { get; } =
        TinyTask.FineTuneRecipe with
        {
            Task = "csv",
            BatchSize = 16,
            DevFraction = 0.25,
            Retrain = new RetrainStage(new CleanOptions(), new OptimizerOptions(3e-3), Epochs: 40),
            Split = new SplitOptions(),
        };

    /// <summary>Telling words become others of either kind.</summary>
    internal static Attack Swaps { get; } =
        AttackRecipe
            .TextFooler(
                new AttackParts(
                    new NeighbourTable(
                        TinyTask
                            .Good.Zip(TinyTask.Bad)
                            .SelectMany(p => new[] { (p.First, p.Second), (p.Second, p.First) })
                            .ToDictionary(p => p.Item1, p => (string[])[p.Item2])
                    ),
                    StopWords.English
                )
            )
            .Build();

    internal TinyTask Task { get; } = new();

    internal string Data => Task.Below("reviews.csv");

    internal string Folder { get; }

    internal TrainedRun Run { get; }

    internal static string Coins(int rows, int seed)
    {
        var random = new Random(seed);
        return "text,label\n"
            + string.Concat(
                Enumerable
                    .Range(0, rows)
                    .Select(i => $"\"{TinyTask.Sentence(random, i % 2)}\",{(random.Next(2) == 0 ? "bad" : "good")}\n")
            );
    }

    public void Dispose() => Task.Dispose();
}
