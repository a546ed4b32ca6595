// The library as a program uses it, from a recipe's name to the report of an attack, on the tiny
// task.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Pipeline;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;
using RobustTickets.Testing;
using RobustTickets.Tests.Evaluation;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests;

[Collection(TorchCollection.Name)]
public sealed class FrontDoorTests(TrainedTask trained) : IClassFixture<TrainedTask>
{
    private static readonly Attack Swaps = AttackRecipe
        .TextFooler(
            new AttackParts(
                new NeighbourTable(TinyTask.Good.ToDictionary(word => word, _ => TinyTask.Bad)),
                StopWords.English
            )
        )
        .Build();

    private static readonly Dictionary<string, string> NoData = [];

    [Fact]
    public async Task The_sample_goes_from_a_recipe_to_a_report()
    {
        using var task = new TinyTask();
        // The published recipe as it is: its length, and a search that is long enough.
        TinyTask.WriteModel(task.Model, TinyTask.Config with { MaxPositionEmbeddings = 128 });
        File.WriteAllText(task.TrainFile, TinyTask.Sentences(400, 1));
        using var said = new StringWriter { NewLine = "\n" };
        var output = task.NewRun();
        var report = await TrainAndAttack.Run(task.Model, task.Data, output, said);
        Assert.Matches(@"^(negative|positive): 0\.\d\d\n$", said.ToString());
        Assert.Equal(("deepwordbug", 20), (report.Settings.Recipe, report.Outcomes.Count));
        Assert.Empty(report.Errors);
        Assert.True(File.Exists(RunFolder.Open(output).ResultFile));
        // A run that the library made knows where it came from, too.
        Assert.Equal(task.Model, EnvironmentStamp.Load(Path.Combine(output, "environment.json")).BaseFolder());
    }

    [Fact]
    public void The_sample_needs_ten_lines_and_two_usings()
    {
        var lines = File.ReadAllLines(Path.Combine(Golden.RepositoryRoot, "samples", "TrainAndAttack.cs"));
        Assert.Equal(2, lines.Count(line => line.StartsWith("using ", StringComparison.Ordinal)));
        Assert.InRange(lines.Count(line => line.StartsWith("        ", StringComparison.Ordinal)), 4, 10);
    }

    [Fact]
    public async Task A_run_gives_its_result_its_reported_examples_and_its_classifier()
    {
        using var task = new TinyTask();
        var steps = new List<RunEvent>();
        var run = TinyTask.FineTuneRecipe.Train(
            task.Model,
            task.Data,
            task.NewRun(),
            new SyncProgress<RunEvent>(steps.Add),
            CancellationToken.None
        );
        Assert.NotEmpty(steps);
        Assert.Equal(RunResult.Load(run.Folder.ResultFile).CleanDev, run.Result.CleanDev);
        Assert.Equal(("dev", 40), (run.Evaluation.Name, run.Evaluation.Count));
        Assert.Equal(run.Result.EvaluatedExamples, run.Evaluation.Count);
        var sample = run.Evaluation.Sample(10);
        Assert.Equal(10, sample.Count);
        Assert.Equal(sample.Select(e => e.Id), run.Evaluation.Sample(10).Select(e => e.Id));
        Assert.NotEqual(sample.Select(e => e.Id), run.Evaluation.Sample(10, seed: 43).Select(e => e.Id));
        using var classifier = run.LoadClassifier();
        var report = await classifier.AttackAsync(Swaps, run.Evaluation);
        Assert.Equal(100 * run.Result.CleanDev!.Value, report.Clean, 1e-9);
        Assert.Equal(report.Summary.Aua, report.Aua);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            classifier.AttackAsync(Swaps, sample, stop: new CancellationToken(canceled: true))
        );
    }

    [Fact]
    public async Task A_finished_run_is_opened_again()
    {
        using var task = new TinyTask();
        var made = TinyTask.LearningRecipe.Train(task.Model, task.Data, task.NewRun());
        var opened = TrainedRun.Open(made.Folder.Path);
        Assert.Equal(made.Result.CleanDev, opened.Result.CleanDev);
        Assert.Equal(made.Evaluation.Name, opened.Evaluation.Name);
        Assert.Equal(made.Evaluation.Select(e => (e.Id, e.Label)), opened.Evaluation.Select(e => (e.Id, e.Label)));
        Assert.Empty(opened.Attacks);
        Assert.Contains(
            "there is none",
            Assert.Throws<DataException>(() => opened.LoadAttack("deepwordbug")).Message,
            StringComparison.Ordinal
        );

        var request = new AttackRequest(
            AttackRecipe.DeepWordBug(AttackResources.FromUserFolder()),
            made.Folder.Path,
            task.Data,
            "sst2",
            Sample: new AttackSample(6)
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            request.RunAsync(stop: new CancellationToken(canceled: true))
        );
        Assert.False(Directory.Exists(made.Folder.AttackFolder("deepwordbug")));
        var attacked = await request.RunAsync();
        Assert.Equal(attacked.Aua, request.Run().Aua);
        using var said = new StringWriter { NewLine = "\n" };
        var report = await OpenARun.Run(made.Folder.Path, said);
        Assert.Equal(20, report.Outcomes.Count);
        Assert.Equal(
            FormattableString.Invariant(
                $"tiny-learning: 40 dev examples\ndeepwordbug: {attacked.Aua:0.0} % under attack\n"
            ),
            said.ToString()
        );
        var stamp = EnvironmentStamp.Load(Path.Combine(attacked.Folder!, "environment.json"));
        Assert.True(stamp.Seconds > 0 && stamp.Started <= stamp.Ended && stamp.Ended <= DateTimeOffset.UtcNow);
        Assert.Equal(
            (NamedModel.Hash(made.Folder.ModelFolder), made.Folder.ModelFolder),
            (stamp.Extra["model_sha256"], stamp.Extra["model"])
        );
        // The names are a format: runs of earlier versions are read by them.
        string[] computed = ["libtorch", "threads", "device", "precision"];
        string[] run = [.. computed, "data", "data_sha256", "inputs_sha256"];
        Assert.Equal(run.Order(), EnvironmentStamp.Load(made.Folder.EnvironmentFile).Extra.Keys.Order());
        string[] attack = [.. computed, "model", "model_sha256", "settings_sha256"];
        Assert.Equal(attack.Order(), stamp.Extra.Keys.Order());

        // Data that changed, moved, or a run that is none are refused by what is wrong.
        File.AppendAllText(task.DevFile, "a film .\t1\n");
        Assert.Contains(
            "changed since",
            Assert.Throws<DataException>(() => TrainedRun.Open(made.Folder.Path).Evaluation).Message,
            StringComparison.Ordinal
        );
        Directory.Delete(task.Data, recursive: true);
        Assert.Contains(
            "no longer exist there",
            Assert.Throws<DataException>(() => TrainedRun.Open(made.Folder.Path).Evaluation).Message,
            StringComparison.Ordinal
        );
        File.Delete(made.Folder.ResultFile);
        Assert.Equal(["Resume"], Assert.Throws<RunFolderException>(() => TrainedRun.Open(made.Folder.Path)).Fields);
    }

    [Fact]
    public void A_run_is_trained_further_from_its_folder()
    {
        using var task = new TinyTask();
        var first = TinyTask.FineTuneRecipe.Train(task.Model, task.Data, task.NewRun());
        var second = TinyTask.FineTuneRecipe.Train(first.Folder.Path, task.Data, task.NewRun());
        var start = EnvironmentStamp.Load(second.Folder.EnvironmentFile).BaseFolder();
        Assert.Equal(first.Folder.ModelFolder, start);
        Assert.Equal(
            first.Folder.ModelFolder,
            new ExperimentRequest([], first.Folder.Path, NoData, "").Located().Model
        );

        Directory.Delete(first.Folder.ModelFolder, recursive: true);
        var unfinished = Assert.Throws<RunFolderException>(() =>
            TinyTask.FineTuneRecipe.Train(first.Folder.Path, task.Data, task.NewRun())
        );
        Assert.Equal(["Model"], unfinished.Fields);
        Assert.Contains("this run has no model yet", unfinished.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_prediction_is_a_label_by_its_name_and_its_probability()
    {
        using var classifier = Classifier.Load(trained.Model);
        var random = new Random(3);
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => TinyTask.Sentence(random, i % 2))];
        var answers = classifier.Predict(texts);
        var rows = classifier.Probabilities([.. texts.Select(text => new TextPair(text))]);
        for (var i = 0; i < texts.Length; i++)
        {
            var best = rows[i][1] > rows[i][0] ? 1 : 0;
            Assert.Equal((classifier.Labels[best], rows[i][best]), (answers[i].Label, answers[i].Score));
            Assert.Equal(rows[i], answers[i].Scores);
        }
        Assert.Equal(2, answers.Select(a => a.Label).Distinct().Count());
        Assert.Equal(answers[5].Label, classifier.Predict(texts[5]).Label);
        Assert.NotEqual(classifier.Predict(new TextPair("good", "bad")).Scores, classifier.Predict("good").Scores);
    }
}
