// The program without libtorch and without its native part: what reads only text still runs, what
// computes says how to get them.
using Xunit;

namespace RobustTickets.Tests.CommandLine;

public sealed class NoNativeTests : IDisposable
{
    private readonly TinyFolders _tiny = new();
    private readonly string _program;

    public NoNativeTests()
    {
        // A copy outside the repository: neither beside the program nor above it is there a native
        // library.
        var from = Path.GetDirectoryName(CommandLine.Program)!;
        var to = Directory.CreateDirectory(_tiny.Below("program")).FullName;
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        _program = Path.Combine(to, Path.GetFileName(CommandLine.Program));
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void The_copy_really_has_no_native_library() =>
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_program)!, "*.so"));

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("--version")]
    [InlineData("train --help")]
    [InlineData("attack --help")]
    [InlineData("info --help")]
    [InlineData("recipes list")]
    [InlineData("recipes show early-robust --task imdb")]
    public void What_only_prints_works(string arguments)
    {
        var run = Run(arguments.Split(' '));
        Assert.True(run.Code == 0 && run.Out.Length > 0 && run.Error.Length == 0, run.ToString());
    }

    [Fact]
    public void Tokenizing_works()
    {
        var run = CommandLine.Run(
            ["tokenize", "--model", _tiny.Model],
            NoNative,
            "{\"text\": \"a good film\"}\n",
            _program
        );
        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("[2,5,8,7,3]", run.Out);
    }

    [Fact]
    public void A_report_reads_run_folders_only()
    {
        var run = Run("report", _tiny.Data);
        Assert.True(run.Code == 3 && run.Error.Contains(_tiny.Data) && !run.Error.Contains("libtorch"), run.ToString());
    }

    [Fact]
    public void Info_says_what_is_missing_and_how_to_get_it() => AssertToldHow(Run("info"));

    [Fact]
    public void Evaluating_says_what_is_missing_and_how_to_get_it() =>
        AssertToldHow(Run("evaluate", "--model", _tiny.Model, "--data", _tiny.Data, "--task", "sst2"));

    [Fact]
    public void Training_says_what_is_missing_and_how_to_get_it_and_leaves_no_run()
    {
        string[] train = ["train", "--recipe", "fine-tune", "--model", _tiny.Model, "--data", _tiny.Data];
        // Twice, because a run folder would refuse the second.
        for (var i = 0; i < 2; i++)
            AssertToldHow(Run([.. train, "--task", "sst2", "--out", _tiny.Below("run")]));
        Assert.False(Directory.Exists(_tiny.Below("run")));
    }

    [Theory]
    [InlineData("ROBUST_TICKETS_NATIVE", "/nosuch/lib.so", "not found")]
    [InlineData("LIBTORCH", "/nosuch", "holds no lib/libc10.so")]
    public void A_library_that_a_variable_names_in_vain_is_not_replaced(string variable, string value, string why)
    {
        // The program of the repository, which has a native library to fall back to.
        foreach (var program in new[] { _program, CommandLine.Program })
        {
            var run = CommandLine.Run(
                ["info"],
                new Dictionary<string, string?>(NoNative) { [variable] = value },
                program: program
            );
            Assert.True(run.Code == 3, run.ToString());
            Assert.Contains($"{variable}={value} cannot be used", run.Error);
            Assert.Contains(why, run.Error);
        }
    }

    [Fact]
    public void A_library_linked_with_another_libtorch_than_the_one_named_is_refused()
    {
        var libtorch = Directory.CreateDirectory(_tiny.Below("libtorch")).FullName;
        Directory.CreateDirectory(Path.Combine(libtorch, "lib"));
        File.WriteAllText(Path.Combine(libtorch, "lib", "libc10.so"), "another");
        var run = CommandLine.Run(
            ["info"],
            new Dictionary<string, string?>(NoNative) { ["LIBTORCH"] = libtorch },
            program: CommandLine.Program
        );
        Assert.True(run.Code == 3, run.ToString());
        Assert.Matches($"LIBTORCH={libtorch} cannot be used.*\n.* is linked with .*libc10", run.Error);
    }

    [Fact]
    public void A_plan_says_that_it_could_not_check_the_device()
    {
        string[] plan = [.. _tiny.TrainArguments("fine-tune", _tiny.Below("run")), "--dry-run"];
        var run = Run([.. plan, "--device", "cuda", "--precision", "auto"]);
        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("device, precision and threads were not checked", run.Out);
        Assert.DoesNotContain("not checked", Run(plan).Out);
    }

    [Fact]
    public void A_native_library_that_does_not_load_is_named()
    {
        var broken = Path.Combine(Path.GetDirectoryName(_program)!, "librobust_tickets_torch.so");
        File.WriteAllText(broken, "not a library");
        var run = Run("info");
        AssertToldHow(run);
        Assert.Contains(broken, run.Error);
    }

    private static IReadOnlyDictionary<string, string?> NoNative =>
        new Dictionary<string, string?> { ["ROBUST_TICKETS_NATIVE"] = null, ["LIBTORCH"] = null };

    private static void AssertToldHow(CommandResult run)
    {
        Assert.True(run.Code == 3, run.ToString());
        Assert.Contains("libtorch", run.Error);
        Assert.Contains("apt-get install", run.Error);
        Assert.Contains("LIBTORCH", run.Error);
        Assert.DoesNotContain("   at ", run.Error);
    }

    private CommandResult Run(params string[] args) => CommandLine.Run(args, NoNative, program: _program);
}
