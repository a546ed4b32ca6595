// Attacks after epochs as the command line and experiments ask for them.
using System.Text.Json.Nodes;
using RobustTickets.Cli;
using RobustTickets.Recipes.Json;
using RobustTickets.Tests.Cli;
using RobustTickets.Tests.Experiments;
using Xunit;

namespace RobustTickets.Tests.Resume;

public sealed partial class EpochAttackTests
{
    [Fact]
    public void The_command_line_names_what_is_missing_and_an_experiment_plots_what_was_found()
    {
        Assert.Contains(
            "evaluate.epoch-attack: textfooler has no source of substitute words",
            Train(ExitCodes.Data, "--set", "evaluate.epoch-attack.part-of-speech=false"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "evaluate.epoch-attack: resource tagger",
            Train(ExitCodes.Data, "--resource", $"neighbours={Table}"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--resource wordnet: the attack textfooler does not use it; possible: vectors, neighbours, stop-words",
            Train(ExitCodes.Usage, "--resource", "wordnet=x"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "evaluate.epoch-attack.recipe: unknown \"textfoler\"",
            Train(ExitCodes.Usage, "--set", "evaluate.epoch-attack.recipe=textfoler"),
            StringComparison.Ordinal
        );
        var plain = CliRun.Of(
            _task.Arguments(
                Recipe with
                {
                    Evaluate = new EvaluateStage(),
                },
                _task.NewRun(),
                0,
                "--resource",
                $"neighbours={Table}"
            )
        );
        Assert.Equal(ExitCodes.Usage, plain.Code);
        Assert.Contains("has neither an epoch attack nor augmentation", plain.Error, StringComparison.Ordinal);
        string[] loose =
        [
            "--set",
            "evaluate.epoch-attack.part-of-speech=false",
            "--set",
            "evaluate.epoch-attack.examples=7",
            "--resource",
            $"neighbours={Table}",
            "--resource",
            $"encoder={_task.Model}",
        ];
        var dry = CliRun.Of([.. Arguments(_task.NewRun()), .. loose, "--dry-run"]);
        Assert.True(dry.Code == ExitCodes.Ok, dry.Error);
        Assert.Contains(
            "attack   textfooler on 7 development examples after each epoch",
            dry.Out,
            StringComparison.Ordinal
        );

        File.WriteAllText(_task.Below("plain.json"), RecipeJson.Write(Recipe));
        var file = _task.Below("epochs.json");
        File.WriteAllText(
            file,
            new JsonObject
            {
                ["name"] = "epochs",
                ["title"] = "t",
                ["source"] = "s",
                ["rows"] = new JsonArray(
                    new JsonObject
                    {
                        ["name"] = "plain",
                        ["recipe"] = "plain.json",
                        ["set"] = new JsonArray("retrain.epochs=1"),
                    }
                ),
                ["data"] = new JsonArray(new JsonObject { ["name"] = "toy", ["task"] = "sst2" }),
                ["seeds"] = new JsonArray(1),
                ["attacks"] = new JsonArray(),
                ["figures"] = new JsonArray(
                    new JsonObject
                    {
                        ["name"] = "epochs",
                        ["title"] = "Accuracy",
                        ["kind"] = "epochs",
                    }
                ),
            }.ToJsonString()
        );
        string[] experiment =
        [
            "experiment",
            file,
            "--model",
            _task.Model,
            "--data",
            $"toy={_task.Data}",
            "--out",
            _task.Below("table"),
            "--threads",
            "1",
        ];
        var missing = CliRun.Of(experiment);
        Assert.Equal(ExitCodes.Data, missing.Code);
        Assert.Contains("no source of substitute words", missing.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_task.Below("table")));
        var done = CliRun.Of([.. experiment, "--resource", $"neighbours={Table}"]);
        Assert.True(done.Code == ExitCodes.Ok, done.Error);
        Assert.Contains("epoch 1: Aua ", done.Error, StringComparison.Ordinal);
        var aua = Attacks(TinyExperiment.Cell(_task.Below("table"), "plain.toy.seed-1", "epochs"))[0].Aua;
        Assert.Contains(
            $"plain under attack,1,{(100 * aua).ToString("R", System.Globalization.CultureInfo.InvariantCulture)}",
            File.ReadAllText(_task.Below("table", "epochs", "figures", "epochs.toy.csv")),
            StringComparison.Ordinal
        );

        string[] Arguments(string run) =>
            _task.Arguments(Recipe with { Evaluate = new EvaluateStage() }, run, 0, "--epoch-attack", "textfooler");

        string Train(int code, params string[] more)
        {
            var run = _task.NewRun();
            var done = CliRun.Of([.. Arguments(run), .. more]);
            Assert.True(done.Code == code, $"{done.Code}: {done.Error}");
            Assert.False(Directory.Exists(run));
            return done.Error;
        }
    }
}
