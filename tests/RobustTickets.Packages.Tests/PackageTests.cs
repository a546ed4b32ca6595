// What a user of the packages does: restore them from a feed, build, run; install the tool and
// start it.
using RobustTickets.Export;
using RobustTickets.OnnxRuntime;
using RobustTickets.Tests.CommandLine;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Packages.Tests;

[Trait("Category", "Packages")]
public sealed class PackageTests(PackageFeed feed) : IClassFixture<PackageFeed>
{
    [Fact]
    public void A_function_is_attacked_with_one_package_whose_dependencies_read_parquet_alone()
    {
        var app = feed.Program("AttackAFunction", package: "RobustTickets.Attacks");
        app.Build();
        Assert.Equal(
            [
                "AttackAFunction.dll",
                "CommunityToolkit.HighPerformance.dll",
                "K4os.Compression.LZ4.dll",
                "Microsoft.IO.RecyclableMemoryStream.dll",
                "Parquet.dll",
                "RobustTickets.Attacks.dll",
                "Snappier.dll",
                "ZstdSharp.dll",
            ],
            Directory.GetFiles(app.Output, "*.*").Select(Path.GetFileName).Where(IsBinary).Order(StringComparer.Ordinal)
        );
        Assert.Equal("Success: a fine and moving film\n", app.Run());
    }

    [Fact]
    public void The_native_library_is_built_from_the_package_and_lies_beside_the_program()
    {
        var app = feed.Program("TrainAModel", package: "RobustTickets");

        // A libtorch that is not there: one message, and the program is built all the same.
        var without = app.Build(("LIBTORCH", app.Folder + "/none"));
        Assert.Single(without.Split('\n').Where(line => line.Contains("RT0001")).Distinct());
        Assert.Contains($"LIBTORCH={app.Folder}/none holds no lib/libc10.so", without);
        Assert.DoesNotContain("librobust_tickets_torch.so", Directory.GetFiles(app.Output).Select(Path.GetFileName));

        var with = app.Build([.. feed.Compiler()]);
        Assert.DoesNotContain("RT0001", with);
        Assert.Contains("librobust_tickets_torch.so", Directory.GetFiles(app.Output).Select(Path.GetFileName));
        using var task = new TinyTask();
        var said = app.Run(task.Model, task.Data, task.NewRun()).Split('\n');
        Assert.Contains(said[0], (string[])["negative", "positive"]);
        Assert.Equal("5", said[1]);
    }

    [Fact]
    public void The_tool_installs_prints_and_builds_its_native_library_at_the_first_need()
    {
        var tool = feed.InstallTool();
        Assert.StartsWith(feed.Version, tool.Run(["--version"]).Out);
        Assert.Contains("early-robust", tool.Run(["recipes", "list"]).Out);

        var without = tool.Run(["info"], ("LIBTORCH", tool.Folder + "/none"));
        Assert.Contains($"LIBTORCH={tool.Folder}/none", without.Error);
        Assert.Contains("holds no lib/libc10.so", without.Error);

        // An ONNX file needs none of it: nothing is built.
        using (var tiny = new TinyFolders())
        {
            var onnx = tiny.Below("onnx");
            OnnxExport.Write(tiny.Model, onnx, new OnnxExportOptions(), OnnxNetwork.Open);
            File.WriteAllText(tiny.Below("texts.txt"), "a good film\n");
            string[] predict = ["predict", "--model", onnx, "--format", "text", "--input", tiny.Below("texts.txt")];
            var answer = tool.Run(predict, ("LIBTORCH", tool.Folder + "/none"));
            Assert.True(answer.Code == 0, answer.ToString());
            Assert.Contains("\"label\"", answer.Out);
            Assert.Equal("", answer.Error);
        }

        var first = tool.Run(["info"], [.. feed.Compiler(), ("XDG_CACHE_HOME", tool.Folder + "/cache")]);
        Assert.Contains("(once, about a minute)", first.Error);
        Assert.Contains("robust-tickets/native-", first.Out);
        var second = tool.Run(["info"], [.. feed.Compiler(), ("XDG_CACHE_HOME", tool.Folder + "/cache")]);
        Assert.DoesNotContain("once", second.Error);
    }

    [Fact]
    public void An_ONNX_file_is_attacked_from_the_package_without_libtorch()
    {
        var app = feed.Program("AttackAnOnnxModel", "RobustTickets.OnnxRuntime", sample: "AttackAnOnnxModel.cs");
        app.Build();
        Assert.DoesNotContain(
            Directory.GetFiles(app.Output, "*", SearchOption.AllDirectories),
            file => file.Contains("torch", StringComparison.OrdinalIgnoreCase)
        );
        using var tiny = new TinyFolders();
        var onnx = tiny.Below("onnx");
        OnnxExport.Write(tiny.Model, onnx, new OnnxExportOptions(), OnnxNetwork.Open);
        var said = app.Run(onnx).Split('\n');
        Assert.Matches("^0: (Success|Failed|Skipped) after [0-9]+ queries: ", said[0]);
        Assert.Matches("^[0-2] right under attack$", said[2]);
    }

    [Theory]
    [InlineData("RobustTickets.Attacks", "lib/net10.0/RobustTickets.Attacks", 1)]
    [InlineData("RobustTickets.OnnxRuntime", "lib/net10.0/RobustTickets.OnnxRuntime", 1)]
    [InlineData("RobustTickets", "lib/net10.0/RobustTickets", 2)]
    public void A_package_shows_itself_and_documents_each_assembly(string id, string place, int atLeast)
    {
        var (package, symbols) = (feed.Entries(id, ".nupkg"), feed.Entries(id, ".snupkg"));
        Assert.Contains("README.md", package);
        Assert.Contains("icon.png", package);
        var assemblies = package.Where(name => name.EndsWith(".dll", StringComparison.Ordinal)).ToList();
        Assert.True(assemblies.Count >= atLeast, string.Join(' ', package));
        foreach (var assembly in assemblies)
        {
            Assert.StartsWith(place, assembly);
            Assert.Contains(Path.ChangeExtension(assembly, ".xml"), package);
            Assert.Contains(Path.ChangeExtension(assembly, ".pdb"), symbols);
        }
        var text = feed.Nuspec(id);
        Assert.Contains("<license type=\"expression\">MIT</license>", text);
        Assert.Equal(id != "RobustTickets.Attacks", text.Contains("<dependency id=\"RobustTickets.Attacks\""));
    }

    private static bool IsBinary(string? name) => Path.GetExtension(name) is ".dll" or ".so";
}
