// What cannot be written is told as such, with the place, whatever the command: a folder below a
// file, which no right can make.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Resources;
using RobustTickets.Checkpoints.Graphs;
using RobustTickets.Cli;
using RobustTickets.Export;
using RobustTickets.Tests.CommandLine;
using RobustTickets.Tests.Reports;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection("environment")]
public sealed class OutputPlaceTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    private static string[] Words(string command, params (string Name, string Place)[] places) =>
        [
            .. command
                .Split(' ')
                .Select(word => places.Aggregate(word, (w, p) => w.Replace(p.Name, p.Place, StringComparison.Ordinal))),
        ];

    [Theory]
    [InlineData("train --recipe fine-tune --model MODEL --data DATA --task sst2 --set max-length=24 --out PLACE")]
    [InlineData("train --recipe fine-tune --model MODEL --data DATA --task sst2 --seeds 1,2 --out PLACE")]
    [InlineData("experiment EXPERIMENT --model MODEL --data sst2=DATA --out PLACE")]
    [InlineData("harden --model MODEL --data DATA/train.tsv --task tsv --text-column sentence --budget 1h --out PLACE")]
    [InlineData("pretrain --corpus DATA/train.tsv --config MODEL/config.json --vocab MODEL/vocab.txt --out PLACE")]
    [InlineData("export --model MODEL --format hf-dense --out PLACE")]
    [InlineData("report RUN --out PLACE/report.html")]
    [InlineData("demo --out PLACE")]
    [InlineData("resources import nltk-stop-words MODEL/vocab.txt")]
    public void Output_that_cannot_be_written_is_usage_and_names_the_place(string command)
    {
        var file = _task.Below("a-file");
        File.WriteAllText(file, "");
        var experiment = _task.Below("one.json");
        File.WriteAllText(
            experiment,
            """
            {"name": "one", "title": "one", "source": "a test", "rows": [{"name": "a", "recipe": "fine-tune"}],
             "data": [{"name": "sst2", "task": "sst2"}], "seeds": [1], "attacks": [], "set": ["max-length=24"]}
            """
        );
        var run = new SyntheticRun(_task.Root).Write("whole");
        var before = Environment.GetEnvironmentVariable(ResourceFolder.Variable);
        Environment.SetEnvironmentVariable(ResourceFolder.Variable, Path.Combine(file, "resources"));
        try
        {
            var end = CliRun.Of(
                Words(
                    command,
                    ("PLACE", Path.Combine(file, "place")),
                    ("MODEL", _task.Model),
                    ("DATA", _task.Data),
                    ("EXPERIMENT", experiment),
                    ("RUN", run)
                )
            );
            Assert.True(end.Code == ExitCodes.Usage, end.ToString());
            Assert.Contains(file, end.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", end.Error, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(ResourceFolder.Variable, before);
        }
    }

    [Fact]
    public void Exports_and_imports_throw_what_they_document()
    {
        var file = _task.Below("a-file");
        File.WriteAllText(file, "");
        var target = Path.Combine(file, "place");
        Action[] calls =
        [
            () => HuggingFaceExport.Write(_task.Model, target, HuggingFaceLayout.Dense),
            () => OnnxExport.Write(_task.Model, target, new OnnxExportOptions(), _ => throw new DataException("none")),
            () => OnnxImport.Run(new OnnxImportRequest("model.onnx", "vocab.txt", target)),
        ];
        Assert.All(calls, call => Assert.Contains(target, Assert.Throws<OutputException>(call).Message));
    }

    [Theory]
    [InlineData("train --recipe fine-tune --model MODEL --data DATA --task sst2 --seeds 1,2 --out RUN", "is a run")]
    [InlineData(
        "train --recipe fine-tune --model MODEL --data DATA --task sst2 --set max-length=24 --out SEEDS",
        "holds seed-1/"
    )]
    [InlineData("report RUN --out RUN/result.json", "exists and is not a report")]
    [InlineData("report RUN --out FOREIGN/page.html", "exists and is not a report")]
    [InlineData("attack merge DATA --out DATA", "contains no shard")]
    [InlineData(
        "attack --model CLASSIFIER --data DATA --task sst2 --recipe deepwordbug --num-examples 1 --out FOREIGN",
        "contains results.csv but no settings.json"
    )]
    public void What_lies_where_results_would_go_stays_and_is_named(string command, string message)
    {
        var run = new SyntheticRun(_task.Root).Write("finished");
        var seeds = _task.Below("seeds");
        Directory.CreateDirectory(seeds);
        RunFiles.Copy(run, Path.Combine(seeds, "seed-1"));
        var foreign = Directory.CreateDirectory(_task.Below("foreign")).FullName;
        File.WriteAllText(Path.Combine(foreign, "results.csv"), "mine\n");
        File.WriteAllText(Path.Combine(foreign, "page.html"), "<!doctype html>\n<title>Mine</title>\n");
        using var classifier = new TinyFolders();
        string[] places = [run, seeds, foreign];
        var before = places.Select(Contents).ToArray();
        var end = CliRun.Of(
            Words(
                command,
                ("SEEDS", seeds),
                ("FOREIGN", foreign),
                ("CLASSIFIER", classifier.Model),
                ("MODEL", _task.Model),
                ("DATA", _task.Data),
                ("RUN", run)
            )
        );
        Assert.True(end.Code == (command.Contains("merge") ? ExitCodes.Data : ExitCodes.Usage), end.ToString());
        Assert.Contains(message, end.Error, StringComparison.Ordinal);
        Assert.Equal(before, places.Select(Contents));

        static string Contents(string folder) =>
            string.Join(
                '\n',
                Directory
                    .GetFiles(folder, "*", SearchOption.AllDirectories)
                    .Order(StringComparer.Ordinal)
                    .Select(file => $"{file} {Convert.ToHexString(File.ReadAllBytes(file))}")
            );
    }

    [Theory]
    [InlineData(
        "attack --model CLASSIFIER --data DATA --task sst2 --recipe deepwordbug --num-examples 1 --out FOREIGN",
        "ids.txt,pending.jsonl,environment.json,examples.jsonl,results.csv,summary.json,textattack-summary.json"
    )]
    [InlineData(
        "attack --model CLASSIFIER --data DATA --task sst2 --recipe deepwordbug --num-examples 1 --temperature grid "
            + "--out FOREIGN",
        "ids.txt,environment.json"
    )]
    [InlineData(
        "train --recipe fine-tune --model MODEL --data DATA --task sst2 --set max-length=24 --out FOREIGN",
        "recipe.json,events.jsonl,result.json,splits.json,environment.json,predictions.jsonl,metrics.csv,"
            + "events.out.tfevents.0000000000.robust-tickets"
    )]
    [InlineData(
        "pretrain --corpus DATA/train.tsv --config MODEL/config.json --vocab MODEL/vocab.txt --max-length 24 "
            + "--epochs 1 --out OWN --logging-dir FOREIGN",
        "recipe.json,events.jsonl,environment.json,metrics.csv,events.out.tfevents.0000000000.robust-tickets"
    )]
    public void A_file_of_the_same_name_is_not_overwritten(string command, string names)
    {
        using var classifier = new TinyFolders();
        foreach (var name in names.Split(','))
        {
            var folder = Directory.CreateDirectory(_task.Below(name + "-in")).FullName;
            var file = Path.Combine(folder, name);
            File.WriteAllText(file, "MINE\n");
            var end = CliRun.Of(
                Words(
                    command,
                    ("FOREIGN", folder),
                    ("OWN", _task.Below(name + "-own")),
                    ("CLASSIFIER", classifier.Model),
                    ("MODEL", _task.Model),
                    ("DATA", _task.Data)
                )
            );
            Assert.True(end.Code == ExitCodes.Usage, $"{name}: {end}");
            Assert.Contains(folder, end.Error, StringComparison.Ordinal);
            Assert.Equal("MINE\n", File.ReadAllText(file));
            Assert.Equal([file], Directory.GetFiles(folder).Where(f => !f.EndsWith(".writer")));
        }
    }

    [Theory]
    [InlineData("--data NOWHERE --task sst2", "no such file or folder")]
    [InlineData("--data DATA", "--task is missing")]
    [InlineData("--data DATA --task sst2 --recipe pwws --wordnet /no/such/dict", "/no/such/dict")]
    [InlineData("--recipe deepwordbug", "--data is missing")]
    public void An_export_that_could_not_be_measured_is_not_written(string options, string message)
    {
        var target = _task.Below("export");
        using var classifier = new TinyFolders();
        string[] export =
        [
            "export",
            "--model",
            classifier.Model,
            "--format",
            "onnx",
            "--quantize",
            "int8",
            "--out",
            target,
        ];
        var end = CliRun.Of([.. export, .. Words(options, ("DATA", _task.Data), ("NOWHERE", _task.Below("nowhere")))]);
        Assert.True(end.Code is ExitCodes.Usage or ExitCodes.Data, end.ToString());
        Assert.Contains(message, end.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(target));
        var unasked = CliRun.Of([.. export[..5], "--out", target, "--query-budget", "3"]);
        Assert.Equal(ExitCodes.Usage, unasked.Code);
        Assert.Contains("require --quantize", unasked.Error);
    }
}
