// An output folder that holds something else: refused, and every file of it is still there.
using RobustTickets.Cli;
using RobustTickets.Tests.Reports;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Cli;

[Collection(TorchCollection.Name)]
public sealed class KeptFilesTests : IDisposable
{
    private readonly TinyTask _task = new();

    public void Dispose() => _task.Dispose();

    [Theory]
    [InlineData("pretrain --corpus DATA/train.tsv --config MODEL/config.json --vocab MODEL/vocab.txt --out PLACE")]
    [InlineData("pretrain --corpus DATA/dev.tsv --config MODEL/config.json --vocab MODEL --resume --out PLACE/model")]
    [InlineData("train --recipe fine-tune --model PLACE/model --data DATA --task sst2 --set max-length=24 --out PLACE")]
    [InlineData("train --recipe fine-tune --model MODEL --data DATA --task sst2 --set max-length=24 --out PLACE")]
    [InlineData("export --model MODEL --format hf-dense --out PLACE")]
    [InlineData("harden --model MODEL --data DATA --task sst2 --budget 1h --resume --out PLACE")]
    [InlineData("attack --recipe deepwordbug --model RUN/model --data DATA --task sst2 --out RUN")]
    public void Files_of_somebody_else_are_never_replaced(string command)
    {
        var place = _task.Below("place");
        TinyTask.WriteModel(Path.Combine(place, "model"));
        foreach (var folder in new[] { "data", "runs", "checkpoints" })
        {
            Directory.CreateDirectory(Path.Combine(place, folder));
            File.WriteAllText(Path.Combine(place, folder, "train.jsonl"), "mine");
        }
        var run = new SyntheticRun(_task.Root).Write("run");
        TinyTask.WriteModel(Path.Combine(run, "model"));
        var before = Contents(_task.Root);
        var end = CliRun.Of([
            .. command
                .Split(' ')
                .Select(word =>
                    word.Replace("PLACE", place, StringComparison.Ordinal)
                        .Replace("MODEL", _task.Model, StringComparison.Ordinal)
                        .Replace("DATA", _task.Data, StringComparison.Ordinal)
                        .Replace("RUN", run, StringComparison.Ordinal)
                ),
        ]);
        Assert.True(end.Code == ExitCodes.Usage, end.ToString());
        Assert.Equal(before, Contents(_task.Root));
    }

    private static string[] Contents(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(f => $"{f} {Convert.ToHexString(File.ReadAllBytes(f))}"),
        ];
}
