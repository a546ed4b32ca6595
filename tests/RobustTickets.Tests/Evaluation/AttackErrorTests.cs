// Attacks that ended in errors: what judged nothing has no figure, anywhere.
using RobustTickets.Attacks;
using RobustTickets.Attacks.Constraints;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Export;
using RobustTickets.Runs;
using RobustTickets.Testing;
using Xunit;

namespace RobustTickets.Tests.Evaluation;

[Collection(TorchCollection.Name)]
public sealed class AttackErrorTests(TrainedTask trained) : IClassFixture<TrainedTask>
{
    private static AttackSettings Settings { get; } = AttackSettings.Of(MemorisedTask.Swaps, "toy");

    private static AttackOutcome Failed { get; } = FailedOutcome.Of("a");

    [Fact]
    public async Task An_attack_that_could_judge_nothing_fails_and_says_why()
    {
        using var classifier = Classifier.Load(trained.Model);
        var attack = MemorisedTask.Swaps with { Positions = [new Broken()] };
        Example[] examples = [new("a", "a good film", 1), new("b", "a good story", 1)];
        var right = examples.Where(e => classifier.Predict(e.Text).Label == "positive").ToArray();
        Assert.NotEmpty(right);
        var error = await Assert.ThrowsAsync<AttackFailedException>(() => classifier.AttackAsync(attack, right));
        Assert.Contains("could not be attacked", error.Message, StringComparison.Ordinal);
        Assert.Contains("no rule", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_tells_its_errors()
    {
        var skipped = Failed with { Id = "b", Result = AttackResult.Skipped, Error = null };
        string Said(params AttackOutcome[] outcomes) =>
            new AttackReport(AttackSummary.From(outcomes, Settings), outcomes).ToString();
        Assert.Equal("textfooler: no example was evaluated; 1 ended in an error", Said(Failed));
        Assert.EndsWith(
            "1.0 queries per example; 1 ended in an error",
            Said(Failed, skipped with { Result = AttackResult.Failed }),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("error", Said(skipped), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_card_leaves_out_an_attack_that_judged_nothing()
    {
        var folder = RunFolder.Around(trained.Model)!.AttackFolder("broken");
        Directory.CreateDirectory(folder);
        File.WriteAllText(
            Path.Combine(folder, "summary.json"),
            AttackJson.Write(AttackSummary.From([Failed], Settings))
        );
        var target = trained.Task.Below("with-card");
        HuggingFaceExport.Write(trained.Model, target, HuggingFaceLayout.Dense);
        var card = File.ReadAllText(Path.Combine(target, "README.md"));
        Assert.Contains("No attack on this model is recorded", card, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", card, StringComparison.Ordinal);
    }

    private sealed record Broken : PositionConstraint
    {
        public override string Name => "broken";

        public override bool Allows(AttackedText current, int position) =>
            throw new InvalidOperationException("no rule");
    }
}
