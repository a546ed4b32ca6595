// Accuracy under attack after each epoch, on a sample of the development examples; rationale:
// docs/methods/evaluation.md, After each epoch.
using System.Diagnostics;
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Attacks.Data;
using RobustTickets.Attacks.Engine;
using RobustTickets.Attacks.Metrics;
using RobustTickets.Models;
using RobustTickets.Pipeline.Data;
using RobustTickets.Runs;
using RobustTickets.Training;

namespace RobustTickets.Pipeline;

/// <summary>
/// The attack of <c>evaluate.epoch-attack</c> with its resources, built by the creator of the
/// request.
/// </summary>
/// <param name="Attack">The attack.</param>
/// <param name="Facts">Files not described by the attack itself (a sentence encoder), with
/// hashes.</param>
/// <param name="Engine">Performance options.</param>
public sealed record EpochAttack(Attack Attack, IReadOnlyList<RecipeLine> Facts, AttackEngineOptions Engine)
{
    /// <summary>
    /// Everything that determines its outcomes on given examples; part of a run's identity, so that
    /// a resumed run uses the same files.
    /// </summary>
    internal string Identity { get; } = AttackJson.Write(AttackSettings.Of(Attack, "", Facts));
}

/// <summary>
/// Attacks the network during training. This is not counted as training time and has no side
/// effects: the network is used in evaluation mode, and all randomness of training is keyed.
/// </summary>
internal static class EpochAttacks
{
    private const string Path = "evaluate.epoch-attack";

    /// <summary>The development examples that are attacked, in file order.</summary>
    /// <exception cref="RecipeException">There are no development examples, or fewer than
    /// requested.</exception>
    public static IReadOnlyList<Example> Sample(EpochAttackOptions options, RunData data)
    {
        var (texts, asked) = (data.DevelopmentTexts, options.Examples);
        if (texts.Count == 0)
        {
            throw new RecipeException(
                $"{Path}: there are no development examples to attack, only the reported ones "
                    + $"({data.EvaluationName}); give data with a test or dev file next to the training file, or omit "
                    + $"{Path}"
            );
        }
        return asked <= texts.Count
            ? Splits.Stratified(texts, asked, (ulong)options.Seed)
            : throw new RecipeException(
                $"{Path}.examples: {asked} is more than the {texts.Count} development examples "
                    + $"({data.DevelopmentName}); possible: at most {texts.Count}"
            );
    }

    /// <summary>Throws if the request's attack does not match its recipe.</summary>
    /// <exception cref="RecipeException">The recipe names an attack and none or another one is
    /// given, or there are too few examples.</exception>
    internal static void Require(TrainRequest request, RunData data)
    {
        if (request.Recipe.Evaluate.EpochAttack is not { } options)
        {
            if (request.EpochAttack is not null)
                throw new RecipeException($"{Path}: an attack was given, but the recipe names none");
            return;
        }
        if (request.EpochAttack is not { } attack)
            throw new RecipeException(
                $"{Path}: the recipe names the attack {options.Recipe}, but none was given with its resources "
                    + "(TrainRequest.EpochAttack)"
            );
        if (attack.Attack.Name != options.Recipe)
            throw new RecipeException(
                $"{Path}.recipe: names the attack {options.Recipe}, but {attack.Attack.Name} was given"
            );
        _ = Sample(options, data);
    }

    /// <summary>
    /// Attacks the current network of a stage, logs the figures and returns the accuracy under
    /// attack in [0, 1].
    /// </summary>
    /// <exception cref="OperationCanceledException">The run is to stop; a checkpoint that resumes
    /// with this attack is written.</exception>
    /// <exception cref="NumericFailureException">A model returned a number that is not
    /// finite.</exception>
    /// <exception cref="InvalidOperationException">An example could not be attacked for another
    /// reason; the message names it.</exception>
    internal static double Run(RunSession session, StageRun stage)
    {
        var (attack, options) = (session.Request.EpochAttack!, session.Recipe.Evaluate.EpochAttack!);
        Example[] inputs = [.. Sample(options, session.Data)];
        var clock = Stopwatch.StartNew();
        List<AttackOutcome> outcomes;
        try
        {
            outcomes = Outcomes(session, stage, attack, inputs);
        }
        catch (OperationCanceledException)
        {
            session.Store.SaveCheckpoint(stage, epochAttackDue: true);
            throw new OperationCanceledException(
                $"stopped in the attack after epoch {Epoch(stage)} of {stage.Name}; resume to continue from there",
                session.Stop
            );
        }
        if (outcomes.FirstOrDefault(o => o.Error is not null) is { } broken)
        {
            var message =
                $"{stage.Name}, epoch {Epoch(stage)}: development example '{broken.Id}' could not be "
                + $"attacked: {broken.Error!.Message}";
            throw broken.Error.Kind == AttackErrorKind.NotFinite
                ? new NumericFailureException(message)
                : new InvalidOperationException(message);
        }
        var s = AttackSummary.From(outcomes, AttackSettings.Of(attack.Attack, ""));
        var withstood = (double)s.Failed / s.Examples;
        session.Store.Append(
            new EpochAttackEntry(
                stage.Name,
                stage.Tally.Steps,
                stage.Tally.Epochs,
                session.Data.DevelopmentName,
                options.Recipe,
                s.Examples,
                s.Skipped,
                s.Succeeded,
                s.Failed,
                withstood,
                s.MeanQueries,
                clock.Elapsed.TotalSeconds
            )
        );
        session.Store.Note(
            stage,
            string.Create(
                CultureInfo.InvariantCulture,
                $"epoch {stage.Tally.Epochs:0.##}: Aua {s.Aua:0.0} % ({s.AuaLow:0.0} to {s.AuaHigh:0.0}) under "
                    + $"{options.Recipe} on {s.Examples} examples of {session.Data.DevelopmentName}, "
                    + $"{s.MeanQueries:0.0} queries"
            )
        );
        return withstood;
    }

    private static List<AttackOutcome> Outcomes(
        RunSession session,
        StageRun stage,
        EpochAttack attack,
        Example[] inputs
    )
    {
        session.Stop.ThrowIfCancellationRequested();
        using var classifier = Classifier.Of(
            stage.Model,
            session.Tokenizer,
            session.Data.Labels,
            session.Recipe.MaxLength
        );
        var outcomes = new List<AttackOutcome>();
        foreach (
            var outcome in new AttackEngine(attack.Attack, classifier, attack.Engine)
                .RunAsync(inputs, session.Stop)
                .ToBlockingEnumerable(session.Stop)
        )
        {
            outcomes.Add(outcome);
            session.Store.Report(
                new AttackedSoFar(
                    $"{stage.Name}: {attack.Attack.Name}",
                    outcomes.Count,
                    inputs.Length,
                    stage.Tally.Epochs,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"epoch {stage.Tally.Epochs:0.##}  withstood "
                            + $"{outcomes.Count(o => o.Result == AttackResult.Failed)}, fell "
                            + $"{outcomes.Count(o => o.Result == AttackResult.Success)}"
                    )
                )
            );
        }
        return outcomes;
    }

    private static string Epoch(StageRun stage) => stage.Tally.Epochs.ToString("0.##", CultureInfo.InvariantCulture);
}
