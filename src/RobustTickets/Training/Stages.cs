// The possible stages of a run: their names in logs, checkpoints and results, and the number from
// which a stage's random key is derived.
using System.Globalization;
using RobustTickets.Kernels.Randomness;
using RobustTickets.Models;
using RobustTickets.Runs;

namespace RobustTickets.Training;

/// <summary>Names and random keys of stages.</summary>
internal static class Stages
{
    private const string RoundPrefix = "round-";

    private static readonly Dictionary<string, long> Numbers = new()
    {
        [StageName.Search] = RandomStreams.Run.Search,
        [StageName.Retrain] = RandomStreams.Run.Retrain,
        [StageName.Control] = RandomStreams.Run.Control,
        [StageName.FineTune] = RandomStreams.Run.FineTune,
    };

    /// <summary>Name of a pruning round, from 1.</summary>
    internal static string Round(int round) => FormattableString.Invariant($"{RoundPrefix}{round}");

    /// <summary>The pruning round of a stage, or null.</summary>
    internal static int? RoundOf(string stage) =>
        stage.StartsWith(RoundPrefix, StringComparison.Ordinal)
        && int.TryParse(stage.AsSpan(RoundPrefix.Length), CultureInfo.InvariantCulture, out var round)
            ? round
            : null;

    /// <summary>Random key of a stage of a run.</summary>
    /// <param name="run">Key of the run's seed.</param>
    /// <param name="stage">Name of the stage.</param>
    /// <exception cref="ArgumentException">The stage is unknown.</exception>
    internal static RandomKey Key(RandomKey run, string stage) =>
        run.Derive(
            Numbers.TryGetValue(stage, out var number) ? number
            : RoundOf(stage) is { } round ? RandomStreams.Run.Round0 + round
            : throw new ArgumentException(
                $"no stage is called '{stage}'; possible: {string.Join(", ", Numbers.Keys)}, {RoundPrefix}N",
                nameof(stage)
            )
        );
}
