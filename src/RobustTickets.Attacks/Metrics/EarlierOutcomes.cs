// The outcomes in the folder of an interrupted attack, repaired: a torn last line is dropped, and
// examples that ended in an error are attacked again.
namespace RobustTickets.Attacks.Metrics;

/// <summary>Outcomes of an interrupted attack.</summary>
/// <param name="Outcomes">Those of the first examples, in order.</param>
/// <param name="Early">Those that wait for an earlier example, by id.</param>
internal sealed record EarlierOutcomes(List<AttackOutcome> Outcomes, Dictionary<string, AttackOutcome> Early)
{
    /// <summary>Reads and repairs the files of a folder.</summary>
    /// <param name="folder">The folder of the attack.</param>
    /// <param name="inputs">The examples to attack, in order.</param>
    /// <param name="ordered">Whether outcomes depend on the previous ones: those after an error are
    /// then not kept.</param>
    /// <exception cref="DataException">A line before the last is corrupt, or out of
    /// order.</exception>
    public static EarlierOutcomes Recover(string folder, IReadOnlyList<Example> inputs, bool ordered)
    {
        var path = Path.Combine(folder, AttackFiles.Examples);
        var outcomes = OutcomeLines.Recover(path);
        CheckOrder(path, outcomes, inputs);
        var later = OutcomeLines.Recover(Path.Combine(folder, AttackFiles.Pending));
        if (outcomes.Concat(later).Any(o => o.Result == AttackResult.Error))
            (outcomes, later) = WithoutErrors(folder, outcomes, ordered ? null : later);
        var early = new Dictionary<string, AttackOutcome>(StringComparer.Ordinal);
        var left = inputs.Skip(outcomes.Count).Select(i => i.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var outcome in later.Where(o => left.Contains(o.Id)))
            early[outcome.Id] = outcome;
        return new EarlierOutcomes(outcomes, early);
    }

    private static void CheckOrder(string path, List<AttackOutcome> outcomes, IReadOnlyList<Example> inputs)
    {
        for (var i = 0; i < outcomes.Count; i++)
        {
            if (i >= inputs.Count || outcomes[i].Id != inputs[i].Id)
                throw new DataException(
                    $"{path}:{i + 1}: example '{outcomes[i].Id}' is not the expected one; to resume the attack "
                        + "from there, remove this line and all after it",
                    AttackFiles.AnotherFolder
                );
        }
    }

    // Examples that could not be attacked are attacked again: their outcomes are dropped, and those
    // after the first of them wait for it (later; null: they are dropped, too). Killed in between,
    // the files still hold every outcome that is kept.
    private static (List<AttackOutcome> Outcomes, List<AttackOutcome> Later) WithoutErrors(
        string folder,
        List<AttackOutcome> outcomes,
        List<AttackOutcome>? later
    )
    {
        var whole = outcomes.TakeWhile(o => o.Result != AttackResult.Error).ToList();
        later = later is null
            ? []
            : [.. outcomes.Skip(whole.Count).Concat(later).Where(o => o.Result != AttackResult.Error)];
        File.Delete(Path.Combine(folder, AttackFiles.Summary));
        WholeFile.Write(
            Path.Combine(folder, AttackFiles.Pending),
            string.Concat(later.Select(o => AttackJson.Line(o) + "\n"))
        );
        WholeFile.Write(
            Path.Combine(folder, AttackFiles.Examples),
            string.Concat(whole.Select(o => AttackJson.Line(o) + "\n"))
        );
        return (whole, later);
    }
}
