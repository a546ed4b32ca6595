using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public sealed class UnfittingLabelTests : IDisposable
{
    private static readonly DataOptions Skip = new(SkipBadRows: true);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> MissingSpellings =>
        ["", "  ", "nan", "NaN", "NA", "na", "N/A", "null", "NULL", "<NA>", "#N/A", "None"];

    [Theory]
    [MemberData(nameof(MissingSpellings))]
    public void A_missing_label_is_no_class(string label)
    {
        foreach (var (task, content) in Files(label))
        {
            var message = _folder.Refused("a." + task, content, task);
            Assert.StartsWith(task == "jsonl" ? ":3: " : ":4: ", message, StringComparison.Ordinal);
            Assert.Contains("labels are required here", message, StringComparison.Ordinal);
            var split = DataSet.Load(_folder["a." + task], task, "train", Skip);
            Assert.Equal(["bad", "good"], split.Labels.Names);
            Assert.Equal(["a", "b", "d"], split.Examples.Select(e => e.Text.First));
            Assert.Contains(
                split.Notes,
                note => note.StartsWith("1 rows without a label left out", StringComparison.Ordinal)
            );
        }
    }

    [Theory]
    [InlineData("0", "1")]
    [InlineData("negative", "positive")]
    public void Of_a_known_task_a_missing_label_is_missing_too(string negative, string positive)
    {
        var content = $"sentence\tlabel\na\t{negative}\nb\tnan\nc\t-1\nd\t{positive}\n";
        Assert.StartsWith(":3: label 'nan'", _folder.Refused("a.tsv", content, "sst2"), StringComparison.Ordinal);
        var split = DataSet.Load(_folder["a.tsv"], "sst2", "train", Skip);
        Assert.Equal([0, 1], split.Examples.Select(e => e.Label));
        Assert.Contains("2 rows without a label left out, at lines 3, 4", split.Notes);
    }

    [Fact]
    public void A_json_null_is_a_missing_label()
    {
        var content =
            "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":null}\n{\"text\":\"c\",\"label\":\"y\"}\n";
        Assert.StartsWith(
            ":2: the label is empty",
            _folder.Refused("a.jsonl", content, "jsonl"),
            StringComparison.Ordinal
        );
        Assert.Equal(2, DataSet.Load(_folder["a.jsonl"], "jsonl", "train", Skip).Examples.Count);
    }

    [Fact]
    public void A_given_map_may_name_a_class_that_reads_as_missing_elsewhere()
    {
        var path = _folder.Write("a.csv", "text,label\na,EU\nb,NA\n");
        var options = new DataOptions(Labels: DataOptionText.Labels("EU,NA"));
        Assert.Equal([0, 1], DataSet.Load(path, "csv", "train", options).Examples.Select(e => e.Label));
    }

    [Fact]
    public void An_unknown_label_is_refused_or_left_out_with_its_line()
    {
        var options = new DataOptions(Labels: DataOptionText.Labels("negative,positive"));
        var content = "text,label\na,negative\nb,meh\nc,positive\n";
        Assert.StartsWith(
            ":3: unknown label 'meh'",
            _folder.Refused("a.csv", content, "csv", options: options),
            StringComparison.Ordinal
        );
        var split = DataSet.Load(_folder["a.csv"], "csv", "train", options with { SkipBadRows = true });
        Assert.Equal(["a", "c"], split.Examples.Select(e => e.Text.First));
        Assert.Contains("1 rows left out whose label is not one of the classes, at lines 3 ('meh')", split.Notes);
    }

    [Fact]
    public void A_file_none_of_whose_rows_fits_is_refused_although_rows_may_be_left_out()
    {
        Assert.StartsWith(
            ": no valid row; first error: line 2: the label is empty",
            _folder.Refused("a.csv", "text,label\na,\nb,nan\n", "csv", options: Skip),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("0,1.0,1,0.0", "0 1", "0 1 1 0")]
    [InlineData("10.0,9.0,2.0,9", "2 9 10", "2 1 0 1")]
    [InlineData("0.5,1.50,1.5,-1", "-1 0.5 1.5", "1 2 2 0")]
    [InlineData("1e1,10,2,2", "10 1e1 2", "1 0 2 2")] // codes
    [InlineData("03,01,12,01", "01 03 12", "1 0 2 0")]
    public void Numbers_are_compared_and_sorted_by_value(string labels, string names, string classes)
    {
        var rows = labels.Split(',').Select((label, i) => $"t{i},{label}\n");
        var split = DataSet.Load(_folder.Write("a.csv", "text,label\n" + string.Concat(rows)), "csv", "train");
        Assert.Equal(names.Split(' '), split.Labels.Names);
        Assert.Equal(classes.Split(' ').Select(int.Parse), split.Examples.Select(e => e.Label));
        // A merge is noted.
        Assert.Equal(
            !labels.Contains('e', StringComparison.Ordinal) && labels.Contains('.', StringComparison.Ordinal),
            split.Notes.Any(note =>
                note.StartsWith("labels are compared as numbers", StringComparison.Ordinal)
                && note.EndsWith(" are one class", StringComparison.Ordinal)
            )
        );
    }

    [Theory]
    [InlineData("0,1", "0.0", "1.0")]
    [InlineData("0.0,1.0", "0", "1")]
    public void A_given_class_is_found_by_the_value_of_its_number(string given, string first, string second)
    {
        var path = _folder.Write("a.csv", $"text,label\na,{second}\nb,{first}\n");
        var split = DataSet.Load(path, "csv", "test", new DataOptions(Labels: LabelMap.FromNames(given.Split(','))));
        Assert.Equal([1, 0], split.Examples.Select(e => e.Label));
        Assert.Contains(
            split.Notes,
            note => note.StartsWith("labels are compared as numbers", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Minus_one_is_no_class_where_the_given_classes_lack_it()
    {
        var content = "text,label\na,0\nb,-1\nc,1\n";
        var given = new DataOptions(Labels: DataOptionText.Labels("0=0,1=1"));
        Assert.StartsWith(
            ":3: label -1 marks an unlabelled row",
            _folder.Refused("a.csv", content, "csv", options: given),
            StringComparison.Ordinal
        );
        Assert.Equal(
            2,
            DataSet.Load(_folder["a.csv"], "csv", "train", given with { SkipBadRows = true }).Examples.Count
        );
        // Inferred, it may be the negative of a scale; that is said.
        var inferred = DataSet.Load(_folder["a.csv"], "csv", "train");
        Assert.Equal(["-1", "0", "1"], inferred.Labels.Names);
        Assert.Contains(
            inferred.Notes,
            note => note.StartsWith("label -1 is treated as a class", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("text\nx\ny\n", false)]
    [InlineData("text,label\nx,\ny,\n", false)]
    [InlineData("text,label\nx,-1\ny,-1\n", false)]
    [InlineData("text,label\nx,0\ny,-1\n", true)]
    public void A_split_without_any_label_is_told_from_a_labelled_one(string content, bool labelled)
    {
        var path = _folder.Write("test.csv", content);
        var options = new DataOptions(Labels: DataOptionText.Labels("0=0,1=1"));
        Assert.Equal(labelled, DataSet.IsLabelled(path, "csv", "test", options));
    }

    private static IEnumerable<(string Task, string Content)> Files(string label)
    {
        yield return ("csv", $"text,label\na,bad\nb,good\nc,\"{label}\"\nd,bad\n");
        yield return ("tsv", $"text\tlabel\na\tbad\nb\tgood\nc\t{label}\nd\tbad\n");
        yield return (
            "jsonl",
            string.Concat(
                new[] { ("a", "bad"), ("b", "good"), ("c", label), ("d", "bad") }.Select(row =>
                    $"{{\"text\":\"{row.Item1}\",\"label\":\"{row.Item2}\"}}\n"
                )
            )
        );
    }
}
