using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Hardening;
using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Hardening;

/// <summary>
/// What is trained within the time of a comparison, and what is left out by name.
/// </summary>
[Collection(TorchCollection.Name)]
public sealed class HardenWorkTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly HandClock _time = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_training_that_fails_is_left_out_by_name_unless_all_is_compared_with_it()
    {
        using var victims = Victims(out var work);
        var impossible = work.Candidates()[HardenCandidate.FineTune].Recipe with { MaxLength = 100_000 };
        Assert.False(work.TryTrain("fine-tune-seed-2", impossible, planned: 1, deadline: 1000));
        var left = Assert.Single(work.Clock.State.LeftOut);
        Assert.Equal("fine-tune-seed-2", left.Name);
        Assert.Contains("max-length: 100000 is not possible", left.Reason);
        Assert.Throws<RecipeException>(() => work.TryTrain(HardenCandidate.FineTune, impossible, 1, deadline: null));
    }

    [Fact]
    public void A_further_seed_leaves_the_time_of_the_attacks_with_the_repeated_one()
    {
        using var victims = Victims(out var work);
        // Of 1,000 seconds two models' attacks take 2 x 80 x 1.5: one attack of two is repeated.
        work.Clock.Set(s => s with { AttackSeconds = 1 });
        _time.Seconds = 760;
        var choice = new HardenChoice(
            HardenCandidate.FineTune,
            HardenInputs.OwnName,
            100,
            [],
            [new(HardenInputs.OwnName, "baseline"), new("fine-tune-seed-2", "seed", 2)],
            ReportedExamples: 80
        );
        var trained = work.TrainSeeds(choice);
        Assert.Equal([HardenInputs.OwnName], trained.Finalists.Select(f => f.Name));
        // The time of what was left out goes to more rows, as many as the plan allows.
        Assert.Equal(100, trained.ReportedExamples);
        Assert.Equal(trained, work.TrainSeeds(trained));
        Assert.Equal(
            [
                new LeftOutOfPlan(
                    "fine-tune-seed-2",
                    "needs about 3 s, but only 0 s are left before the confirmation attacks"
                ),
            ],
            work.Clock.State.LeftOut
        );
    }

    [Fact]
    public void A_further_seed_of_fine_tuning_does_not_take_the_time_of_the_chosen_defences()
    {
        using var victims = Victims(out var work);
        work.Clock.Set(s => s with { AttackSeconds = 1, TrainingRatio = 10 });
        // Three models' attacks take 3 x 80 x 1.5 seconds; ten more fit fine-tuning alone.
        _time.Seconds = 1000 - 360 - 15;
        var choice = new HardenChoice(
            "substitution",
            HardenInputs.OwnName,
            100,
            [],
            [
                new(HardenInputs.OwnName, "baseline"),
                new("fine-tune-seed-2", "seed", 2),
                new("substitution-seed-2", "seed", 2),
            ],
            ReportedExamples: 80
        );
        var trained = work.TrainSeeds(choice);
        Assert.Equal([HardenInputs.OwnName, "substitution-seed-2"], trained.Finalists.Select(f => f.Name));
        Assert.Equal("fine-tune-seed-2", Assert.Single(work.Clock.State.LeftOut).Name);
    }

    [Fact]
    public void A_stage_is_timed_over_all_calls()
    {
        var folder = new HardenFolder(_tiny.Below("clock"));
        WholeFile.CreateFolder(folder.Path);
        var clock = new BudgetClock(folder, _time);
        _time.Seconds = 5;
        Assert.Equal(5, clock.Began("attack"));
        _time.Seconds = 9;
        clock.Save();
        // The time between the calls is not spent.
        _time.Seconds = 100;
        var next = new BudgetClock(folder, _time);
        Assert.True(next.IsOpen("attack"));
        Assert.Equal((9, 5), (next.Seconds, next.Began("attack")));
        Assert.False(next.IsOpen("training"));
        Assert.Equal(9, next.Began("training"));
    }

    [Fact]
    public void A_further_seed_of_what_was_taken_up_has_the_plans_time_too()
    {
        using var victims = Victims(out var work);
        _time.Seconds = 999.9;
        var seed = new HardenFinalist("substitution-seed-2", "seed", 2);
        var choice = new HardenChoice("substitution", HardenInputs.OwnName, 100, [], [seed], ReportedExamples: 80);
        Assert.Empty(work.TrainSeeds(choice).Finalists);
        Assert.StartsWith("needs about ", Assert.Single(work.Clock.State.LeftOut).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 1.5)]
    [InlineData(0.0, 1)]
    [InlineData(0.2, 1.15)]
    [InlineData(0.9, 1.5)]
    public void The_repeated_attack_takes_the_time_of_what_withstands(double? withstood, double times)
    {
        using var victims = Victims(out var work);
        work.Clock.Set(s => s with { AttackSeconds = 1, Withstood = withstood });
        // Accuracy on all reported rows is a third of a training step each.
        var accuracy = 2 * work.Inputs.Rows.Reported.Count * work.Plan.SecondsPerRow / 3;
        Assert.Equal(accuracy, work.ConfirmSeconds(models: 2, examples: 0), 1e-9);
        Assert.Equal((2 * 80 * times) + accuracy, work.ConfirmSeconds(models: 2, examples: 80), 1e-9);
        _time.Seconds = 800;
        Assert.Equal((int)((200 - accuracy) / (2 * times)), work.ReportedExamples(models: 2));
    }

    // Of 250 rows 175 are trained on, six steps an epoch; the first four steps are slow.
    [Theory]
    [InlineData(250)]
    [InlineData(330)]
    [InlineData(700)]
    public void The_first_steps_are_not_counted_on_few_rows_either(int rows)
    {
        var csv = _tiny.Below("rows.csv");
        File.WriteAllText(csv, HardenRunTests.Rows(rows, seed: 1, "text,label"));
        var request = new HardenRequest(
            _tiny.Model,
            csv,
            "csv",
            _tiny.Below("out"),
            Attacks: ["deepwordbug"],
            Resources: new ResourceFiles(),
            Clock: _time
        );
        var (inputs, folder) = (HardenInputs.Open(request, default), new HardenFolder(request.Output));
        folder.Write(inputs.Rows);
        _time.Tick = 1;
        foreach (var _ in Enumerable.Range(0, 4))
            _time.First.Enqueue(100);
        var seconds = new HardenTrainer(request, inputs, folder, null, default).Probe();
        Assert.InRange(seconds, 1.0 / 32, 1.0 / 25);
    }

    private HardenVictims Victims(out HardenWork work)
    {
        var csv = _tiny.Below("rows.csv");
        var rows = Enumerable
            .Range(0, 300)
            .Select(i =>
                string.Create(CultureInfo.InvariantCulture, $"film {i},{(i % 2 == 0 ? "positive" : "negative")}")
            );
        File.WriteAllLines(csv, rows.Prepend("text,label"));
        var request = new HardenRequest(
            _tiny.Model,
            csv,
            "csv",
            _tiny.Below("out"),
            Attacks: ["deepwordbug"],
            Resources: new ResourceFiles()
        );
        var (inputs, folder) = (HardenInputs.Open(request, default), new HardenFolder(request.Output));
        WholeFile.CreateFolder(folder.Path);
        folder.Write(inputs.Rows);
        var plan = new HardenPlan(
            HardenPlan.CurrentSchema,
            inputs.Hash,
            1000,
            0.001,
            inputs.Rows.Train.Count,
            inputs.Rows.Train.Count,
            1,
            inputs.MaxLength,
            2,
            [new PlannedDefence(HardenCandidate.FineTune, "", 1)],
            [],
            ["deepwordbug", "pwws"],
            30,
            100,
            HardenGoal.Robust,
            ""
        );
        var victims = new HardenVictims(request, inputs, folder, null, default);
        work = new HardenWork(
            plan,
            inputs,
            folder,
            new HardenTrainer(request, inputs, folder, null, default),
            victims,
            new BudgetClock(folder, _time),
            _ => { }
        );
        return victims;
    }
}
