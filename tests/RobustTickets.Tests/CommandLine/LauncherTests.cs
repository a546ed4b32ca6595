// The launcher script: it passes arguments, exit code and streams through and does not change the
// caller's folder.
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.CommandLine;

public sealed class LauncherTests : IDisposable
{
    private static readonly string Script = Path.Combine(Golden.RepositoryRoot, "robust-tickets");

    private readonly string _folder = Directory.CreateTempSubdirectory("launcher with blank").FullName;

    // builds where nothing has been built yet
    public LauncherTests() => CommandLine.Launch(Script, _folder, "--version");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void It_starts_the_program_without_a_word_of_its_own()
    {
        var launched = CommandLine.Launch(Script, _folder, "recipes", "list", "--json");
        Assert.Equal(new CommandResult(0, CommandLine.Run(["recipes", "list", "--json"]).Out, ""), launched);
    }

    [Fact]
    public void Relative_paths_mean_the_callers_folder_and_the_exit_code_is_the_programs()
    {
        var recipe = CommandLine.Launch(Script, _folder, "recipes", "show", "fine-tune").Out;
        File.WriteAllText(Path.Combine(_folder, "my recipe.json"), recipe);
        var good = CommandLine.Launch(Script, _folder, "recipes", "check", "my recipe.json");
        Assert.True(
            good.Code == 0 && good.Out.StartsWith("my recipe.json: ok", StringComparison.Ordinal),
            good.ToString()
        );
        File.WriteAllText(Path.Combine(_folder, "my recipe.json"), recipe.Replace("\"epochs\"", "\"epoch\""));
        Assert.Equal(2, CommandLine.Launch(Script, _folder, "recipes", "check", "my recipe.json").Code);
    }

    [Fact]
    public void A_link_to_it_works()
    {
        var link = Path.Combine(_folder, "rt");
        File.CreateSymbolicLink(link, Script);
        Assert.Equal(0, CommandLine.Launch(link, _folder, "--version").Code);
    }

    [Fact]
    public void A_libtorch_that_is_not_there_is_told_before_anything_is_built()
    {
        var run = CommandLine.Launch("-c", _folder, $"LIBTORCH='{_folder}/none' '{Script}' info");
        Assert.True(run.Code == 3, run.ToString());
        Assert.Contains($"{_folder}/none", run.Error);
    }
}
