// The attack on development examples after each epoch: what it says, what it must leave alone, and
// that neither a crash nor a stop in its middle changes a byte of the run.
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Attacks.Resources;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Data;
using RobustTickets.Runs;
using Xunit;

namespace RobustTickets.Tests.Resume;

[Collection(TorchCollection.Name)]
public sealed partial class EpochAttackTests : IDisposable
{
    private const int Epochs = 3;

    internal static readonly EpochAttackOptions Options = new(
        "textfooler",
        Examples: 12,
        Similarity: false,
        PartOfSpeech: false,
        QueryBudget: 20
    );

    /// <summary>An epoch is 12 steps of the 180 examples that are left to train on.</summary>
    internal static readonly Recipe Recipe = TinyTask.LearningRecipe with
    {
        Retrain = TinyTask.LearningRecipe.Retrain with { Epochs = Epochs },
        Evaluate = new EvaluateStage(EpochAttack: Options),
        Split = new SplitOptions(),
    };

    private readonly TinyTask _task = new();
    private readonly string? _resources = Environment.GetEnvironmentVariable(ResourceFolder.Variable);
    private readonly EpochAttackSource _source;

    public EpochAttackTests()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _task.Below("no resources"));
        _source = Source("table.json", shift: 0);
    }

    private string Table => _task.Below("table.json");

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, _resources);
        _source.Dispose();
        _task.Dispose();
    }

    [Fact]
    public void Every_epoch_is_attacked_on_development_examples_and_training_does_not_notice()
    {
        var notes = new Notes();
        var run = _task.NewRun("attacked");
        RecipeRunner.Run(Request(Recipe, run), notes, CancellationToken.None);
        var events = Attacks(run);
        Assert.Equal(Enumerable.Range(1, Epochs).Select(e => (double)e), events.Select(e => e.Epoch));
        Assert.All(
            events,
            e =>
            {
                Assert.Equal((RetrainRun, "textfooler", Options.Examples), (e.Stage, e.Attack, e.Examples));
                Assert.Equal(e.Examples, e.Skipped + e.Succeeded + e.Failed);
                Assert.Equal((double)e.Failed / e.Examples, e.Aua);
                Assert.Contains("carved", e.Split, StringComparison.Ordinal);
                Assert.Contains(
                    notes.Lines,
                    n =>
                        n.StartsWith(
                            FormattableString.Invariant($"epoch {e.Epoch:0}: Aua {100 * e.Aua:0.0} %"),
                            StringComparison.Ordinal
                        )
                );
            }
        );
        Assert.True(events.Sum(e => e.Succeeded) > 0 && events.Max(e => e.Queries) > 1, "nothing was attacked");

        // The last epoch's figures are those of an attack on the finished model, on the same
        // examples.
        var data = RunData.Load(Request(Recipe, run), TinyTask.Tokenizer);
        var sample = EpochAttacks.Sample(Options, data);
        using (var classifier = Classifier.Load(Path.Combine(run, "model"), maxLength: Recipe.MaxLength))
        {
            var task = TaskCatalog.Find("sst2");
            var outcomes = new AttackEngine(_source.Build().Attack, classifier)
                .RunAsync([.. sample])
                .ToBlockingEnumerable()
                .ToList();
            var summary = AttackSummary.From(outcomes, AttackSettings.Of(_source.Build().Attack, ""));
            Assert.Equal(
                (summary.Skipped, summary.Succeeded, summary.Failed, summary.MeanQueries),
                (events[^1].Skipped, events[^1].Succeeded, events[^1].Failed, events[^1].Queries)
            );
        }
        // None of them is reported or trained on.
        var splits = RunSplits.Load(Path.Combine(run, "splits.json"));
        Assert.Subset(splits.Development.Ids!.ToHashSet(), sample.Select(e => e.Id).ToHashSet());
        Assert.All(sample, e => Assert.StartsWith("train:", e.Id, StringComparison.Ordinal));
        Assert.Equal("dev", splits.Evaluation.Name);

        var plain = _task.NewRun("plain");
        RecipeRunner.Run(
            _task.Request(Recipe with { Evaluate = new EvaluateStage() }, plain, every: 0),
            null,
            CancellationToken.None
        );
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(plain, "model", "model.safetensors")),
            File.ReadAllBytes(Path.Combine(run, "model", "model.safetensors"))
        );
        Assert.Equal(
            RunFiles.Events(plain),
            RunFiles.Events(run).Where(l => !l.Contains("\"epoch-attack\"", StringComparison.Ordinal))
        );
    }

    [Fact]
    public void A_crash_or_a_stop_in_the_middle_of_an_attack_changes_nothing()
    {
        var whole = _task.NewRun("whole");
        RecipeRunner.Run(Request(Recipe, whole), null, CancellationToken.None);

        var crashed = _task.NewRun("crashed");
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(
                Request(Recipe, crashed),
                new During(2, 5, () => throw new TimeoutException("the crash of a test")),
                CancellationToken.None
            )
        );
        Assert.Single(Attacks(crashed));
        RecipeRunner.Run(Request(Recipe, crashed, resume: true), null, CancellationToken.None);
        RunFiles.AssertSame(whole, crashed);

        // A stop writes a checkpoint of the epoch's end that goes on with the attack, not after it.
        var stopped = _task.NewRun("stopped");
        using (var stop = new CancellationTokenSource())
        {
            var message = Assert
                .ThrowsAny<OperationCanceledException>(() =>
                    RecipeRunner.Run(Request(Recipe, stopped), new OnNote("epoch 1: accuracy", stop.Cancel), stop.Token)
                )
                .Message;
            Assert.Contains("stopped in the attack after epoch 1 of retrain", message, StringComparison.Ordinal);
        }
        var state = JsonNode.Parse(File.ReadAllText(Path.Combine(RunFiles.Checkpoints(stopped)[0], "state.json")))!;
        Assert.True((bool)state["epoch_attack_due"]!);
        Assert.Equal(12, (long)state["tally"]!["steps"]!);
        var other = _task.NewRun("other");
        RunFiles.Copy(stopped, other);
        RecipeRunner.Run(Request(Recipe, stopped, resume: true), null, CancellationToken.None);
        RunFiles.AssertSame(whole, stopped);

        // The mutant that forgets what was due loses an epoch's figures.
        var file = Path.Combine(RunFiles.Unsealed(other), "state.json");
        state["epoch_attack_due"] = false;
        File.WriteAllText(file, state.ToJsonString());
        RecipeRunner.Run(Request(Recipe, other, resume: true), null, CancellationToken.None);
        Assert.Equal(Epochs - 1, Attacks(other).Length);
    }

    [Fact]
    public void What_cannot_be_attacked_is_refused_before_any_compute()
    {
        Refused<RecipeException>(
            "evaluate.epoch-attack: attacks development examples, which are the reported ones",
            Recipe with
            {
                Split = new SplitOptions(DevelopmentRule.AuthorsCode),
            }
        );
        Refused<RecipeException>(
            "evaluate.epoch-attack.examples: 0 is not possible",
            With(Options with { Examples = 0 })
        );
        Refused<RecipeException>(
            "evaluate.epoch-attack.examples: 21 is more than the 20 development examples",
            With(Options with { Examples = 21 })
        );
        Refused<RecipeException>(
            "evaluate.epoch-attack.similarity-threshold",
            With(Options with { SimilarityThreshold = 0.5 })
        );
        Refused<RecipeException>(
            "names the attack pwws, but textfooler was given",
            With(Options with { Recipe = "pwws" })
        );
        Refused<RecipeException>("the recipe names none", With(null));
        Refused<RecipeException>("none was given with its resources", Recipe, r => r with { EpochAttack = null });
        // Without a reported split of its own, what is held out is what is reported.
        var alone = _task.Below("alone.tsv");
        File.Copy(_task.TrainFile, alone);
        Refused<RecipeException>("there are no development examples to attack", Recipe, r => r with { Data = alone });

        // Other files than the run began with are another attack.
        var run = _task.NewRun("other files");
        Assert.Throws<TimeoutException>(() =>
            RecipeRunner.Run(
                Request(Recipe, run),
                new During(1, 2, () => throw new TimeoutException()),
                CancellationToken.None
            )
        );
        using var changed = Source("changed.json", shift: 1);
        var error = Assert.Throws<DataException>(() =>
            RecipeRunner.Run(
                Request(Recipe, run, resume: true) with
                {
                    EpochAttack = changed.Build(),
                },
                null,
                CancellationToken.None
            )
        );
        Assert.Contains("epoch-attack", error.Message, StringComparison.Ordinal);
    }

    private const string RetrainRun = "retrain";

    private static Recipe With(EpochAttackOptions? options) =>
        Recipe with
        {
            Evaluate = new EvaluateStage(EpochAttack: options),
        };

    private static EpochAttackEntry[] Attacks(string run) =>
        [.. EventLog.ReadEntries(Path.Combine(run, "events.jsonl")).OfType<EpochAttackEntry>()];

    private TrainRequest Request(Recipe recipe, string run, bool resume = false) =>
        _task.Request(recipe, run, resume, every: 5) with
        {
            EpochAttack = _source.Build(),
        };

    private void Refused<T>(string named, Recipe recipe, Func<TrainRequest, TrainRequest>? change = null)
        where T : Exception
    {
        var run = _task.NewRun();
        var request = Request(recipe, run);
        var error = Assert.Throws<T>(() =>
            RecipeRunner.Run(change?.Invoke(request) ?? request, null, CancellationToken.None)
        );
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run), "nothing is written before a refusal");
    }

    /// <summary>Substitutes of opposite meaning: every telling word can be turned round.</summary>
    private EpochAttackSource Source(string name, int shift)
    {
        var table = new JsonObject();
        for (var i = 0; i < TinyTask.Good.Length; i++)
        {
            table[TinyTask.Good[i]] = new JsonArray(TinyTask.Bad[(i + shift) % 8], TinyTask.Good[(i + 1) % 8]);
            table[TinyTask.Bad[i]] = new JsonArray(TinyTask.Good[(i + shift) % 8]);
        }
        File.WriteAllText(_task.Below(name), table.ToJsonString());
        return EpochAttackSource.Named(
            Options,
            new Dictionary<string, string> { ["neighbours"] = _task.Below(name) },
            _task.Model
        );
    }

    private sealed class Notes : IProgress<RunEvent>
    {
        public List<string> Lines { get; } = [];

        public void Report(RunEvent value)
        {
            if (value.Message is { } line)
                Lines.Add(line);
        }
    }

    /// <summary>Does something when a note begins in a certain way.</summary>
    private sealed class OnNote(string start, Action act) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            if (value.Message?.StartsWith(start, StringComparison.Ordinal) == true)
                act();
        }
    }

    /// <summary>Does something when an epoch's attack has come to an example.</summary>
    private sealed class During(int epoch, long example, Action act) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            if (value is AttackedSoFar attack && attack.Epoch == epoch && attack.Done == example)
                act();
        }
    }
}
