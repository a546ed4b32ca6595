// QNLI, QQP and MNLI in the layouts of the GLUE archive with rows of our own making: quotes that
// are ordinary characters or never close, rows that lost a field, labels on which annotators did
// not agree.
using RobustTickets.Attacks.Data;
using Xunit;

namespace RobustTickets.Attacks.Tests.Data;

public sealed class GluePairTests : IDisposable
{
    private const string MnliTrain =
        "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
        + "sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label";
    private const string MnliDev =
        "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
        + "sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tlabel2\tlabel3\tlabel4\t"
        + "label5\tgold_label";
    private const string MnliTest =
        "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
        + "sentence1_parse\tsentence2_parse\tsentence1\tsentence2";
    private const string Parses =
        "( it rains )\t( it pours )\t(ROOT (S (NP (PRP it)) (VP (VBZ rains))))\t(ROOT (S (NP (PRP it)) (VP "
        + "(VBZ pours))))";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Qnli()
    {
        _folder.Write(
            "QNLI/train.tsv",
            Lines(
                "index\tquestion\tsentence\tlabel",
                "0\tWho said \"no\"?\tIt was \"the mayor\tnot_entailment",
                "1\tWhen?\t\"In May\", he wrote.\tentailment",
                "2\tWhere is Łódź?\tŁódź lies in Poland; it's 130 km off.\tentailment"
            )
        );
        _folder.Write(
            "QNLI/dev.tsv",
            Lines(
                "index\tquestion\tsentence\tlabel",
                "0\tHow many?\tTwo.\tentailment",
                "1\t\"\"\"Why?\"\tBecause.\tnot_entailment"
            )
        );
        _folder.Write("QNLI/test.tsv", Lines("index\tquestion\tsentence", "0\tWhat?\tThat."));
        var train = DataSet.Load(_folder.Root, "qnli", "train");
        Assert.Equal(
            [
                Expected.Of("qnli", "train:0", "Who said \"no\"?", "It was \"the mayor", 1),
                Expected.Of("qnli", "train:1", "When?", "\"In May\", he wrote.", 0),
                Expected.Of("qnli", "train:2", "Where is Łódź?", "Łódź lies in Poland; it's 130 km off.", 0),
            ],
            train.Examples
        );
        Assert.Equal(["entailment", "not_entailment"], train.Task.Labels);
        Assert.Equal("\"\"\"Why?\"", DataSet.Load(_folder.Root, "qnli", "dev").Examples[1].Text.First);
        Unlabelled("qnli", "test", "What?", "That.");
    }

    [Fact]
    public void Qqp()
    {
        const string header = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate";
        _folder.Write(
            "QQP/train.tsv",
            Lines(
                header,
                "133273\t213221\t213222\tHow is \"it\" done?\tHow do I do it?\t1",
                "402555\t536040\t536041\t\"Is this?\t\"\"Is that?\"\"\t0"
            )
        );
        _folder.Write("QQP/dev.tsv", Lines(header, "201359\t303345\t303346\tWhy?\tWhy not?\t0"));
        _folder.Write("QQP/test.tsv", Lines("id\tquestion1\tquestion2", "0\tWould it?\tCould it?"));
        var train = DataSet.Load(_folder.Root, "qqp", "train");
        Assert.Equal(
            [
                Expected.Of("qqp", "train:0", "How is \"it\" done?", "How do I do it?", 1),
                Expected.Of("qqp", "train:1", "\"Is this?", "\"\"Is that?\"\"", 0),
            ],
            train.Examples
        );
        Assert.Equal(["not_duplicate", "duplicate"], train.Task.Labels);
        Assert.Equal(0, Assert.Single(DataSet.Load(_folder["QQP"], "qqp", "dev").Examples).Label);
        Unlabelled("qqp", "test", "Would it?", "Could it?");

        // The real training file has rows that lost fields: refused by line, or left out with a
        // note; ids of the others stay what they are.
        var broken = Lines(header, "1\t2\t3\ta?\tb?\t1", "2\t4\t5\ta lonely half", "3\t6\t7\tc?\td?\t0");
        Assert.Contains(
            ":3: 4 fields; expected 6",
            _folder.Refused("broken.tsv", broken, "qqp"),
            StringComparison.Ordinal
        );
        var left = DataSet.Load(_folder["broken.tsv"], "qqp", "train", new DataOptions(SkipBadRows: true));
        Assert.Equal(["train:0", "train:2"], left.Examples.Select(e => e.Id));
        Assert.Contains("1 malformed rows left out, at lines 3", left.Notes);
    }

    [Fact]
    public void Mnli_matched_and_mismatched()
    {
        string Row(string id, string first, string second, params string[] labels) =>
            $"{id}\t{id}1\t{id}1n\tslate\t{Parses}\t{first}\t{second}\t{string.Join('\t', labels)}";
        _folder.Write(
            "MNLI/train.tsv",
            Lines(
                MnliTrain,
                Row("0", "It \"rains", "It pours", "neutral", "neutral"),
                Row("1", "yeah i know", "I know.", "entailment", "entailment")
            )
        );
        _folder.Write(
            "MNLI/dev_matched.tsv",
            Lines(
                MnliDev,
                Row("0", "a", "b", "neutral", "entailment", "entailment", "entailment", "neutral", "entailment"),
                Row("1", "c", "d", "entailment", "neutral", "contradiction", "neutral", "entailment", "-"),
                Row(
                    "2",
                    "e",
                    "f",
                    "contradiction",
                    "contradiction",
                    "contradiction",
                    "contradiction",
                    "contradiction",
                    "contradiction"
                )
            )
        );
        _folder.Write(
            "MNLI/dev_mismatched.tsv",
            Lines(MnliDev, Row("0", "other", "genre", "neutral", "neutral", "neutral", "neutral", "neutral", "neutral"))
        );
        _folder.Write("MNLI/test_matched.tsv", Lines(MnliTest, Row("0", "g", "h")[..^1]));
        _folder.Write("MNLI/test_mismatched.tsv", Lines(MnliTest, Row("0", "i", "j")[..^1]));
        var train = DataSet.Load(_folder.Root, "mnli", "train");
        Assert.Equal(
            [
                Expected.Of("mnli", "train:0", "It \"rains", "It pours", 1),
                Expected.Of("mnli", "train:1", "yeah i know", "I know.", 0),
            ],
            train.Examples
        );
        Assert.Equal(["entailment", "neutral", "contradiction"], train.Task.Labels);

        // The gold label is the last column, not the first annotator's; without agreement a row is
        // left out, and the ids of the others stay.
        var matched = DataSet.Load(_folder.Root, "mnli", "dev");
        Assert.Equal(
            [Expected.Of("mnli", "dev:0", "a", "b", 0), Expected.Of("mnli", "dev:2", "e", "f", 2)],
            matched.Examples
        );
        Assert.Contains("1 rows without a gold label left out ('-' or '-1')", matched.Notes);
        Assert.EndsWith("dev_matched.tsv", matched.Source, StringComparison.Ordinal);
        Assert.Equal(
            Expected.Of("mnli", "dev-mismatched:0", "other", "genre", 1),
            Assert.Single(DataSet.Load(_folder.Root, "mnli", "dev-mismatched").Examples)
        );
        Unlabelled("mnli", "test", "g", "h");
        Assert.True(DataSet.Holds(_folder.Root, "mnli", "dev"));
        Assert.False(DataSet.Holds(_folder.Root, "mnli", "test"));
    }

    [Fact]
    public void Mnli_as_its_authors_published_it()
    {
        // multinli_1.0_dev_matched.jsonl: lists and parses beside what is read.
        var lines = Lines(
            """{"annotator_labels": ["neutral", "entailment"], "genre": "slate", "gold_label": "neutral","""
                + """ "pairID": "1n", "promptID": "1", "sentence1": "It \"rains\".", "sentence1_parse": "(ROOT)","""
                + """ "sentence2": "It pours."}""",
            """{"annotator_labels": ["neutral", "entailment"], "genre": "slate", "gold_label": "-", "pairID": "2n","""
                + """ "promptID": "2", "sentence1": "x", "sentence1_parse": "(ROOT)", "sentence2": "y"}"""
        );
        var split = DataSet.Load(_folder.Write("multinli_1.0_dev_matched.jsonl", lines), "mnli", "dev");
        Assert.Equal(Expected.Of("mnli", "dev:0", "It \"rains\".", "It pours.", 1), Assert.Single(split.Examples));
    }

    private void Unlabelled(string task, string split, string first, string second)
    {
        Assert.Contains(
            "labels are required here",
            Assert.Throws<DataException>(() => DataSet.Load(_folder.Root, task, split)).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(
            Expected.Of(task, $"{split}:0", first, second, Example.Unlabelled),
            Assert.Single(DataSet.Load(_folder.Root, task, split, new DataOptions(RequireLabels: false)).Examples)
        );
    }

    private static string Lines(params string[] lines) => string.Join('\n', lines) + "\n";
}
