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
        // Printed commands start with the name that was typed.
        Assert.Contains($"see: '{link}' --help", CommandLine.Launch(link, _folder, "trian").Error);
    }

    [Theory]
    [InlineData(0, "textfooler", "attack recipes list")]
    [InlineData(0, "textfooler", "attack --json recipes list")]
    [InlineData(0, "/", "models where")]
    [InlineData(3, "no such run folder", "metrics nosuch")]
    [InlineData(3, "nosuch", "attack merge nosuch")]
    [InlineData(3, "nosuch.json", "experiment nosuch.json --list")]
    [InlineData(2, "--model is missing", "train --recipe fine-tune --dry-run")]
    [InlineData(2, "nothing to show", "serve")]
    [InlineData(3, "nosuch", "serve --runs nosuch")]
    [InlineData(3, "nosuch.onnx", "predict --model nosuch.onnx")]
    [InlineData(2, "did you mean train?", "trian --recipe fine-tune --model m")]
    public void What_needs_no_libtorch_asks_for_none(int code, string said, string command)
    {
        var run = CommandLine.Launch("-c", _folder, $"LIBTORCH='{_folder}/none' '{Script}' {command}");
        Assert.True(run.Code == code, run.ToString());
        Assert.Contains(said, run.Out + run.Error);
        Assert.DoesNotContain("LIBTORCH", run.Error);
    }

    [Theory]
    [InlineData("train --recipe fine-tune --model m")]
    [InlineData("experiment nosuch.json")]
    [InlineData("serve --model a.onnx m")]
    [InlineData("harden --model m.onnx --dry-run")]
    [InlineData("attack --model=m --text good")]
    [InlineData("attack --model v.onnx --encoder m --text good")]
    [InlineData("attack --model v.onnx --masked-lm=m --text good")]
    public void What_computes_with_weights_asks_for_libtorch(string command)
    {
        var run = CommandLine.Launch("-c", _folder, $"LIBTORCH='{_folder}/none' '{Script}' {command}");
        Assert.True(run.Code == 3, run.ToString());
        Assert.Contains($"LIBTORCH={_folder}/none", run.Error);
    }

    [Fact]
    public void A_libtorch_that_is_not_there_is_told_before_anything_is_built()
    {
        var run = CommandLine.Launch("-c", _folder, $"LIBTORCH='{_folder}/none' '{Script}' info");
        Assert.True(run.Code == 3, run.ToString());
        Assert.Contains($"{_folder}/none", run.Error);
    }
}
