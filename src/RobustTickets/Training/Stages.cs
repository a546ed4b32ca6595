// The stages a run can have: their names in logs, checkpoints and results, and the number that
// everything random in a stage is derived from.
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

    /// <summary>Name of a round of pruning, from 1.</summary>
    internal static string Round(int round) => FormattableString.Invariant($"{RoundPrefix}{round}");

    /// <summary>Number of the round that a stage is, or null.</summary>
    internal static int? RoundOf(string stage) =>
        stage.StartsWith(RoundPrefix, StringComparison.Ordinal)
        && int.TryParse(stage.AsSpan(RoundPrefix.Length), CultureInfo.InvariantCulture, out var round)
            ? round
            : null;

    /// <summary>Key of everything random in a stage of a run.</summary>
    /// <param name="run">Key of the run's seed.</param>
    /// <param name="stage">Name of the stage.</param>
    /// <exception cref="ArgumentException">No stage is called so.</exception>
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
