using System.CommandLine.Parsing;
using RobustTickets.Cli;
using Xunit;

namespace RobustTickets.Tests.Cli;

/// <summary>Help at 80 columns, and what a misspelt word was probably meant to be.</summary>
public sealed class HelpTests
{
    public static TheoryData<string> Commands()
    {
        var found = new TheoryData<string>();
        Add("");
        return found;

        void Add(string path)
        {
            found.Add(path);
            foreach (var name in Below(path))
                Add(path.Length == 0 ? name : $"{path} {name}");
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_fits_80_columns_and_has_an_example_that_parses(string path)
    {
        var help = Help(path);
        Assert.Equal((0, ""), (help.Code, help.Error));
        var lines = help.Out.Split('\n');
        Assert.All(lines, line => Assert.True(line.Length <= 80, $"{line.Length} columns: {line}"));
        Assert.DoesNotMatch(@"<[^>]*\|[^>]*\|", help.Out);
        var begin = Array.IndexOf(lines, "Example:");
        Assert.True(begin > 0, $"'{path}' has no example");
        var example = string.Concat(lines[(begin + 1)..].TakeWhile(l => l.Length > 0).Select(l => l.TrimEnd('\\')));
        var words = CommandLineParser.SplitCommandLine(example).ToArray();
        Assert.Equal("robust-tickets", words[0]);
        // With a word too many, nothing but that word is wrong.
        var run = CliRun.Of([.. words[1..], "--no-such-option"]);
        Assert.Equal(ExitCodes.Usage, run.Code);
        Assert.StartsWith("error: unknown option '--no-such-option'\nhint: see: ", run.Error);
    }

    [Fact]
    public void The_bare_program_prints_help()
    {
        var bare = CliRun.Of();
        Assert.Equal((0, CliRun.Of("--help").Out, ""), (bare.Code, bare.Out, bare.Error));
        Assert.Contains("robust-tickets COMMAND", bare.Out);
    }

    [Fact]
    public void Options_stand_in_groups_and_names_behind_descriptions()
    {
        var help = CliRun.Of("attack", "--help").Out;
        var titles = help.Split('\n').Where(l => l.EndsWith(':') && l[0] != ' ').ToList();
        Assert.Equal(
            [
                "Usage:",
                "Example:",
                "Commands:",
                "Model and data:",
                "Options:",
                "Resources:",
                "Results:",
                "Speed:",
                "Help:",
            ],
            titles
        );
        Assert.Contains("--recipe <NAME>", help);
        Assert.Contains("deepwordbug", help);
    }

    [Theory]
    [InlineData("pretrain", "Options:")]
    [InlineData("attack", "Speed:")]
    public void A_batch_size_that_changes_the_model_is_no_matter_of_speed(string command, string title)
    {
        var lines = Help(command).Out.Split('\n');
        var at = Array.FindIndex(lines, l => l.TrimStart().StartsWith("--batch-size", StringComparison.Ordinal));
        Assert.Equal(title, lines[..at].Last(l => l.EndsWith(':') && l[0] != ' '));
    }

    [Theory]
    [InlineData("unknown command 'trian'; did you mean train? possible: demo, ", "trian")]
    [InlineData("unknown command 'lst'; did you mean list? possible: ", "recipes", "lst")]
    [InlineData("unknown option '--jsn'; did you mean --json?\n", "recipes", "list", "--jsn")]
    [InlineData("unknown option '--inputt'; did you mean --input?\n", "tokenize", "--model", "x", "--inputt", "y")]
    [InlineData("unknown option '--jsn'; did you mean --json?\n", "recipes", "check", "a.json", "--jsn")]
    [InlineData("unknown option '--model_name_or_path'; here it is --model\n", "train", "--model_name_or_path", "x")]
    [InlineData("unknown option '--output-dir=o'; here it is --out\n", "train", "--output-dir=o")]
    [InlineData(
        "unknown option '--resume_from_checkpoint'; here it is --resume\n",
        "train",
        "--resume_from_checkpoint"
    )]
    [InlineData("unknown option '--do_train'; train does this without an option\n", "train", "--do_train")]
    [InlineData("unknown option '--do_eval'; use the command evaluate\n", "train", "--do_eval")]
    [InlineData("'--max_seq_length'; here it is --set max-length=N\n", "train", "--max_seq_length", "64")]
    [InlineData("'--max_seq_length'; here it is --max-length\n", "evaluate", "--max_seq_length", "64")]
    [InlineData("'--num_train_epochs'; here it is --set retrain.epochs=N\n", "train", "--num_train_epochs", "3")]
    [InlineData("unknown argument 'y'\n", "tokenize", "--model", "x", "y")]
    [InlineData(
        "--recipe textfoler: not known; did you mean textfooler? possible: ",
        "attack",
        "--model",
        "x",
        "--recipe",
        "textfoler"
    )]
    [InlineData("name pwsw: not known; did you mean pwws? possible: ", "attack", "recipes", "show", "pwsw")]
    [InlineData("--precision fp16: not known; did you mean ", "evaluate", "--model", "x", "--precision", "fp16")]
    [InlineData("--task sst: not known; did you mean sst2", "evaluate", "--model", "x", "--data", "y", "--task", "sst")]
    public void A_near_miss_is_suggested(string expected, params string[] args)
    {
        var run = CliRun.Of(args);
        Assert.Equal((ExitCodes.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error);
    }

    private static CliRun Help(string path) =>
        CliRun.Of([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

    private static IEnumerable<string> Below(string path) =>
        Help(path)
            .Out.Split('\n')
            .SkipWhile(l => l != "Commands:")
            .Skip(1)
            .TakeWhile(l => l.Length > 0)
            .Where(l => l[2] != ' ')
            .Select(l => l.Trim().Split(' ')[0]);
}
