using RobustTickets.Experiments;
using RobustTickets.Experiments.Leases;
using Xunit;

namespace RobustTickets.Tests.Experiments;

/// <summary>A table looked at while it is made.</summary>
public sealed class ExperimentWatchTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("table").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string At(params string[] parts) => Path.Combine([_root, .. parts]);

    private void Touch(params string[] parts)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(parts))!);
        File.WriteAllText(At(parts), "{}");
    }

    private void Index(params (string Cell, string Run)[] cells)
    {
        Directory.CreateDirectory(At("mine"));
        new CellIndex(
            CellIndex.CurrentSchema,
            cells.ToDictionary(
                c => c.Cell,
                c => new CellPlace(
                    c.Run,
                    new Dictionary<string, string> { ["tf"] = "tf-1", ["dwb"] = "dwb-2" },
                    "d",
                    "b"
                )
            )
        ).Save(At("mine", "cells.json"));
        File.WriteAllText(
            At("mine", "experiment.json"),
            ExperimentJson.Write(
                new Experiment(
                    "mine",
                    "What it shows",
                    "a test",
                    [new ExperimentRow("plain", "fine-tune"), new ExperimentRow("control", ControlOf: "plain")],
                    [new ExperimentData("sst2", "sst2")],
                    [1],
                    []
                )
            )
        );
    }

    [Fact]
    public void Each_cell_is_as_far_as_its_files_say()
    {
        Index(
            ("plain.sst2.seed-1", "aaa"),
            ("control.sst2.seed-1", "aaa"),
            ("plain.sst2.seed-2", "bbb"),
            ("plain.sst2.seed-3", "ccc"),
            ("plain.sst2.seed-4", "ddd")
        );
        Touch("cells", "aaa", "result.json");
        Touch("cells", "aaa", "attacks", "tf-1", "summary.json");
        Touch("cells", "aaa", "attacks", "dwb-2", "summary.json");
        Touch("cells", "aaa", "attacks-control", "tf-1", "summary.json");
        Touch("cells", "bbb", "recipe.json");
        Touch("failures", "ccc.json");
        File.WriteAllText(
            At("failures", "ccc.json"),
            """{"cell":"plain.sst2.seed-3","exit_code":4,"message":"a NaN"}"""
        );

        var watch = new ExperimentWatch(_root, "mine");
        using (new LeaseFolder(At("leases"), TimeSpan.FromMinutes(1)).TryTake("bbb", out _))
        {
            var table = watch.Look();
            Assert.Equal(
                ("mine", "What it shows", false, null),
                (table.Name, table.Title, table.HasReport, table.Problem)
            );
            Assert.Equal(
                [
                    (CellState.Done, false, 2),
                    (CellState.Trained, false, 1),
                    (CellState.Begun, true, 0),
                    (CellState.Failed, false, 0),
                    (CellState.Open, false, 0),
                ],
                table.Cells.Select(c => (c.State, c.Active, c.AttacksDone))
            );
            Assert.Equal("a NaN", table.Cells[3].Failure);
        }
        Assert.DoesNotContain(watch.Look().Cells, c => c.Active);
        Touch("mine", "report.html");
        Touch("cells", "bbb", "result.json");
        Assert.True(watch.Look().HasReport);
        Assert.Equal(CellState.Trained, watch.Look().Cells[2].State);
        // Of a run that tables share, an attack that is none of this table's says nothing of it.
        File.WriteAllText(At("failures", "aaa.other.json"), """{"message":"another table's"}""");
        File.WriteAllText(At("failures", "bbb.dwb-2.json"), """{"message":"no tagger"}""");
        Assert.Equal((CellState.Done, CellState.Failed), (watch.Look().Cells[0].State, watch.Look().Cells[2].State));
        Assert.Equal("no tagger", watch.Look().Cells[2].Failure);
    }

    [Fact]
    public void Names_that_lead_out_of_the_folder_are_left_out_and_a_broken_index_is_told()
    {
        Index(("plain.sst2.seed-1", "../../etc"), ("plain.sst2.seed-2", "bbb"));
        var watch = new ExperimentWatch(_root, "mine");
        Assert.Equal("plain.sst2.seed-2", Assert.Single(watch.Look().Cells).Id);
        File.WriteAllText(At("mine", "cells.json"), "{ nothing");
        var table = watch.Look();
        Assert.Empty(table.Cells);
        Assert.Contains("cells.json", table.Problem, StringComparison.Ordinal);
    }
}
