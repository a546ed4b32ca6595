// Finished cells whose files are damaged afterwards: refused by name, with what to remove, and made
// again when that is done.
using RobustTickets.Cli;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Experiments;

[Collection(TorchCollection.Name)]
public sealed class DamagedCellTests : IDisposable
{
    private const string Cell = "plain.toy.seed-1";
    private readonly TinyExperiment _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_damaged_cell_is_refused_with_what_to_remove_and_made_again()
    {
        var output = _tiny.Task.Below("out");
        (int Code, string Out, string Error) Make() => _tiny.Run(output, null, "--only", $"tiny/{Cell}");
        Assert.Equal(ExitCodes.Ok, Make().Code);
        var (run, attack) = (TinyExperiment.Cell(output, Cell), TinyExperiment.Attack(output, Cell));

        File.WriteAllText(Path.Combine(attack, "summary.json"), "");
        Assert.Contains($"the input is empty; delete {attack} and run the same command again", Make().Error);
        Directory.Delete(attack, recursive: true);
        File.Move(Path.Combine(run, "model", "model.safetensors"), Path.Combine(run, "lost"));
        var lost = Make();
        Assert.Equal(ExitCodes.Data, lost.Code);
        Assert.Contains("model.safetensors: is missing", lost.Error);
        Assert.Contains($"; delete {run} and run the same command again", lost.Error);
        File.WriteAllText(Path.Combine(run, "result.json"), "{");
        Assert.Contains($"unexpected end of input; delete {run} and run the same command", Make().Error);
        Directory.Delete(run, recursive: true);
        Assert.Equal(ExitCodes.Ok, Make().Code);
        Assert.True(File.Exists(Path.Combine(attack, "summary.json")));
    }
}
