using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using Xunit;

namespace RobustTickets.Attacks.Tests;

/// <summary>Faults of models and of steps cost their example only.</summary>
public partial class EngineTests
{
    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_faulty_victim_is_reported_with_the_example_and_costs_no_other(string fault, string message)
    {
        var inputs = MadeUp.Inputs(30);
        // The victim fails on the texts of one example only, recognised by a word that no other
        // example holds.
        inputs[17] = new Example("culprit", "xyzzy " + inputs[16].Columns[0].Value, 0);
        double[][] Answer(IReadOnlyList<TextPair> texts)
        {
            var rows = texts.Select(t => HashVictim.Row(t, 2)).ToArray();
            for (var i = 0; i < rows.Length; i++)
            {
                if (!texts[i].First.Contains("xyzzy", StringComparison.Ordinal))
                    continue;
                switch (fault)
                {
                    case "throws":
                        throw new InvalidOperationException("boom");
                    case "nan":
                        rows[i] = [double.NaN, 1];
                        break;
                    case "short":
                        rows[i] = [1];
                        break;
                    case "missing":
                        return rows[1..];
                    case "logits":
                        rows[i] = [3, -1];
                        break;
                    case "negative":
                        rows[i] = [3, -2];
                        break;
                    case "null":
                        return null!;
                }
            }
            return rows;
        }
        foreach (
            var options in new[]
            {
                new AttackEngineOptions(),
                new AttackEngineOptions(7, 7, 4, 1),
                new AttackEngineOptions(1, 1, 1, 1),
            }
        )
        {
            var outcomes = await GatherAsync(
                new AttackEngine(MadeUp.Attack(), new FunctionVictim(2, Answer), options).RunAsync(inputs)
            );
            Assert.Equal(inputs.Select(i => i.Id), outcomes.Select(o => o.Id));
            var culprit = Assert.Single(outcomes, o => o.Result == AttackResult.Error);
            Assert.Equal("culprit", culprit.Id);
            Assert.Equal(
                (
                    fault switch
                    {
                        "throws" => AttackErrorKind.ModelThrew,
                        "nan" => AttackErrorKind.NotFinite,
                        _ => AttackErrorKind.WrongAnswer,
                    },
                    0
                ),
                (culprit.Error!.Kind, culprit.Queries)
            );
            Assert.Contains(message, culprit.Error.Message, StringComparison.Ordinal);
            Assert.Contains("xyzzy", culprit.Error.Message, StringComparison.Ordinal);
            List<Example> others = [.. inputs.Where(i => i.Id != "culprit")];
            Assert.Equal(
                Run(MadeUp.Attack(), others).Select(AttackJson.Line),
                outcomes.Where(o => o.Id != "culprit").Select(AttackJson.Line)
            );
        }
    }

    [Fact]
    public async Task A_fault_in_the_middle_of_an_attack_costs_that_example_only()
    {
        var inputs = MadeUp.Inputs(30);
        var free = Run(MadeUp.Attack(), inputs);
        // A text that only one example asks for, and not first: the final text of a success.
        var (victim, index) = free.Select((o, i) => (o, i))
            .First(p => p.o is { Result: AttackResult.Success, WordsChanged: > 1 });
        var poison = new TextPair(
            victim.Perturbed[0].Value,
            victim.Perturbed.Count > 1 ? victim.Perturbed[1].Value : null
        );
        double[][] Answer(IReadOnlyList<TextPair> texts) =>
            [.. texts.Select(t => t == poison ? [double.NaN, double.NaN] : HashVictim.Row(t, 2))];
        var outcomes = await GatherAsync(
            new AttackEngine(MadeUp.Attack(), new FunctionVictim(2, Answer)).RunAsync(inputs)
        );
        Assert.Equal(AttackResult.Error, outcomes[index].Result);
        Assert.InRange(outcomes[index].Queries, 2, victim.Queries - 1);
        Assert.Equal(
            free.Where((_, i) => i != index).Select(AttackJson.Line),
            outcomes.Where((_, i) => i != index).Select(AttackJson.Line)
        );
        // A constraint that throws is no other case.
        var throwing = MadeUp.Attack() with
        {
            Positions = [new ThrowsOn("e3"), .. MadeUp.Attack().Positions],
        };
        inputs[3] = new Example(
            "e3",
            "e3 " + inputs[2].Columns[0].Value,
            HashVictim.Row(new("e3 " + inputs[2].Columns[0].Value), 2) is [var a, var b] && a > b ? 0 : 1
        );
        var broken = Assert.Single(
            await GatherAsync(new AttackEngine(throwing, new HashVictim()).RunAsync(inputs)),
            o => o.Result == AttackResult.Error
        );
        Assert.Equal(("e3", AttackErrorKind.AttackThrew), (broken.Id, broken.Error!.Kind));
    }
}
