// Rows that the given model was trained on are known in whatever file they stand: they are neither
// developed on nor reported, and what cannot be known is said.
using RobustTickets.Attacks;
using RobustTickets.Hardening;
using RobustTickets.Runs;
using RobustTickets.Tests.CommandLine;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Hardening;

[Collection(TorchCollection.Name)]
public sealed class HardenSeenRowsTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly string[] _lines = HardenRunTests
        .Rows(520, seed: 1, "text,label")
        .Split('\n', StringSplitOptions.RemoveEmptyEntries);
    private readonly TrainedRun _run;

    public HardenSeenRowsTests()
    {
        var recipe = TinyTask.FineTuneRecipe with { Task = "csv", Split = new SplitOptions() };
        _run = recipe.Train(_tiny.Model, Csv("trained.csv", _lines[..331]), _tiny.Below("run"));
    }

    public void Dispose() => _tiny.Dispose();

    // In another case, with other blanks, and with a few rows more.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void In_a_changed_file_they_are_known_by_their_texts(bool older)
    {
        var changed = Csv(
            "changed.csv",
            [_lines[0], .. _lines[1..].Reverse().Select(l => "  " + l.Replace("film", "FILM "))]
        );
        if (older)
            File.Delete(Path.Combine(_run.Folder.ModelFolder, TrainedTexts.FileName));
        var inputs = Open(_run.Folder.Path, changed);
        var trained = Trained();
        Assert.All(
            inputs.Rows.Development.Concat(inputs.Rows.Reported),
            e => Assert.DoesNotContain(HardenRows.Content(e), trained)
        );
        Assert.Contains(inputs.Rows.Train, e => trained.Contains(HardenRows.Content(e)));
        Assert.False(inputs.MayBeSeen);
        Assert.DoesNotContain(inputs.Notes, n => n.Contains("may have been trained on", StringComparison.Ordinal));
    }

    [Fact]
    public void Nor_are_they_reported_of_a_part_that_is_given()
    {
        var trained = Trained();
        var data = Directory.CreateDirectory(_tiny.Below("parts")).FullName;
        File.WriteAllLines(Path.Combine(data, "train.csv"), [_lines[0], .. _lines[1..391].Reverse()]);
        File.WriteAllLines(Path.Combine(data, "test.csv"), [_lines[0], .. _lines[311..331], .. _lines[391..]]);
        var inputs = Open(_run.Folder.Path, data);
        Assert.Contains(inputs.Notes, n => n.EndsWith("reported rows that the model was trained on are left out"));
        Assert.InRange(inputs.Rows.Reported.Count, 130, 149);
        Assert.DoesNotContain(inputs.Rows.Reported, e => trained.Contains(HardenRows.Content(e)));

        File.WriteAllLines(Path.Combine(data, "test.csv"), _lines[..301]);
        var error = Assert.Throws<DataException>(() => Open(_run.Folder.Path, data));
        Assert.Contains("held-out rows include only", error.Message, StringComparison.Ordinal);
        Assert.Contains("at least 40 that cover every class are needed", error.Message);
    }

    [Fact]
    public void What_nobody_can_know_is_not_called_unseen()
    {
        var copy = _tiny.Below("copy");
        RunFiles.Copy(_run.Folder.ModelFolder, copy);
        File.Delete(Path.Combine(copy, TrainedTexts.FileName));
        // The same file tells its rows by their numbers, here beside others.
        var data = Directory.CreateDirectory(_tiny.Below("parts")).FullName;
        File.WriteAllLines(Path.Combine(data, "train.csv"), _lines[..331]);
        File.WriteAllLines(Path.Combine(data, "dev.csv"), [_lines[0], .. _lines[331..391]]);
        File.WriteAllLines(Path.Combine(data, "test.csv"), [_lines[0], .. _lines[391..]]);
        Assert.False(Open(copy, data).MayBeSeen);
        var changed = Csv("changed.csv", [_lines[0], .. _lines[1..].Reverse()]);
        var unknown = Open(copy, changed);
        Assert.True(unknown.MayBeSeen);
        Assert.Contains(
            unknown.Notes,
            n =>
                n.StartsWith(
                    "the model may have been trained on these rows: its training data",
                    StringComparison.Ordinal
                )
        );
        // Neither can a run of an older program whose data have changed.
        File.Delete(Path.Combine(_run.Folder.ModelFolder, TrainedTexts.FileName));
        File.AppendAllText(_tiny.Below("trained.csv"), _lines[400] + "\n");
        Assert.True(Open(_run.Folder.Path, changed).MayBeSeen);
        // A classifier about which nothing is written down.
        File.Delete(Path.Combine(copy, TrainingRows.FileName));
        Assert.Contains(
            Open(copy, changed).Notes,
            n => n.Contains("its training rows are unknown", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Classes_of_other_names_are_refused_as_evaluate_refuses_them()
    {
        var other = Csv(
            "other.csv",
            _lines.Select(l => l.Replace(",positive", ",a_positive").Replace(",negative", ",b_negative"))
        );
        using var classifier = _run.LoadClassifier();
        var evaluated = Assert.Throws<DataException>(() => classifier.LoadData(other, "csv"));
        var compared = Assert.Throws<DataException>(() => Open(_run.Folder.Path, other));
        Assert.Contains("label '", compared.Message, StringComparison.Ordinal);
        Assert.Equal(evaluated.Message, compared.Message);
        // Numbers are the model's classes in order.
        var numbers = Csv("numbers.csv", _lines.Select(l => l.Replace(",positive", ",1").Replace(",negative", ",0")));
        Assert.Equal(classifier.Labels, Open(_run.Folder.Path, numbers).Rows.Labels);
    }

    private HashSet<string> Trained()
    {
        var held = _run.Evaluation.Select(HardenRows.Content).ToHashSet();
        var trained = _lines[1..331]
            .Select(l => HardenRows.Content(new Example("x", new TextPair(l[..l.LastIndexOf(',')]), 0)))
            .Where(t => !held.Contains(t))
            .ToHashSet();
        Assert.True(trained.Count > 200);
        return trained;
    }

    private string Csv(string name, IEnumerable<string> lines)
    {
        var path = _tiny.Below(name);
        File.WriteAllLines(path, lines);
        return path;
    }

    private HardenInputs Open(string model, string data) =>
        HardenInputs.Open(
            new HardenRequest(
                model,
                data,
                "csv",
                _tiny.Below("out"),
                Attacks: ["deepwordbug"],
                Resources: new ResourceFiles()
            ),
            default
        );
}
