// Paths of a demo's files. demo.json identifies the demo of a folder; a folder with other content
// is not changed.
using System.Text.Json;
using System.Text.Json.Nodes;
using RobustTickets.Attacks;
using RobustTickets.Runs;

namespace RobustTickets.Cli.Demo;

/// <summary>The folder of a demo.</summary>
internal sealed class DemoFolder(string path)
{
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>train.tsv, dev.tsv, test.tsv and the unlabelled text.</summary>
    public string Data => In("data");

    public string PretrainingFile => System.IO.Path.Combine(Data, "pretraining.txt");

    public string VectorsFile => In("vectors.txt");

    /// <summary>The pre-trained model, a Hugging Face folder.</summary>
    public string Pretrained => In("demo-bert");

    public string PretrainedDraft => In("demo-bert.draft");

    public string ReportFile => In("report.html");

    public string Runs => In("runs");

    // MakeData writes it last.
    public bool HasData => File.Exists(VectorsFile);

    public bool HasPretrained => Directory.Exists(Pretrained);

    private string MarkFile => In("demo.json");

    /// <summary>The run of a recipe and its seed.</summary>
    public string Run(Recipe recipe) => System.IO.Path.Combine(Runs, $"{recipe.Name}-{recipe.Seed}");

    /// <summary>Deletes the files of a cancelled pre-training.</summary>
    public void RemoveDraft()
    {
        if (Directory.Exists(PretrainedDraft))
            Directory.Delete(PretrainedDraft, recursive: true);
    }

    public void AcceptPretrained() => WholeFile.Rename(() => Directory.Move(PretrainedDraft, Pretrained));

    /// <summary>Creates the folder, or resumes the same demo in it.</summary>
    /// <exception cref="RunFolderException">The folder has other content, or a demo with other
    /// settings or of another version.</exception>
    public void Open(DemoPlan plan)
    {
        var mark =
            new JsonObject
            {
                ["version"] = CliApp.Version,
                ["plan"] = JsonSerializer.SerializeToNode(plan),
            }.ToJsonString() + "\n";
        if (File.Exists(MarkFile))
        {
            if (File.ReadAllText(MarkFile) == mark)
                return;
            throw new RunFolderException(
                $"{Path}: holds a demo with other settings or of another version (see demo.json there); name "
                    + "another folder with --out, or delete this one"
            );
        }
        if (Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any())
        {
            throw new RunFolderException($"{Path}: is not empty and holds no demo; name another folder with --out");
        }
        RunFolder.Create(Path);
        WholeFile.Write(MarkFile, mark);
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
