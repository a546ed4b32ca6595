// Rows with equal texts in two parts of a run are counted in a note, and stay where they are.
using RobustTickets.Pipeline.Data;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

public sealed class RepeatedRowsTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Held_out_rows_whose_texts_are_trained_on_are_counted(bool twice)
    {
        var rows = Enumerable.Range(0, 100).Select(i => $"film number {i} is here\t{i % 2}").ToArray();
        var file = _task.Below("rows.tsv");
        // A repeated text differs in case and blanks.
        var again = twice ? rows.Select(r => r.ToUpperInvariant().Replace(' ', '\u00a0')) : [];
        File.WriteAllLines(file, ["sentence\tlabel", .. rows, .. again]);
        var data = Load(file);
        Assert.Equal(twice ? 20 : 10, data.EvaluationTexts.Count);
        Assert.Equal(twice, data.Notes.Any(n => n.Contains("have the text of a row", StringComparison.Ordinal)));
        if (twice)
            Assert.Contains(
                data.Notes,
                n => n.Contains(" of the 20 reported rows have the text of a row", StringComparison.Ordinal)
            );
    }

    [Fact]
    public void Texts_of_a_folders_own_splits_are_counted_too()
    {
        var folder = Directory.CreateDirectory(_task.Below("own")).FullName;
        var rows = Enumerable.Range(0, 100).Select(i => $"film number {i} is here,{i % 2}").ToArray();
        foreach (var (split, count) in new[] { ("train", 100), ("test", 30), ("dev", 20) })
            File.WriteAllLines(Path.Combine(folder, $"{split}.csv"), ["text,label", .. rows.Take(count)]);
        var notes = Load(folder, "csv").Notes;
        foreach (var part in new[] { "30 of the 30 reported", "20 of the 20 development" })
            Assert.Contains(
                notes,
                n => n.StartsWith($"{part} rows have the text of a row that is trained on", StringComparison.Ordinal)
            );
    }

    private RunData Load(string path, string task = "sst2")
    {
        var recipe = TinyTask.FineTuneRecipe with { Task = task, Split = new SplitOptions() };
        return RunData.Load(_task.Request(recipe, _task.NewRun()) with { Data = path }, TinyTask.Tokenizer);
    }
}
