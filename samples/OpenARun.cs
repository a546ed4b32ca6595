using RobustTickets;
using RobustTickets.Attacks;

/// <summary>
/// Opens a finished run again, days later or in another program: its figures, the examples that it
/// reports on, its classifier, and the attacks that were made on it.
/// </summary>
public static class OpenARun
{
    public static async Task<AttackReport> Run(string folder, TextWriter log)
    {
        var run = TrainedRun.Open(folder);
        log.WriteLine($"{run.Result.Name}: {run.Evaluation.Count} {run.Evaluation.Name} examples");
        foreach (var name in run.Attacks)
            log.WriteLine($"{name}: {run.LoadAttack(name).Aua:0.0} % under attack");
        using var classifier = run.LoadClassifier();
        var attack = AttackRecipe.DeepWordBug(AttackResources.FromUserFolder(), new AttackOptions(QueryBudget: 50));
        return await classifier.AttackAsync(attack, run.Evaluation.Sample(20));
    }
}
