using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

/// <summary>Each task's layouts, labels and refusals, on invented rows.</summary>
public sealed class DataSetTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sst2()
    {
        _folder.Write("SST-2/train.tsv", "sentence\tlabel\na fine meal \t1\na cold soup \t0\n");
        _folder.Write("SST-2/dev.tsv", "sentence\tlabel\nsome \"tea\" \t1\n");
        _folder.Write("SST-2/test.tsv", "index\tsentence\n0\tno label here\n");
        var train = DataSet.Load(_folder.Root, "SST-2", "train");
        Assert.Equal(new Example("train:0", "a fine meal ", 1), train.Examples[0]);
        Assert.Equal([1, 1], train.LabelCounts);
        Assert.Equal(("sst2", "train", _folder["SST-2/train.tsv"]), (train.Task.Name, train.Name, train.Source));
        Assert.Contains("negative 1, positive 1", train.Summary(), StringComparison.Ordinal);
        var dev = DataSet.Load(_folder["SST-2"], "sst2", "validation");
        Assert.Equal(("dev", "some \"tea\" "), (dev.Name, dev.Examples[0].Text.First));
        Assert.Contains("no example of class negative", dev.Notes);
        var error = Assert.Throws<DataException>(() => DataSet.Load(_folder.Root, "sst2", "test")).Message;
        Assert.Contains(
            "no label column 'label'; found 'index', 'sentence'; labels are required here, and sst2 is published "
                + "with labels for train, dev only",
            error,
            StringComparison.Ordinal
        );
        var test = DataSet.Load(_folder.Root, "sst2", "test", new DataOptions(RequireLabels: false));
        Assert.Equal(Example.Unlabelled, test.Examples[0].Label);
        Assert.Contains("unlabelled 1", test.Summary(), StringComparison.Ordinal);
    }

    [Fact]
    public void Pair_tasks_find_columns_by_name()
    {
        var qnli = DataSet
            .Load(
                _folder.Write("q.tsv", "index\tquestion\tsentence\tlabel\n7\twho?\t\"me\"\tnot_entailment\n"),
                "qnli",
                "dev"
            )
            .Examples[0];
        Assert.Equal(Expected.Of("qnli", "dev:0", "who?", "\"me\"", 1), qnli);
        var qqp = DataSet
            .Load(
                _folder.Write(
                    "p.tsv",
                    "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n9\t1\t2\tsame?\talike?\t1\n"
                ),
                "QQP",
                "train"
            )
            .Examples[0];
        Assert.Equal(Expected.Of("qqp", "train:0", "same?", "alike?", 1), qqp);
        const string header =
            "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
            + "sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label\n";
        _folder.Write(
            "dev_matched.tsv",
            header + "0\t1\t1n\tfiction\tx\tx\tx\tx\tit rains\tit pours\tentailment\tneutral\n"
        );
        _folder.Write(
            "dev_mismatched.tsv",
            header + "0\t1\t1n\tfiction\tx\tx\tx\tx\tit rains\tit is wet\tneutral\tentailment\n"
        );
        Assert.Equal(
            Expected.Of("mnli", "dev:0", "it rains", "it pours", 1),
            DataSet.Load(_folder.Root, "mnli", "dev").Examples[0]
        );
        Assert.Equal("it is wet", DataSet.Load(_folder.Root, "mnli", "dev-mismatched").Examples[0].Text.Second);
        var json =
            "{\"premise\": \"p\", \"hypothesis\": \"h\", \"label\": \"contradiction\"}\n{\"premise\": \"p\", "
            + "\"hypothesis\": \"h\", \"label\": -1}\n";
        var mnli = DataSet.Load(_folder.Write("m.jsonl", json), "mnli", "dev");
        Assert.Equal(2, Assert.Single(mnli.Examples).Label);
        Assert.Contains("1 rows without a gold label left out ('-' or '-1')", mnli.Notes);
        Assert.Contains(
            "none of the 1 rows has a label",
            _folder.Refused("n.jsonl", json.Split('\n')[1], "mnli"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Ag_news_in_its_original_layout_and_in_others()
    {
        var original = DataSet.Load(
            _folder.Write(
                "train.csv",
                "\"3\",\"Prices up\",\"Bread costs, they say, \"\"more\"\".\"\n\"1\",\"\",\"Only\\text\"\n"
            ),
            "agnews",
            "train"
        );
        Assert.Equal(
            ["Prices up Bread costs, they say, \"more\".", "Only\\text"],
            original.Examples.Select(e => e.Text.First)
        );
        Assert.Equal([2, 0], original.Examples.Select(e => e.Label));
        Assert.Equal(["World", "Sports", "Business", "Sci/Tech"], original.Task.Labels);
        Assert.Contains("numbers in the file from 1", original.Labels.Rule, StringComparison.Ordinal);

        var zeroBased = DataSet.Load(
            _folder.Write("hf.jsonl", "{\"text\": \"a\", \"label\": 3}\n{\"text\": \"b\", \"label\": 0}\n"),
            "ag_news",
            "test"
        );
        Assert.Equal([3, 0], zeroBased.Examples.Select(e => e.Label));
        var oneBased = DataSet.Load(
            _folder.Write("k.csv", "Class Index,Title,Description\n4,t,d\n1,t,d\n"),
            "ag-news",
            "test"
        );
        Assert.Equal([3, 0], oneBased.Examples.Select(e => e.Label));
        Assert.Equal("t d", oneBased.Examples[0].Text.First);
        var named = DataSet.Load(_folder.Write("n.csv", "text,label\na,sports\nb,Sci/Tech\n"), "ag-news", "test");
        Assert.Equal([1, 3], named.Examples.Select(e => e.Label));
        Assert.Contains(
            "may start at 0 or at 1",
            _folder.Refused("u.csv", "text,label\na,1\nb,2\n", "ag-news"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            ":2: unknown label '5'; possible:",
            _folder.Refused("t.csv", "\"4\",\"t\",\"d\"\n\"5\",\"t\",\"d\"\n", "ag-news"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "test",
            Assert.Throws<DataException>(() => DataSet.Load(_folder.Root, "ag-news", "dev")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Generic_files_with_named_columns()
    {
        var path = _folder.Write("mail.csv", "id,body,subject,kind\n1,buy now,offer,spam\n2,see you,tea,ham\n");
        var split = DataSet.Load(
            path,
            "csv",
            "train",
            new DataOptions(TextColumn: "subject", PairColumn: "body", LabelColumn: "kind")
        );
        Assert.Equal(Expected.Of("csv", "train:0", "offer", "buy now", 1), split.Examples[0]);
        Assert.Equal(["ham", "spam"], split.Task.Labels);
        Assert.Contains("sorted by character code", split.Summary(), StringComparison.Ordinal);
        Assert.StartsWith(
            ": no text column 'txt'; found 'id', 'body', 'subject', 'kind'",
            Message(path, new(TextColumn: "txt")),
            StringComparison.Ordinal
        );
        Assert.EndsWith("; name the column (TextColumn)", Message(path, new(TextColumn: "txt")));
        Assert.EndsWith("; name the column (LabelColumn)", Message(path, new(TextColumn: "body")));
        Assert.EndsWith(
            "found 'id;body;kind'; if the columns are separated by ';', set that separator (Separator)",
            Message(_folder.Write("other.csv", "id;body;kind\n1;buy now;spam\n"), new(TextColumn: "body"))
        );
        Assert.StartsWith(
            ": no pair column 'b'; found",
            Message(path, new(TextColumn: "body", PairColumn: "b")),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            ": no label column 'label' or 'class'; found",
            Message(path, new(TextColumn: "body")),
            StringComparison.Ordinal
        );
        var map = LabelMap.Given(new Dictionary<string, int> { ["spam"] = 0, ["junk"] = 1 });
        Assert.Equal(
            ":3: unknown label 'ham'; possible: spam, junk; give the labels of the data in class order (Labels)",
            Message(path, new(TextColumn: "body", LabelColumn: "kind", Labels: map))
        );
        Assert.Single(
            DataSet.Load(path, "csv", "train", new(TextColumn: "body", LabelColumn: "kind", Limit: 1)).Examples
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => DataSet.Load(path, "csv", "train", new(Limit: 0)));
    }

    [Fact]
    public void Classes_of_a_folder_are_those_of_its_training_split()
    {
        _folder.Write("train.csv", "text,label\na,low\nb,mid\nc,high\n");
        _folder.Write("dev.csv", "text,label\nd,mid\ne,mid\n");
        var dev = DataSet.Load(_folder.Root, "csv", "dev");
        Assert.Equal(["high", "low", "mid"], dev.Task.Labels);
        Assert.Equal([2, 2], dev.Examples.Select(e => e.Label));
        Assert.Contains("train.csv", dev.Labels.Rule, StringComparison.Ordinal);
        // The same map, handed on, fits the other file alone.
        var train = DataSet.Load(_folder["train.csv"], "csv", "train");
        Assert.Equal(
            dev.Labels.Names,
            DataSet.Load(_folder["dev.csv"], "csv", "dev", new DataOptions(Labels: train.Labels)).Labels.Names
        );
        _folder.Write("test.csv", "text,label\nf,none\n");
        Assert.Contains(
            "test.csv:2: unknown label 'none'; possible: high, low, mid; ",
            Assert.Throws<DataException>(() => DataSet.Load(_folder.Root, "csv", "test")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Files_are_found_or_what_is_there_is_listed()
    {
        _folder.Write("train.csv", "text,label\na,0\nb,1\n");
        Assert.Contains(
            "no file for split dev, such as dev.tsv or validation.tsv; found train.csv; imdb is published with "
                + "the labelled splits train, test (a dev split can be held out from train)",
            Assert.Throws<DataException>(() => DataSet.Load(_folder.Root, "imdb", "dev")).Message,
            StringComparison.Ordinal
        );
        _folder.Write("train.tsv", "text\tlabel\na\t0\n");
        Assert.Contains(
            "2 files for split train: train.csv, train.tsv; name one",
            Assert.Throws<DataException>(() => DataSet.Load(_folder.Root, "imdb", "train")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no such file or folder",
            Assert.Throws<DataException>(() => DataSet.Load(_folder["none"], "imdb", "train")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "task 'yelp' is not known; possible: sst2, imdb, ag-news",
            Assert.Throws<DataException>(() => DataSet.Load(_folder.Root, "yelp", "train")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "split 'all' is not known; possible: train, dev, test",
            Assert.Throws<DataException>(() => DataSet.Load(_folder.Root, "imdb", "all")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            DataSet.Load(_folder["train.csv"], "imdb", "test").Notes,
            note => note.Contains("file name suggests split train", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Unlabelled_rows_and_empty_texts_are_told()
    {
        Assert.Contains(
            ":3: label -1 marks an unlabelled row",
            _folder.Refused("a.csv", "text,label\na,0\nb,-1\n", "imdb"),
            StringComparison.Ordinal
        );
        var split = DataSet.Load(_folder["a.csv"], "imdb", "test", new DataOptions(RequireLabels: false));
        Assert.Equal([0, Example.Unlabelled], split.Examples.Select(e => e.Label));
        Assert.Contains("1 unlabelled rows", split.Notes);
        Assert.Contains(
            "1 rows with an empty text",
            DataSet.Load(_folder.Write("e.csv", "text,label\n ,0\nb,1\n"), "csv", "train").Notes
        );
    }

    [Fact]
    public void The_hash_is_that_of_the_file()
    {
        var path = _folder.Write("a.csv", "text,label\na,0\nb,1\n");
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)));
        Assert.Equal(expected, DataSet.Load(path, "csv", "train").Sha256);
    }

    [Fact]
    public void Names_and_aliases_of_tasks()
    {
        foreach (
            var (alias, name) in new[]
            {
                ("SST-2", "sst2"),
                ("AG_NEWS", "ag-news"),
                ("agnews", "ag-news"),
                ("aclImdb", "imdb"),
                ("snli", "mnli"),
                ("QNLI", "qnli"),
                ("jsonl", "jsonl"),
            }
        )
        {
            Assert.Equal(name, TaskCatalog.Find(alias).Name);
        }
        Assert.False(TaskCatalog.TryFind("yelp", out _));
        Assert.Equal(
            ["dev", "test", "test", "dev"],
            new[] { "sst2", "imdb", "ag-news", "mnli" }.Select(name => TaskCatalog.Find(name).EvaluationSplit)
        );
    }

    private static string Message(string path, DataOptions options)
    {
        var message = Assert.Throws<DataException>(() => DataSet.Load(path, "csv", "train", options)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        return message[path.Length..];
    }
}
