using RobustTickets.Tests.CommandLine;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>Texts whose words the vocabulary lacks: every command says so.</summary>
[Collection(TorchCollection.Name)]
public sealed class UnknownTextTests : IDisposable
{
    private const string Note = "100 % of the word pieces";
    private readonly TinyFolders _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData("хороший фильм", "плохой сюжет", true)]
    [InlineData("a good film", "a dull story", false)]
    public void Texts_of_another_language_are_told_of(string good, string bad, bool told)
    {
        var csv = _tiny.Below("rows.csv");
        var rows = Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? $"{good} {good},1" : $"{bad},0");
        File.WriteAllLines(csv, rows.Prepend("text,label"));
        string[] data = ["--data", csv, "--task", "csv"];
        var note = $"{Note} are unknown to the vocabulary of {_tiny.Model}: it was made for other texts";
        Check(note, CliRun.Of(["evaluate", "--model", _tiny.Model, .. data]));
        Check(
            note,
            CliRun.Of([
                "attack",
                "--model",
                _tiny.Model,
                "--recipe",
                "deepwordbug",
                "--out",
                _tiny.Below("out"),
                .. data,
            ])
        );
        Check(note, CliRun.With($"{good}\n{bad}\n", "predict", "--model", _tiny.Model, "--format", "text"));
        var train = CliRun.Of(
            _tiny.TrainArguments("fine-tune", _tiny.Below("run"), "--data", csv, "--task", "csv", "--dry-run")
        );
        Check(
            $"{Note} of the train texts are unknown to the vocabulary of the model",
            train with
            {
                Error = train.Out,
            }
        );

        void Check(string expected, CliRun run)
        {
            Assert.True(run.Code == 0, run.Error);
            Assert.Equal(told ? 1 : 0, run.Error.Split(expected).Length - 1);
        }
    }
}
