using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Hardening;
using RobustTickets.Runs;
using RobustTickets.Tests.Checkpoints;
using Xunit;

namespace RobustTickets.Tests.Hardening;

/// <summary>The user's rows in three parts, held out by content.</summary>
public sealed class HardenRowsTests
{
    private static readonly string[] Labels = ["no", "yes"];

    [Fact]
    public void The_same_texts_and_twins_stay_on_one_side()
    {
        var rows = new List<Example>();
        for (var i = 0; i < 300; i++)
        {
            rows.Add(Row($"train:{3 * i}", $"text number {i}", i % 2));
            rows.Add(Row($"train:{3 * i + 1}", $"  Text NUMBER  {i} ", i % 2));
            rows.Add(Row($"train:{3 * i + 2}", $"changed {i}", i % 2) with { Origin = new RowKey("data", $"{3 * i}") });
            rows[^3] = rows[^3] with { Origin = rows[^1].Origin };
        }
        var parts = Part(rows);
        // Of 300 groups of three, one row of each is evidence; the others are in no part.
        Assert.Equal(60, parts.Reported.Count);
        Assert.Equal(40, parts.Development.Count);
        Assert.Equal(900 - (3 * 100), parts.Train.Count);
        static int Number(Example e) =>
            int.Parse(
                e.Columns[0].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1],
                CultureInfo.InvariantCulture
            );
        var sides = new[] { parts.Train, parts.Development, parts.Reported }
            .Select(p => p.Select(Number).ToHashSet())
            .ToArray();
        Assert.Empty(
            sides[0].Intersect(sides[1]).Concat(sides[0].Intersect(sides[2])).Concat(sides[1].Intersect(sides[2]))
        );
        Assert.All(
            new[] { parts.Development, parts.Reported },
            p => Assert.InRange(p.Count(e => e.Label == 0) / (double)p.Count, 0.45, 0.55)
        );
    }

    // A model's classes have names; files of a known task have numbers from 1, or folders.
    [Theory]
    [InlineData("ag-news", "World,Sports,Business,Sci/Tech")]
    [InlineData("ag-news", "sci/tech,business,sports,world")]
    [InlineData("imdb", "pos,neg")]
    [InlineData("imdb", "negative,positive")]
    [InlineData("imdb", "positive,negative")]
    public void A_known_tasks_files_are_read_for_the_classes_of_a_model(string task, string names)
    {
        using var folder = new TemporaryFolder();
        var own = TaskCatalog.Required(task).Task.Labels;
        for (var i = 0; i < 240; i++)
        {
            var at = i % own.Count;
            var (part, text) = (i < 160 ? "train" : "test", $"text {i} of {own[at]}");
            var file =
                task == "imdb" ? $"aclImdb/{part}/{(at == 0 ? "neg" : "pos")}/{i}_{9 * at + 1}.txt" : $"{part}.csv";
            var path = Path.Combine(folder.Path, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.AppendAllText(path, task == "imdb" ? text : $"\"{at + 1}\",\"\",\"{text}\"\n");
        }
        string[] classes = names.Split(',');
        var rows = HardenRows.Load(
            new HardenRequest("model", folder.Path, task, "out"),
            classes,
            SeenRows.Nothing,
            default
        );
        Assert.Equal(classes, rows.Labels, StringComparer.OrdinalIgnoreCase);
        foreach (var row in rows.Train.Concat(rows.Development).Concat(rows.Reported))
            Assert.Contains(" of " + classes[row.Label], row.Text.First, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void The_order_of_the_file_does_not_matter()
    {
        var rows = Rows(400);
        var forward = Part(rows);
        var backward = Part([.. rows.AsEnumerable().Reverse()]);
        Assert.Equal(forward.Reported.Select(e => e.Id).Order(), backward.Reported.Select(e => e.Id).Order());
        Assert.Equal(forward.Development.Select(e => e.Id).Order(), backward.Development.Select(e => e.Id).Order());
    }

    [Fact]
    public void Given_parts_stay_and_what_stands_in_them_is_not_trained_on()
    {
        var rows = Rows(400);
        Example[] test = [.. rows.Take(60).Select(e => e with { Id = "test:" + e.Id })];
        var parts = HardenRows.Part(rows, null, test, Labels, _ => false, "data");
        Assert.Equal(test, parts.Reported);
        Assert.Empty(
            parts.Train.Concat(parts.Development).Select(HardenRows.Content).Intersect(test.Select(HardenRows.Content))
        );
        Assert.Contains(
            parts.Notes,
            n => n.StartsWith("60 training rows that also occur in the reported rows", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Equal_texts_of_a_given_part_count_once()
    {
        var rows = Rows(400);
        Example[] test = [.. rows.Take(60)];
        Example[] doubled = [.. test, .. test.Select(e => e with { Id = "again:" + e.Id, Origin = e.Row })];
        var parts = HardenRows.Part(rows[100..], null, doubled, Labels, _ => false, "data");
        Assert.Equal(test, parts.Reported);
        Assert.Contains("60 reported rows that repeat another one are left out", parts.Notes);
        var few = Assert.Throws<DataException>(() =>
            HardenRows.Part(rows[100..], null, [.. doubled.Take(30), .. doubled.Take(30)], Labels, _ => false, "data")
        );
        Assert.Contains("include only 30 different ones", few.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_given_part_that_is_too_small_or_lacks_a_class_is_not_used()
    {
        var rows = Rows(400);
        Example[] test = [.. rows.Take(60)],
            few = [.. rows.Skip(60).Take(30)],
            one = [.. rows.Skip(60).Where(e => e.Label == 1).Take(50)];
        foreach (var development in new[] { few, one })
        {
            var parts = HardenRows.Part(rows[200..], development, test, Labels, _ => false, "data");
            Assert.Empty(parts.Development.Intersect(development));
            Assert.Equal(2, parts.Development.Select(e => e.Label).Distinct().Count());
            Assert.Contains(
                parts.Notes,
                n => n.StartsWith($"development: {development.Length} usable rows", StringComparison.Ordinal)
            );
        }
        foreach (var reported in new[] { few, one })
            Assert.Contains(
                $"include only {reported.Length} different ones",
                Assert
                    .Throws<DataException>(() =>
                        HardenRows.Part(rows[200..], test, reported, Labels, _ => false, "data")
                    )
                    .Message,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public void Of_a_large_given_development_part_a_thousand_rows_are_used_class_by_class()
    {
        var rows = Rows(4000);
        Example[] dev = [.. rows.Skip(400).Where((e, i) => e.Label == 1 || i % 4 == 0).Take(2500)];
        var parts = HardenRows.Part(rows[..300], dev, rows[300..400], Labels, _ => false, "data");
        Assert.InRange(parts.Development.Count, 1000, 1001);
        Assert.Subset(dev.ToHashSet(), parts.Development.ToHashSet());
        double Share(IReadOnlyList<Example> part) => part.Count(e => e.Label == 1) / (double)part.Count;
        Assert.Equal(Share(dev), Share(parts.Development), 0.01);
    }

    [Fact]
    public void What_chooses_does_not_stand_among_what_reports()
    {
        var rows = Rows(400);
        Example[] dev = [.. rows.Take(60)],
            test = [.. rows.Skip(40).Take(60)];
        var parts = HardenRows.Part(rows[100..], dev, test, Labels, _ => false, "data");
        Assert.Equal(test, parts.Reported);
        Assert.Equal(dev[..40], parts.Development);
        Assert.Contains("20 development rows that also occur in the reported rows are left out", parts.Notes);
        // The same file twice: what chooses is held out of what is trained on.
        var twice = HardenRows.Part(rows[100..], test, test, Labels, _ => false, "data");
        Assert.Equal(40, twice.Development.Count);
        Assert.Empty(twice.Development.Intersect(test));
    }

    [Fact]
    public void A_row_whose_adversarial_text_is_reported_is_not_trained_on()
    {
        Example[] rows = [.. Rows(400).Select(e => e with { Source = "train" })];
        Example[] test =
        [
            .. Enumerable.Range(0, 60).Select(i => Row($"t{i}", $"changed {i}", i % 2) with { Origin = rows[i].Row }),
        ];
        var parts = HardenRows.Part(rows, null, test, Labels, _ => false, "data");
        Assert.Empty(parts.Train.Concat(parts.Development).Intersect(rows[..60]));
    }

    [Fact]
    public void Rows_that_the_model_was_trained_on_are_never_held_out()
    {
        var rows = Rows(400);
        var parts = HardenRows.Part(rows, null, null, Labels, e => Id(e) < 200, "data");
        Assert.NotEmpty(parts.Development);
        Assert.NotEmpty(parts.Reported);
        Assert.All(parts.Development.Concat(parts.Reported), e => Assert.True(Id(e) >= 200));
    }

    [Theory]
    [InlineData(1200, 1080)]
    [InlineData(1000, 900)]
    [InlineData(400, 295)]
    public void Few_rows_that_the_model_was_not_trained_on_are_shared_out(int count, int trained)
    {
        // As a training holds a tenth out, and the same file is then given here.
        var parts = HardenRows.Part(Rows(count), null, null, Labels, e => Id(e) < trained, "data");
        Assert.All(parts.Development.Concat(parts.Reported), e => Assert.True(Id(e) >= trained));
        Assert.Equal(count - trained, parts.Development.Count + parts.Reported.Count);
        Assert.InRange(parts.Reported.Count, parts.Development.Count + 1, 2 * parts.Development.Count);
        Assert.Contains(parts.Notes, n => n.StartsWith($"{trained} of {count} rows", StringComparison.Ordinal));
    }

    [Fact]
    public void Too_few_rows_and_one_class_are_refused()
    {
        var few = Assert.Throws<DataException>(() => Part(Rows(150)));
        Assert.Contains("150 labelled rows", few.Message);
        Assert.Contains("at least 200", few.Message);
        var one = Assert.Throws<DataException>(() => Part([.. Rows(400).Select(e => e with { Label = 0 })]));
        Assert.Contains("class", one.Message);
        var seen = Assert.Throws<DataException>(() =>
            HardenRows.Part(Rows(400), null, null, Labels, _ => true, "data")
        );
        Assert.Contains("can be held out", seen.Message);
        Assert.Contains("as 400 of these 400 were; add unseen rows", seen.Message);
    }

    private static int Id(Example e) => int.Parse(e.Id, CultureInfo.InvariantCulture);

    private static HardenRows Part(IReadOnlyList<Example> rows) =>
        HardenRows.Part(rows, null, null, Labels, _ => false, "data");

    private static Example[] Rows(int count) =>
        [.. Enumerable.Range(0, count).Select(i => Row($"{i}", $"row {i * 7919 % 10007}", i % 2))];

    private static Example Row(string id, string text, int label) => new(id, new TextPair(text), label);
}
