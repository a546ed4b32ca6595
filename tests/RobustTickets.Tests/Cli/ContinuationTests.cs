using RobustTickets.Cli.Terminal;
using Xunit;

namespace RobustTickets.Tests.Cli;

public sealed class ContinuationTests
{
    [Theory]
    [InlineData("attack --model m --data d", "robust-tickets attack --model m --data d")]
    [InlineData("attack --model m --data=d", "robust-tickets attack --model m --data=d")]
    [InlineData("attack --model m --text x", null)]
    [InlineData("harden --data d --out /no/such/folder", "robust-tickets harden --data d --out /no/such/folder")]
    [InlineData("harden --data d --out /", "robust-tickets harden --data d --out /")]
    [InlineData("experiment a.json --out o", "robust-tickets experiment a.json --out o")]
    [InlineData("train --out /no/such/folder", "robust-tickets train --out /no/such/folder")]
    [InlineData("train --out / --resume", "robust-tickets train --out / --resume")]
    [InlineData("train --out /", "robust-tickets train --out /")]
    [InlineData("pretrain --out o", null)]
    [InlineData("predict --model m", null)]
    public void A_stopped_command_is_continued_by(string called, string? command) =>
        Assert.Equal(command, Continuation.Of(called.Split(' ')));

    [Theory]
    [InlineData("train", "recipe.json", true)]
    [InlineData("train", "events.jsonl", true)]
    [InlineData("train", "seed-2/recipe.json", true)]
    [InlineData("train", "seed-2/notes.txt", false)]
    [InlineData("train", "clock.json", false)]
    [InlineData("harden", "clock.json", true)]
    [InlineData("harden", "plan.json", true)]
    [InlineData("harden", "recipe.json", false)]
    public void Only_what_was_begun_is_resumed(string command, string file, bool resumes)
    {
        var root = Directory.CreateTempSubdirectory("continued").FullName;
        Assert.Equal($"robust-tickets {command} --out {root}", Continuation.Of([command, "--out", root]));
        var path = Path.Combine(root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "{}");
        var resume = resumes ? " --resume" : "";
        Assert.Equal($"robust-tickets {command} --out {root}{resume}", Continuation.Of([command, "--out", root]));
        Assert.Equal($"robust-tickets {command} --out={root}{resume}", Continuation.Of([command, $"--out={root}"]));
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void A_pretraining_that_left_a_checkpoint_is_continued_by_resuming_it()
    {
        var root = Directory.CreateTempSubdirectory("continued").FullName;
        Directory.CreateDirectory(Path.Combine(root, "o.training"));
        var model = Path.Combine(root, "o");
        Assert.Equal($"robust-tickets pretrain --out {model} --resume", Continuation.Of(["pretrain", "--out", model]));
        Assert.Equal(
            $"robust-tickets pretrain --resume --out {model}/",
            Continuation.Of(["pretrain", "--resume", "--out", model + "/"])
        );
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void Arguments_are_quoted_for_a_shell() =>
        Assert.Equal(
            "robust-tickets attack --data 'my data' 'it'\\''s' '' --out=a_b/c.d:e",
            Continuation.Of(["attack", "--data", "my data", "it's", "", "--out=a_b/c.d:e"])
        );
}
