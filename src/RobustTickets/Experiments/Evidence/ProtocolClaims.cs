// Claims that depend on the protocol: cost ratios, settled gates. If cells of another protocol
// could not have reached the claimed number, missing it is no evidence against the claim.
using static RobustTickets.Attacks.Invariant;

namespace RobustTickets.Experiments.Evidence;

/// <summary>Tests cost ratios and fractions of settled gates.</summary>
internal static class ProtocolClaims
{
    /// <summary>Tests a ratio on the paired seeds.</summary>
    public static (Verdict, string, string?) Ratio(
        RatioClaim claim,
        IReadOnlyList<(SeedCell First, SeedCell Second)> seeds
    )
    {
        var pairs = seeds
            .Where(p => p.First.Value(claim.Measure) is not null && p.Second.Value(claim.Measure) > 0)
            .ToArray();
        if (pairs.Length == 0)
            return (Verdict.NotMeasured, "no seed has both cells", null);
        var ratios = pairs
            .Select(p => p.First.Value(claim.Measure)!.Value / p.Second.Value(claim.Measure)!.Value)
            .ToArray();
        var verdict = ClaimTest.Every(ratios, r => r >= claim.AtLeast, r => r < claim.AtLeast);
        var range =
            ratios.Length == 1 ? "" : Text($" ({ratios.Min():0.00} to {ratios.Max():0.00} over {ratios.Length} seeds)");
        var words =
            Text($"{ratios.Average():0.00} times{range}{(pairs[0].First.Pgd is { } form ? $", {form}" : "")}; ")
            + Text($"at least {claim.AtLeast:0.##} is claimed")
            + (claim.Protocol is { } protocol ? $" of {protocol}" : "");
        if (claim.Protocol is null || verdict == Verdict.Holds || Reachable(claim.Measure, pairs) is not { } most)
            return (verdict, words, null);
        // The ratio with the earliest stop is the most these recipes could show.
        return (
            most.Ratio < claim.AtLeast ? Verdict.NotTestable : verdict,
            words + Text($"; with the earliest possible stop, epoch {most.Epoch:0.00}, it would be {most.Ratio:0.00}"),
            null
        );
    }

    // The largest ratio over seeds if the searches had stopped as early as possible.
    private static (double Ratio, double Epoch)? Reachable(
        Measure measure,
        IReadOnlyList<(SeedCell First, SeedCell Second)> pairs
    )
    {
        if (measure is not (Measure.Seconds or Measure.Flops) || pairs.Any(p => p.Second.Earliest is null))
            return null;
        return pairs
            .Select(p =>
            {
                var least = p.Second.Earliest!;
                return (
                    p.First.Value(measure)!.Value / (measure == Measure.Flops ? least.Flops : least.Seconds),
                    least.Epoch
                );
            })
            .Max();
    }

    /// <summary>Tests a fraction of settled gates on the seeds of a cell.</summary>
    public static (Verdict, string, string?) Gates(GatesClaim claim, IReadOnlyList<SeedCell> cells)
    {
        var seeds = cells.Where(s => s.SettledGates is not null).ToArray();
        if (seeds.Length == 0)
            return (Verdict.NotMeasured, "no mask search", null);
        var shares = seeds.Select(s => s.SettledGates!.Value).ToArray();
        var verdict =
            shares.Min() >= claim.AtLeast ? Verdict.Holds
            : shares.Max() < claim.AtLeast ? Verdict.DoesNotHold
            : Verdict.Undecided;
        var found = string.Join(", ", shares.Select(s => Text($"{100 * s:0.0} %")));
        var words = Text($"{found} settled (one value per seed); {100 * claim.AtLeast:0.#} % is claimed");
        if (claim.AfterEpochs is not { } epochs || seeds.Max(s => s.SearchEpochs) is not { } searched)
            return (verdict, words, null);
        return (
            verdict != Verdict.Holds && searched < epochs ? Verdict.NotTestable : verdict,
            words + Text($" after {epochs:0.##} epochs of search, here after {searched:0.##}"),
            null
        );
    }
}
