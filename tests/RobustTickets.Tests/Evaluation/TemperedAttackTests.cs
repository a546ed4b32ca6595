using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Pipeline;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

/// <summary>The files of an attack at several temperatures.</summary>
public sealed class TemperedAttackTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tempered").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_that_another_writes_to_keeps_its_files()
    {
        var attack = Attack(text => text.Contains("good", StringComparison.Ordinal) ? 0.9 : 0.2);
        var report = attack.Run(default);
        Assert.Equal([0.5, 2], report.Summary.Temperatures!.Select(t => t.Temperature));
        Dictionary<string, string> Files() =>
            Directory
                .GetFiles(_folder)
                .Where(f => Path.GetFileName(f)[0] != '.')
                .ToDictionary(f => f, File.ReadAllText);
        var before = Files();
        using (WriterLock.Take(_folder))
            Assert.Throws<FolderInUseException>(() => attack.Run(default));
        Assert.Equal(before, Files());
        // Alone, it writes the same again.
        Assert.Equal(report.Outcomes.Select(AttackJson.Line), attack.Run(default).Outcomes.Select(AttackJson.Line));
        Assert.Equal(before, Files());
    }

    [Theory]
    [InlineData("#")] // the only text that withstands: without it, the Aua would be the lowest
    [InlineData("2")] // a text that falls: without it, the Aua would be higher
    public void Errors_at_a_temperature_are_reported_and_its_Aua_is_not_the_lowest(string broken)
    {
        var place = "";
        var isBroken = true;
        // A sign is no word, so that no attack removes it.
        var attack = Attack(
            text =>
                isBroken && place == "temperature 2" && text.Contains(broken, StringComparison.Ordinal) ? double.NaN
                : text.Contains("good", StringComparison.Ordinal) || text.Contains('#') ? 0.9
                : 0.2,
            new SyncProgress<AttackProgress>(p =>
            {
                if (p is AttackNote { Text: "temperature 0.5" or "temperature 2" } note)
                    place = note.Text;
            })
        );
        var report = attack.Run(default);
        Assert.Equal((25.0, 0), (report.Aua, report.Summary.Errors));
        Assert.Equal([0.5], report.Summary.Temperatures!.Select(t => t.Temperature));
        Assert.Single(report.Errors);
        var error = Assert.Throws<AttackFailedException>(report.ThrowIfErrors);
        Assert.True(error.IsNumeric);
        Assert.Contains("1 of 8 examples could not be attacked", error.Message);
        Assert.Contains("(temperature-2)", error.Message);
        Assert.False(FinishedAttack.IsWithoutErrors(_folder));

        // Run again, only these are repeated.
        isBroken = false;
        report = attack.Run(default);
        report.ThrowIfErrors();
        Assert.Equal((25.0, 2), (report.Aua, report.Summary.Temperatures!.Count));
        Assert.True(FinishedAttack.IsWithoutErrors(_folder));
    }

    [Theory]
    [InlineData(double.NaN, true)]
    [InlineData(1.5, false)]
    public void A_temperature_is_not_fitted_to_answers_that_are_no_probabilities(double answer, bool isNumeric)
    {
        var attack = Attack(text => text.EndsWith("of 2", StringComparison.Ordinal) ? answer : 0.9);
        var rows = new CalibrationRows(attack.Job.Inputs, "4 rows");
        var fitted = attack with { Temperature = VictimTemperature.Fitted, HeldOut = () => rows };
        var error = Assert.Throws<AttackFailedException>(() => fitted.Run(default));
        Assert.Equal(isNumeric, error.IsNumeric);
        Assert.Contains("no temperature can be fitted", error.Message, StringComparison.Ordinal);
        Assert.Contains("a good film of 2", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() =>
            TemperatureFit.Of(
                [
                    [0.5, 0.5],
                    [double.NaN, 0.5],
                ],
                [0, 1]
            )
        );
    }

    private TemperedAttack Attack(Func<string, double> positive, IProgress<AttackProgress>? progress = null) =>
        new(
            new AttackJob(
                AttackRecipe.DeepWordBug(new ResourceFiles()).Build(),
                new FunctionVictim(2, texts => [.. texts.Select(positive).Select(p => new[] { 1 - p, p })]),
                "by a word",
                [
                    .. Enumerable
                        .Range(0, 4)
                        .Select(i => new Example($"{i}", new TextPair($"a good film of {i}{(i == 1 ? " #" : "")}"), 1)),
                ],
                _folder,
                []
            ),
            VictimTemperature.Parse("0.5,2"),
            () => throw new InvalidOperationException(),
            progress
        );
}
