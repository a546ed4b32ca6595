using RobustTickets.Attacks;
using RobustTickets.Attacks.Metrics;
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
        var recipe = AttackRecipe.DeepWordBug(new ResourceFiles());
        var job = new AttackJob(
            recipe.Build(),
            new FunctionVictim(
                2,
                texts => [.. texts.Select(t => t.Contains("good") ? [0.1, 0.9] : new[] { 0.8, 0.2 })]
            ),
            "by a word",
            [.. Enumerable.Range(0, 4).Select(i => new Example($"{i}", new TextPair($"a good film of {i}"), 1))],
            _folder,
            []
        );
        var attack = new TemperedAttack(
            job,
            VictimTemperature.Parse("0.5,2"),
            () => throw new InvalidOperationException(),
            null
        );
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
}
